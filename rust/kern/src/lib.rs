//! The C face of [`mptcp_core`] for the FreeBSD kernel: what `sys/netinet/mptcp_core.h` declares, and nothing else.
//!
//! * The header is the contract. It documents locks, units and errors, once. [`abi`] is generated from it, and `export!`
//!   checks each function here against its prototype at compile time.
//! * Every pointer from C becomes a reference in one place, `arg`. There a null pointer ends in `mptcp_os_panic`. The
//!   functions themselves are safe Rust.
//! * In a build for the kernel (`target_os = "none"`) memory comes from `mptcp_os_alloc` and may be refused. Nothing here
//!   or in core assumes that an allocation succeeds. A Rust panic becomes panic(9) with file and line; no packet and no
//!   refused allocation can cause one.
//! * On a host this is an ordinary library, which the tests call from C.
#![cfg_attr(target_os = "none", no_std)]
#![warn(unsafe_op_in_unsafe_fn)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

#[allow(
    missing_docs,
    non_camel_case_types,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::undocumented_unsafe_blocks,
    reason = "generated from the header, which has the documentation"
)]
pub mod abi;

mod arg;
mod export;
mod face;
mod layout;
mod object;
mod os;

pub use os::OsAlloc;

#[cfg(test)]
mod tests;
