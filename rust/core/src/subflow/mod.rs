//! One subflow: a TCP connection of its own, seen from the multipath level.

mod ends;
mod health;
mod joining;
mod pending;
mod receiving;
mod sending;

pub(crate) use ends::Ends;
pub(crate) use health::{Doubt, Health, Quiet};
pub(crate) use joining::Joining;
pub(crate) use pending::{Pending, Wants};
pub(crate) use receiving::Receiving;
pub(crate) use sending::Sending;

use crate::pool::Pool;
use core::time::Duration;
use mptcp_wire::{MpOption, MpTcpRst, RstReason};

/// Names one subflow of a connection. Reused after the caller reported the subflow's end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct SubflowId(pub u8);

impl SubflowId {
    /// The subflow on which the connection was opened.
    pub const MASTER: SubflowId = SubflowId(0);

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a subflow stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum SubflowState {
    /// Our SYN with MP_JOIN is on its way.
    JoinSynSent = 0,
    /// Our third ACK is on its way; no data until the peer's next segment (RFC 8684 section 3.2).
    JoinAckSent = 1,
    /// Carries data.
    Established = 2,
    /// We asked the caller to close it; it takes no new maps.
    Closing = 3,
    /// We asked the caller to reset it.
    Resetting = 4,
}

/// What the caller's TCP measured. All bytes are payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// Smoothed round-trip time; zero where none was measured yet.
    pub srtt: Duration,
    /// Its mean deviation.
    pub rttvar: Duration,
    /// Congestion window, bytes.
    pub cwnd: u32,
    /// Bytes sent and not acknowledged, bytes.
    pub in_flight: u32,
    /// Maximum payload of a segment, bytes.
    pub mss: u32,
}

impl Metrics {
    /// Nothing was measured yet.
    pub(crate) const NONE: Metrics =
        Metrics { srtt: Duration::ZERO, rttvar: Duration::ZERO, cwnd: 0, in_flight: 0, mss: 0 };

    /// How long what is in flight takes to be acknowledged: a round trip, or, where the window is smaller (after a
    /// loss), one for each window.
    pub(crate) fn drain_time(&self) -> Duration {
        let rounds = self.in_flight.div_ceil(self.cwnd.max(self.mss).max(1)).max(1);
        self.srtt.saturating_mul(rounds)
    }
}

/// State of one subflow at the multipath level. Under MP_LOCK.
#[derive(Debug)]
pub(crate) struct Subflow {
    pub(crate) id: SubflowId,
    pub(crate) state: SubflowState,
    pub(crate) ends: Ends,
    pub(crate) sending: Sending,
    pub(crate) receiving: Receiving,
    pub(crate) health: Health,
    pub(crate) pending: Pending,
    /// Our join, until the peer has confirmed it.
    pub(crate) joining: Option<Joining>,
    /// We asked the peer to treat it as backup.
    pub(crate) backup: bool,
    /// The peer asked us to (MP_JOIN's B, MP_PRIO).
    pub(crate) peer_backup: bool,
    /// The peer refused or reset it with a reason that makes another try useless.
    pub(crate) refused_for_good: bool,
    /// The peer's RST had MP_TCPRST: it is the peer's own.
    pub(crate) reset_explained: bool,
    /// The peer's RST says that its reason is transient (RFC 8684 section 3.6).
    pub(crate) reset_transient: bool,
}

impl Subflow {
    pub(crate) const fn new(id: SubflowId, state: SubflowState, ends: Ends) -> Self {
        Subflow {
            id,
            state,
            ends,
            sending: Sending::new(),
            receiving: Receiving::new(),
            health: Health::new(),
            pending: Pending::new(),
            joining: None,
            backup: false,
            peer_backup: false,
            refused_for_good: false,
            reset_explained: false,
            reset_transient: false,
        }
    }

    /// Carries data in both directions, or may.
    pub(crate) const fn is_established(&self) -> bool {
        matches!(self.state, SubflowState::Established)
    }

    /// We asked the caller to reset it.
    pub(crate) const fn is_resetting(&self) -> bool {
        matches!(self.state, SubflowState::Resetting)
    }

    /// Established and not stalled.
    pub(crate) const fn is_working(&self) -> bool {
        self.is_established() && !self.health.is_stalled()
    }

    /// Either side wants it used only when nothing else works.
    pub(crate) const fn is_backup(&self) -> bool {
        self.backup || self.peer_backup
    }

    /// Asks the caller for something.
    pub(crate) fn want(&mut self, wants: Wants) {
        self.pending.wants.insert(wants);
    }

    /// The round trip that a byte sent now would see; zero while unmeasured.
    pub(crate) const fn expected_rtt(&self) -> Duration {
        self.health.expected_rtt(self.sending.in_flight())
    }

    /// Asks the caller to close it in order. A join that the peer has not answered has no order to keep, and must not
    /// come up late: it is reset. Returns whether that was news.
    pub(crate) fn close(&mut self) -> bool {
        match self.state {
            SubflowState::JoinSynSent => self.reset(None),
            SubflowState::Closing | SubflowState::Resetting => return false,
            SubflowState::JoinAckSent | SubflowState::Established => {
                self.state = SubflowState::Closing;
                self.want(Wants::CLOSE);
            }
        }
        true
    }

    /// Asks the caller to reset it; `option` goes with the RST.
    pub(crate) fn reset(&mut self, option: Option<MpOption>) {
        if !self.is_resetting() {
            self.state = SubflowState::Resetting;
            self.pending.reset = option;
            self.pending.wants = Wants::RESET;
        }
    }

    /// Asks the caller to reset it with MP_TCPRST (RFC 8684 section 3.6).
    pub(crate) fn reset_because(&mut self, reason: RstReason, transient: bool) {
        self.reset(Some(MpOption::TcpRst(MpTcpRst { transient, reason })));
    }

    /// Gives back all memory.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        self.sending.clear(pool);
        self.receiving.clear(pool);
    }
}

#[cfg(test)]
mod tests;
