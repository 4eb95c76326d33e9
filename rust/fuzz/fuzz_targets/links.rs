//! See [`mptcp_fuzz::links`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mptcp_fuzz::links(data));
