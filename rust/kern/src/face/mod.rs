//! The functions of `mptcp_core.h`, in its order; a file for each of its sections.

mod addr;
mod cc;
mod handshake;
mod life;
mod names;
mod options;
mod receive;
mod send;
mod settings;
mod strings;
mod subflows;
mod tokens;

use core::ffi::c_int;
use mptcp_core::time::Instant;

/// Success, where an errno is returned.
const OK: c_int = 0;
/// The errno values that the header promises; the same on every Unix.
const ENOMEM: c_int = 12;
const EEXIST: c_int = 17;
const EINVAL: c_int = 22;

const fn at(now: u64) -> Instant {
    Instant::from_micros(now)
}

#[cfg(test)]
pub(crate) mod testing {
    pub(crate) use super::names::STATS;
    pub(crate) use super::receive::sum_in;
}
