//! The MP_CAPABLE handshake, before there is an MPCB (RFC 8684 section 3.1, RFC 6824 section 3.1).
//!
//! [`Opener`] lives with the active side's SYN (kernel: the subflow's private stack state), [`Responder`]
//! with the passive side's half-open entry (kernel: the syncache). Both are small `Copy` values without
//! allocation. The lock of the place where such a value lives is enough for it. When both sides agree, they yield
//! [`Agreed`], from which the MPCB is made. Otherwise the connection is, and stays, plain TCP.

mod opener;
mod responder;

pub use opener::{Offer, Opener, SynAckVerdict};
pub use responder::{Responder, ThirdAckVerdict};

use crate::crypto::KeyMaterial;
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{CapableFlags, MpCapable, MpOption, Version};

/// Which side sent the SYN of the first subflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Active opener: `connect(2)`.
    Active,
    /// Passive opener: `accept(2)`.
    Passive,
}

/// What both sides agreed on in the MP_CAPABLE handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// Protocol version spoken on this connection.
    pub version: Version,
    /// Our side.
    pub role: Role,
    /// Our key and what follows from it.
    pub local: KeyMaterial,
    /// The peer's key and what follows from it.
    pub remote: KeyMaterial,
    /// DSS checksums are in use, in both directions (RFC 8684 section 3.1: either side's A flag).
    pub checksum: bool,
    /// The peer's C flag: open no further subflow towards its initial address and port.
    pub peer_denies_id0: bool,
    /// Passive side, v1: the mapping that came with MP_CAPABLE on the first data (length in bytes and checksum).
    pub first_data: Option<mptcp_wire::CapableData>,
}

/// Why a connection is, or became, plain TCP. The order is part of the kernel's ABI (SDT, counters).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum FallbackReason {
    /// MPTCP is off, or the socket excludes it.
    Disabled = 0,
    /// The SYN or SYN/ACK came without MP_CAPABLE.
    NoCapable = 1,
    /// The third ACK came without MP_CAPABLE.
    NoCapableInAck = 2,
    /// The peer speaks no version that we do.
    Version = 3,
    /// The peer demands an algorithm or extension that we do not know (flags B, H).
    Algorithm = 4,
    /// MP_CAPABLE was malformed, echoed the wrong key, or contradicted what had been agreed (flag A).
    BadKey = 5,
    /// A clash of tokens, or no memory for the MPCB.
    NoResources = 6,
    /// Data or its acknowledgement came without a DSS: a middlebox strips options.
    NoDss = 7,
    /// A DSS checksum failed on the only subflow: infinite mapping.
    Checksum = 8,
    /// The peer sent MP_FAIL or an infinite mapping.
    PeerFailed = 9,
}

/// The first well-formed MP_CAPABLE among the TCP options `tcp_options`.
fn find_capable(tcp_options: &[u8]) -> Option<MpCapable> {
    mptcp_options(tcp_options).find_map(|option| match option {
        Ok(MpOption::Capable(capable)) => Some(capable),
        _ => None,
    })
}

/// The flags that we send: H always, A if checksums are asked for, C if joins to our first address are not wanted.
fn our_flags(checksum: bool, deny_join_id0: bool) -> CapableFlags {
    let mut flags = CapableFlags::HMAC_SHA;
    flags.set(CapableFlags::CHECKSUM, checksum);
    flags.set(CapableFlags::DENY_JOIN_ID0, deny_join_id0);
    flags
}

/// Flags D to H: one for each algorithm.
const ALGORITHMS: CapableFlags = CapableFlags::from_bits_retain(0x1f);

/// Refuses an MP_CAPABLE that RFC 8684 section 3.1 says to ignore, on any segment of the handshake: one with flag B, or
/// without an algorithm that we know.
fn check_flags(flags: CapableFlags) -> Result<(), FallbackReason> {
    let understood = !flags.contains(CapableFlags::EXTENSIBILITY) && flags.contains(CapableFlags::HMAC_SHA);
    understood.then_some(()).ok_or(FallbackReason::Algorithm)
}

/// The same where the algorithm was chosen, no longer proposed: of D to H, H alone is set.
fn check_choice(flags: CapableFlags) -> Result<(), FallbackReason> {
    let ours = flags.intersection(ALGORITHMS) == CapableFlags::HMAC_SHA;
    check_flags(flags).and(ours.then_some(()).ok_or(FallbackReason::Algorithm))
}

/// Whether an MP_CAPABLE with these flags may count after the handshake.
pub(crate) fn is_understood(flags: CapableFlags) -> bool {
    check_choice(flags).is_ok()
}

#[cfg(test)]
mod tests;
