//! What the application may know of a connection.

use std::net::SocketAddr;

use mptcp_core::error::ConnError;
use mptcp_core::handshake::FallbackReason;
use mptcp_core::stats::Stats;
use mptcp_core::subflow::{SubflowId, SubflowState};
use mptcp_wire::Version;

use super::{Conn, Level, MOST_PAST, Role, Subflow};
use crate::host::ConnId;
use crate::host::shared::Slot;

/// Where a connection stands, for its application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnState {
    /// The handshake is over.
    pub established: bool,
    /// The peer will send no more: after what can be read now comes the end of the file.
    pub peer_closed: bool,
    /// How the connection ended, if it has. What was received can still be read.
    pub ended: Option<ConnError>,
    /// Octets that can be read now.
    pub readable: usize,
}

/// Counters and facts of a connection.
#[derive(Clone, Debug)]
pub struct ConnStats {
    /// Its name.
    pub conn: ConnId,
    /// It is, or was until its end, a multipath connection.
    pub is_mptcp: bool,
    /// The version spoken, where it is one.
    pub version: Option<Version>,
    /// Why it is plain TCP, where it is.
    pub fallback: Option<FallbackReason>,
    /// Our address and port on the first subflow.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Octets that the application has read.
    pub octets_read: u64,
    /// Octets that the application has written.
    pub octets_written: u64,
    /// Octets held in `so_snd`.
    pub send_queue: usize,
    /// Octets that wait in `so_rcv`.
    pub receive_queue: usize,
    /// Buffers held out of order.
    pub held: usize,
    /// Core's counters.
    pub core: Stats,
    /// Core's memory: in use, most ever used (bytes), refusals.
    pub memory: (usize, usize, u64),
    /// The subflows that there are.
    pub subflows: Vec<SubflowStats>,
    /// Those that were and are no more, in the order of their ends; the last 32.
    pub past: Vec<SubflowStats>,
}

/// Counters and facts of a subflow.
#[derive(Clone, Debug)]
pub struct SubflowStats {
    /// Its number in core; `None` while a peer's join is not proven, and for plain TCP.
    pub id: Option<SubflowId>,
    /// Its state in core.
    pub state: Option<SubflowState>,
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// It is used only when nothing else works, by our or the peer's wish.
    pub backup: bool,
    /// Core found that nothing comes back at present.
    pub stalled: bool,
    /// Octets of data sent for the first time on this subflow.
    pub octets_sent: u64,
    /// Octets of data received in order on this subflow.
    pub octets_received: u64,
    /// Segments sent again.
    pub retransmissions: u64,
    /// Retransmission timeouts.
    pub timeouts: u64,
    /// Smoothed round-trip time in microseconds; zero before the first measurement.
    pub srtt_us: u64,
    /// Congestion window in octets.
    pub window: usize,
    /// Octets in flight.
    pub in_flight: usize,
}

impl Conn {
    pub(crate) fn state(&self) -> ConnState {
        ConnState {
            established: self.established,
            peer_closed: self.peer_closed,
            ended: self.ended,
            readable: self.rcv.len(),
        }
    }

    pub(crate) fn stats(&self) -> ConnStats {
        let mpcb = match &self.level {
            Level::Multipath(mpcb) => Some(mpcb),
            _ => None,
        };
        let fallback = match &self.level {
            Level::Plain(reason) => Some(*reason),
            Level::Multipath(mpcb) => mpcb.fallback_reason(),
            _ => None,
        };
        ConnStats {
            conn: self.id,
            is_mptcp: mpcb.is_some() && fallback.is_none(),
            version: mpcb.map(|m| m.agreed().version),
            fallback,
            local: self.local,
            remote: self.remote,
            octets_read: self.octets_read,
            octets_written: self.octets_written,
            send_queue: self.snd.len(),
            receive_queue: self.rcv.len(),
            held: self.held.len(),
            core: mpcb.map(|m| *m.stats()).unwrap_or_default(),
            memory: mpcb.map(|m| m.memory()).unwrap_or_default(),
            subflows: self.subflow_stats().collect(),
            past: self.past.iter().cloned().collect(),
        }
    }

    fn subflow_stats(&self) -> impl Iterator<Item = SubflowStats> + '_ {
        let live = self.subflows.values().filter(|s| !matches!(s.role, Role::Parted));
        live.map(|subflow| self.stats_of(subflow))
    }

    /// A subflow is about to go: keeps what it did.
    pub(super) fn remember(&mut self, slot: Slot) {
        let Some(stats) = self.subflows.get(&slot).map(|subflow| self.stats_of(subflow)) else { return };
        self.past.push_back(stats);
        if self.past.len() > MOST_PAST {
            self.past.pop_front();
        }
    }

    fn stats_of(&self, subflow: &Subflow) -> SubflowStats {
        let flow = &subflow.flow;
        let info = match (&self.level, subflow.id) {
            (Level::Multipath(mpcb), Some(id)) => mpcb.subflow_info(id),
            _ => None,
        };
        let (octets_received, octets_sent) = flow.octets();
        let (retransmissions, timeouts) = flow.sender().losses();
        let srtt = flow.sender().srtt().0.unwrap_or_default();
        SubflowStats {
            id: subflow.id,
            state: info.map(|i| i.state),
            local: flow.local(),
            remote: flow.remote(),
            backup: info.is_some_and(|i| i.backup || i.peer_backup),
            stalled: info.is_some_and(|i| i.stalled),
            octets_sent,
            octets_received,
            retransmissions,
            timeouts,
            srtt_us: u64::try_from(srtt.as_micros()).unwrap_or(u64::MAX),
            window: flow.sender().window(),
            in_flight: flow.sender().in_flight(),
        }
    }
}
