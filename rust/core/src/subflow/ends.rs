//! Between which addresses a subflow runs, and who opened it.

use crate::pm::Pair;
use core::net::SocketAddr;

/// The two ends of one subflow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// Our address and port; the port is 0 until TCP has chosen it.
    pub(crate) local: SocketAddr,
    /// The peer's address and port.
    pub(crate) remote: SocketAddr,
    /// Our address id (RFC 8684 section 3.2).
    pub(crate) local_id: u8,
    /// The peer's address id.
    pub(crate) remote_id: u8,
    /// We sent its SYN: we join again when it is lost.
    pub(crate) initiator: bool,
}

impl Ends {
    /// The ends of a subflow that the peer opened, between addresses of id 0.
    pub(crate) const fn new(local: SocketAddr, remote: SocketAddr) -> Self {
        Ends { local, remote, local_id: 0, remote_id: 0, initiator: false }
    }

    /// The peer opened it between this address of ours and its own of this id.
    pub(crate) fn is_twin(&self, local: SocketAddr, remote_id: u8) -> bool {
        !self.initiator && self.local.ip() == local.ip() && self.remote_id == remote_id
    }

    /// The path as the path manager names it.
    pub(crate) const fn pair(&self) -> Pair {
        Pair { local: self.local_id, remote: self.remote_id }
    }
}
