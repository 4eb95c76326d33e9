//! Every protocol decision of Multipath TCP.
#![no_std]
#![forbid(unsafe_code)]
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
#[cfg(test)]
extern crate std;

pub mod cc;
pub mod config;
pub mod crypto;
pub mod debug;
pub mod pool;
pub mod range_map;
pub mod reass;
pub mod rng;
pub mod time;
pub mod token;
