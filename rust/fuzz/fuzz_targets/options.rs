//! See [`mptcp_fuzz::options`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mptcp_fuzz::options(data));
