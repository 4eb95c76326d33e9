//! MPTCP options of RFC 8684 (version 1) and RFC 6824 (version 0): parse and emit.
//!
//! # Contract
//!
//! - No state, no allocation, no unsafe code. Every function is pure and may be called under any lock.
//! - Parsing is free of context: the bytes of one option alone decide what it is. The caller decides whether
//!   an option is allowed where it stands (on a SYN, before a DSS, with checksums agreed or not).
//! - No input can cause a panic. No byte past an option's own length is read.
//! - Reading ignores bits that the RFC reserves. It refuses an option of a length that no diagram of the RFC
//!   shows. Writing sets reserved bits to zero.
//! - All numbers are big-endian on the wire and host-endian in the types.
//!
//! Begin with [`MpOption`]. [`tcp_options`] finds MPTCP options among the other TCP options of a segment.
//! [`checksum`] has the DSS checksum.
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

pub mod checksum;
mod cursor;
mod error;
mod key;
mod option;
mod registry;
pub mod tcp_options;
mod version;

pub use error::{NoRoom, ParseError};
pub use key::Key;
pub use option::{
    AddAddr, AddAddrForm, AddrIds, CapableData, CapableFlags, DataSeq, Dss, DssMap, MpCapable, MpFail, MpFastClose,
    MpJoin, MpOption, MpPrio, MpTcpRst, RstReason,
};
pub use registry::{KIND_MPTCP, Subtype};
pub use version::Version;
