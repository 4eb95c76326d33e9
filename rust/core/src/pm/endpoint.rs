//! Addresses of both hosts, as one connection knows them.

use crate::time::Instant;
use core::net::{IpAddr, SocketAddr};
use mptcp_wire::AddAddr;

/// One of our addresses besides the first subflow's, which has id 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    pub(crate) id: u8,
    pub(crate) addr: IpAddr,
    pub(crate) backup: bool,
    pub(crate) state: LocalState,
}

/// What an address of ours is to the connection. An id is free again when its entry is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LocalState {
    /// In `mp_addresses`.
    Configured(Announce),
    /// Never configured: a peer joined to it.
    Implicit,
    /// No longer configured; its subflows are still to be closed.
    Gone,
    /// Its REMOVE_ADDR was sent so often, and is sent again at this time. The id of an address whose removal is still
    /// being repeated would take away another address.
    Removing(u8, Instant),
}

impl Local {
    pub(crate) const fn is_configured(&self) -> bool {
        matches!(self.state, LocalState::Configured(_))
    }

    /// Whether the address may have subflows.
    pub(crate) const fn is_ours(&self) -> bool {
        matches!(self.state, LocalState::Configured(_) | LocalState::Implicit)
    }
}

/// How far the announcement of an address is. The number counts how often it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Announce {
    /// To be sent (again) at this time.
    Due(u8, Instant),
    /// Sent often enough; no echo came.
    Unanswered(u8),
    /// The peer has it.
    Echoed,
}

/// An address that the peer announced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote {
    pub(crate) id: u8,
    pub(crate) socket: SocketAddr,
    /// The echo that is owed for its last announcement.
    pub(crate) echo: Option<AddAddr>,
}
