//! See [`mptcp_fuzz::segments`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mptcp_fuzz::segments(data));
