//! Addresses of both hosts, as one connection knows them.

use crate::time::Instant;
use core::net::{IpAddr, SocketAddr};

/// One of our addresses besides the first subflow's, which has id 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    pub(crate) id: u8,
    pub(crate) addr: IpAddr,
    pub(crate) backup: bool,
    pub(crate) announce: Announce,
    /// No longer configured.
    pub(crate) gone: bool,
    /// Never configured: a peer joined to it.
    pub(crate) implicit: bool,
}

/// How far the announcement of an address is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Announce {
    /// Not announced.
    Never,
    /// To be announced from this time on.
    Due(Instant),
    /// Announced; again at this time if no echo comes. The number counts repetitions.
    Sent(u8, Instant),
    /// The peer has it, or it was repeated often enough.
    Echoed,
}

impl Announce {
    pub(crate) const fn is_pending(self) -> bool {
        matches!(self, Announce::Due(_) | Announce::Sent(..))
    }
}

/// An address that the peer announced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote {
    pub(crate) id: u8,
    pub(crate) socket: SocketAddr,
}

/// Whether a peer's announcement names an address that a join may go to: unicast, and loopback only where the
/// connection itself runs over loopback.
pub(crate) fn is_usable(addr: IpAddr, primary: IpAddr) -> bool {
    let special = match addr {
        IpAddr::V4(v4) => v4.is_broadcast() || v4.is_link_local() || v4.octets().first() == Some(&0),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some(),
    };
    !(special || addr.is_multicast() || addr.is_unspecified()) && (addr.is_loopback() <= primary.is_loopback())
}
