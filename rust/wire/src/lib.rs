//! MPTCP options on the wire.
#![no_std]
#![forbid(unsafe_code)]
