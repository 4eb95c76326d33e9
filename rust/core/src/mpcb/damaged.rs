//! Data that was changed on the way: checksums, MP_FAIL and infinite mappings (RFC 8684 section 3.7).

use super::Mpcb;
use super::mode::Mode;
use super::segment::SegIn;
use super::timer::Timer;
use crate::error::ConnError;
use crate::fallback::{FAIL_REPEAT, Failing};
use crate::handshake::FallbackReason;
use crate::seq;
use crate::subflow::{SubflowId, SubflowState};
use crate::time::Instant;
use mptcp_wire::{DssMap, MpFail, MpOption, RstReason};

impl Mpcb {
    /// A DSS checksum failed for the map at `doff`.
    pub(super) fn checksum_failed(&mut self, sf: SubflowId, doff: u64, now: Instant) {
        self.stats.checksum_errors = self.stats.checksum_errors.saturating_add(1);
        if !self.mode.may_spread() {
            return;
        }
        let dsn = self.agreed.remote.idsn.wrapping_add(doff);
        self.stats.fail_sent = self.stats.fail_sent.saturating_add(1);
        self.invalidate();
        // The peer counts a join that awaits its answer as a subflow already, and will not fall back.
        let joining = self.live().any(|subflow| subflow.state == SubflowState::JoinAckSent);
        if self.can_fall_back(sf) && !joining && doff == self.reass.rcv_nxt() {
            // The bytes wait in the subflow's queue for the peer's infinite mapping.
            self.mode = Mode::Failing(Failing::new(dsn));
            self.timers.set(Timer::Fail, now + FAIL_REPEAT);
            self.ask_ack();
            return;
        }
        if let Some(subflow) = self.get_mut(sf) {
            subflow.reset_because(RstReason::MIDDLEBOX, false);
            subflow.pending.fail = Some(MpOption::Fail(MpFail { dsn }));
        }
        self.request_output();
    }

    /// MP_FAIL was out for one interval.
    pub(super) fn fail_timer(&mut self, now: Instant) {
        let wait = match &mut self.mode {
            Mode::Failing(failing) => match failing.repeat() {
                Some(wait) => wait,
                None => return self.end(ConnError::Damaged),
            },
            Mode::Plain(fallback) => match fallback.repeat_fail() {
                Some(wait) => wait,
                None => return,
            },
            Mode::Unconfirmed | Mode::Multipath | Mode::Over(..) => return,
        };
        self.timers.set(Timer::Fail, now + wait);
        if self.mode.fail_option().is_some() {
            self.ask_ack();
        }
    }

    /// MP_FAIL from the peer: our data arrived damaged.
    pub(super) fn on_fail(&mut self, sf: SubflowId, seg: &SegIn, dsn: u64, now: Instant) {
        self.stats.fail_received = self.stats.fail_received.saturating_add(1);
        // With a RST, the subflow's end will bring its data back to the queue.
        if seg.flags.rst {
            if let Some(subflow) = self.get_mut(sf) {
                // A path that damages data would do so again.
                subflow.refused_for_good = true;
            }
            return;
        }
        if self.ending.is_complete(&self.snd) {
            // Everything has arrived on both sides; the FINs that are missing need no mapping.
            return;
        }
        if !self.can_fall_back(sf) {
            return self.reset_subflow(sf, RstReason::MPTCP_ERROR, true);
        }
        if self.mode.is_failing() {
            // The answer to our own: both directions fall back.
            return self.fall_back(sf, FallbackReason::Checksum, now);
        }
        self.fall_back(sf, FallbackReason::PeerFailed, now);
        if let Mode::Plain(fallback) = &mut self.mode {
            fallback.answer_fail(dsn);
            self.timers.set(Timer::Fail, now + FAIL_REPEAT);
        }
        self.ask_ack();
    }

    /// The peer's infinite mapping, on a segment with data.
    pub(super) fn on_infinite_map(&mut self, sf: SubflowId, map: &DssMap, now: Instant) {
        if self.ending.is_complete(&self.snd) {
            return;
        }
        if !self.can_fall_back(sf) || !self.agrees(sf, map) {
            return self.reset_subflow(sf, RstReason::MPTCP_ERROR, false);
        }
        let reason = if self.mode.is_failing() { FallbackReason::Checksum } else { FallbackReason::PeerFailed };
        self.fall_back(sf, reason, now);
        if let Mode::Plain(fallback) = &mut self.mode {
            fallback.peer_follows();
        }
    }

    /// Data offset of the next byte that we expect; a DATA_FIN that was taken is none.
    fn next_byte(&self) -> u64 {
        self.reass.rcv_nxt().saturating_sub(u64::from(self.ending.is_peer_done()))
    }

    /// Whether SSN and data offset of a map run in parallel with what was taken from the subflow so far.
    pub(super) fn continues(&self, sf: SubflowId, map: &DssMap) -> bool {
        let nxt = self.next_byte();
        let Some(head) = self.get(sf).map(|subflow| subflow.receiving.head()) else {
            return false;
        };
        let ssn = seq::expand32(map.ssn, head);
        seq::data_offset(map.dsn, self.agreed.remote.idsn, nxt)
            .is_some_and(|doff| doff.wrapping_sub(nxt) == ssn.wrapping_sub(head))
    }

    /// Whether the peer's infinite mapping makes the next byte of the subflow the next of the data.
    pub(super) fn agrees(&self, sf: SubflowId, map: &DssMap) -> bool {
        let nxt = self.next_byte();
        let Some(head) = self.get(sf).map(|subflow| subflow.receiving.head()) else {
            return false;
        };
        let ssn = seq::expand32(map.ssn, head);
        match (seq::data_offset(map.dsn, self.agreed.remote.idsn, nxt), head.checked_sub(ssn)) {
            (Some(doff), Some(into)) => doff.saturating_add(into) == nxt,
            // It begins later: the maps before it say what lies between.
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}
