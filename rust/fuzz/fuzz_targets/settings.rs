//! See [`mptcp_fuzz::settings`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mptcp_fuzz::settings(data));
