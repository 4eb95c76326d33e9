//! Every way back to plain TCP in the middle of a connection (RFC 8684 section 3.7).

use super::Mpcb;
use super::action::ConnWants;
use super::input::SegIn;
use super::timer::Timer;
use crate::error::ConnError;
use crate::handshake::FallbackReason;
use crate::seq;
use crate::sockbuf::DataAcked;
use crate::subflow::{Subflow, SubflowId, SubflowState, Wants};
use crate::time::Instant;
use core::time::Duration;
use mptcp_wire::{DssMap, MpFail, MpOption, RstReason};

/// In-order bytes may wait so long for their map, once the peer has shown that it sends maps.
const UNMAPPED_GRACE: Duration = Duration::from_millis(200);
/// The same where the segments that brought them had a DSS, whose map was not usable.
const MISMAPPED_GRACE: Duration = Duration::from_secs(2);
/// Acknowledgements of data in a row without DSS, after which options are taken to be stripped.
const BARE_ACKS: u8 = 8;
/// Data-level timeouts after which a subflow with such acknowledgements is given up where no fallback is possible.
const BARE_TIMEOUTS: u8 = 2;
/// MP_FAIL of a host that fell back by itself goes out so often again, at intervals that double from this one. After
/// that no option is sent any more: the peer has heard, or never will.
const FAIL_REPEATS: u8 = 4;
const FAIL_REPEAT: Duration = Duration::from_millis(100);
/// MP_FAIL that asks for an infinite mapping goes out so often again, in the same way; the last answer is awaited for
/// 6.4 s.
const FAIL_ASKS: u8 = 6;

/// The connection goes on as plain TCP on its only subflow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fallback {
    pub(super) reason: FallbackReason,
    /// The subflow that carries on.
    pub(super) sf: SubflowId,
    /// SSN and data offset at which our infinite mapping begins.
    pub(super) ssn: u64,
    pub(super) doff: u64,
    /// What was mapped before: the infinite mapping is sent until something behind it is acknowledged.
    pub(super) told: u64,
    /// MP_FAIL is repeated until the peer acknowledges data or falls back visibly.
    pub(super) fail: Option<MpOption>,
    /// ACKs sent again for its sake: where the peer sends no data, nothing else would repeat it.
    repeats: u8,
    /// The peer may not know: keep sending DATA_ACKs, so that it does not wait for them for ever.
    pub(super) keep_data_ack: bool,
    /// The peer's bytes without mapping are the next data: it fell back too, or had sent none when we did.
    pub(super) trusted: bool,
}

impl Mpcb {
    /// In-order bytes have no map, and came without DSS. Returns true where the connection fell back, so that they
    /// are the next data as they stand.
    pub(super) fn unmapped_means_stripped(&mut self, sf: SubflowId, now: Instant) -> bool {
        let Some(subflow) = self.get(sf) else {
            return false;
        };
        if subflow.rx.head() >= subflow.bare {
            // A DSS came with them and its map contradicts another: wait, then give up.
            self.arm_unmapped(now, MISMAPPED_GRACE);
            return false;
        }
        // The first data: nothing was acknowledged on the subflow yet, so nobody has sent it anew behind it. Later, that
        // may happen before our MP_FAIL arrives.
        let first = subflow.rx.head() == 1 && (!subflow.dss_seen || self.sole() == Some(sf));
        if !first {
            self.arm_unmapped(now, UNMAPPED_GRACE);
            return false;
        }
        // RFC 8684 section 3.7.
        self.options_stripped(sf, now)
    }

    fn arm_unmapped(&mut self, now: Instant, grace: Duration) {
        if !self.timers.is_set(Timer::Unmapped) {
            self.timers.set(Timer::Unmapped, now + grace);
        }
    }

    /// The grace for unmapped bytes is over.
    pub(super) fn unmapped_too_long(&mut self, now: Instant) {
        let is_stuck = |subflow: &&Subflow| {
            subflow.unmapped && subflow.rx.at_head().is_none() && subflow.state != SubflowState::Resetting
        };
        let stuck = self.live().find(is_stuck).map(|subflow| (subflow.id, subflow.rx.head() < subflow.bare));
        match stuck {
            // RFC 8684 section 3.7: the subflow breaks during operation. The peer need not know, and what it repeats would
            // be taken for new data.
            Some((sf, true)) => self.reset_subflow(sf, RstReason::MIDDLEBOX, false),
            Some((sf, false)) => self.reset_subflow(sf, RstReason::MPTCP_ERROR, true),
            None => {}
        }
        if self.fallback.is_none() && self.live().any(|subflow| is_stuck(&subflow)) {
            self.arm_unmapped(now, UNMAPPED_GRACE);
        }
    }

    /// Data came without mapping on `sf`: fall back where it is the only subflow and nothing is missing before it,
    /// else reset it. Returns whether the connection fell back.
    fn options_stripped(&mut self, sf: SubflowId, now: Instant) -> bool {
        if self.can_fall_back(sf) && self.is_straight(sf) {
            self.fall_back(sf, FallbackReason::NoDss, now);
            true
        } else {
            self.reset_subflow(sf, RstReason::MIDDLEBOX, false);
            false
        }
    }

    /// Our data was acknowledged on `sf` by a segment without DSS.
    pub(super) fn acked_without_dss(&mut self, sf: SubflowId, now: Instant) {
        let Some(subflow) = self.get(sf) else {
            return;
        };
        let first = !subflow.dss_seen;
        if subflow.acked <= 1 || !(first || subflow.bare_acks >= BARE_ACKS) {
            return;
        }
        if self.can_fall_back(sf) && self.is_straight(sf) {
            self.fall_back(sf, FallbackReason::NoDss, now);
        } else if first || self.sole() != Some(sf) {
            // RFC 8684 section 3.7: on a joined subflow, reset it.
            self.reset_subflow(sf, RstReason::MIDDLEBOX, false);
        }
    }

    /// The subflow that acknowledged all it had, the last time without DSS, while a DATA_ACK is awaited.
    pub(super) fn acked_but_bare(&self) -> Option<SubflowId> {
        let bare = |subflow: &&Subflow| {
            subflow.last_bare && subflow.maps.is_empty() && subflow.state == SubflowState::Established
        };
        self.live().find(bare).filter(|_| self.snd.outstanding()).map(|subflow| subflow.id)
    }

    /// A data-level timeout met a subflow whose acknowledgements come without DSS: fall back, or do without it.
    pub(super) fn bare_too_long(&mut self, sf: SubflowId, now: Instant) {
        if self.can_fall_back(sf) && self.is_straight(sf) {
            self.fall_back(sf, FallbackReason::NoDss, now);
        } else if self.sole() != Some(sf) || self.reinject.silent >= BARE_TIMEOUTS {
            // Nothing is sent again on it: a peer that fell back would take that for new data.
            self.reset_subflow(sf, RstReason::MIDDLEBOX, false);
        }
    }

    pub(super) fn stripped_on_our_way(&mut self, now: Instant) {
        if let Some(sf) = self.sole()
            && self.can_fall_back(sf)
            && self.is_straight(sf)
        {
            self.fall_back(sf, FallbackReason::NoDss, now);
        }
    }

    /// Only one subflow, all that is outstanding is contiguous on it, and nothing is missing of what the peer sent:
    /// from here on the subflow's sequence numbers must do for both directions.
    pub(super) fn can_fall_back(&self, sf: SubflowId) -> bool {
        let whole = self.reass.held_ranges() == 0 && self.thrown <= self.reass.rcv_nxt();
        let nxt = self.snd.nxt();
        let in_line = |subflow: &Subflow| self.snd.una() >= nxt || (!subflow.crooked && subflow.next_doff == nxt);
        self.fallback.is_none()
            && whole
            && self.sole() == Some(sf)
            && self.get(sf).is_some_and(|subflow| subflow.is_established() && in_line(subflow))
    }

    /// Without a word from the peer, its bytes may be taken for the next data only where they always were: it may not
    /// know of the fallback, and whoever has several paths or sends data again mixes the order.
    fn is_straight(&self, sf: SubflowId) -> bool {
        !self.multi && self.get(sf).is_some_and(|subflow| !subflow.rx_bent)
    }

    /// A DSS checksum failed for the map at `doff` (RFC 8684 section 3.7).
    pub(super) fn checksum_failed(&mut self, sf: SubflowId, doff: u64, now: Instant) {
        let dsn = self.agreed.remote.idsn.wrapping_add(doff);
        let fail = MpOption::Fail(MpFail { dsn });
        self.stats.fail_sent = self.stats.fail_sent.saturating_add(1);
        self.stir();
        // The peer counts a join that awaits its answer as a subflow already, and will not fall back.
        let joining = self.live().any(|subflow| subflow.state == SubflowState::JoinAckSent);
        if self.can_fall_back(sf) && !joining && doff == self.reass.rcv_nxt() {
            // The bytes wait in the subflow's queue for the peer's infinite mapping.
            self.failing = Some(dsn);
            self.fail_asks = 0;
            self.timers.set(Timer::Fail, now + FAIL_REPEAT);
            self.ask_ack();
            return;
        }
        if let Some(subflow) = self.get_mut(sf) {
            subflow
                .reset(Some(MpOption::TcpRst(mptcp_wire::MpTcpRst { transient: false, reason: RstReason::MIDDLEBOX })));
            subflow.fail = Some(fail);
        }
        self.kick();
    }

    /// The time for the answer to our MP_FAIL is over.
    pub(super) fn fail_timer(&mut self, now: Instant) {
        let Some(fallback) = &mut self.fallback else {
            if self.fail_asks >= FAIL_ASKS {
                return self.end(ConnError::Damaged);
            }
            self.fail_asks = self.fail_asks.saturating_add(1);
            let doubled = 2_u32.saturating_pow(u32::from(self.fail_asks));
            self.timers.set(Timer::Fail, now + FAIL_REPEAT.saturating_mul(doubled));
            return self.ask_ack();
        };
        if fallback.repeats >= FAIL_REPEATS {
            fallback.fail = None;
            fallback.keep_data_ack = false;
            return;
        }
        fallback.repeats = fallback.repeats.saturating_add(1);
        let (sf, fails) = (fallback.sf, fallback.fail.is_some());
        let doubled = 2_u32.saturating_pow(u32::from(fallback.repeats));
        self.timers.set(Timer::Fail, now + FAIL_REPEAT.saturating_mul(doubled));
        if fails && let Some(subflow) = self.get_mut(sf).filter(|subflow| subflow.state != SubflowState::Resetting) {
            subflow.wants.insert(Wants::ACK);
        }
    }

    /// MP_FAIL from the peer: our data arrived damaged.
    pub(super) fn on_fail(&mut self, sf: SubflowId, seg: &SegIn, dsn: u64, now: Instant) {
        self.stats.fail_received = self.stats.fail_received.saturating_add(1);
        // With a RST, the subflow's end will bring its data back to the queue.
        if seg.flags.rst || self.fallback.is_some() {
            return;
        }
        if self.peer_fin_taken && self.snd.fin_acked() {
            // Everything has arrived on both sides: the FINs that are missing do as well without a mapping.
            return;
        }
        if !self.can_fall_back(sf) {
            return self.reset_subflow(sf, RstReason::MPTCP_ERROR, true);
        }
        if self.failing.is_some() {
            // The answer to our own: both directions fall back.
            return self.fall_back(sf, FallbackReason::Checksum, now);
        }
        self.fall_back(sf, FallbackReason::PeerFailed, now);
        if let Some(fallback) = &mut self.fallback {
            // RFC 8684 section 3.7: the receiver of an MP_FAIL answers with one.
            fallback.fail = Some(MpOption::Fail(MpFail { dsn }));
            self.timers.set(Timer::Fail, now + FAIL_REPEAT);
        }
        self.ask_ack();
    }

    /// The peer's infinite mapping.
    pub(super) fn on_infinite_map(&mut self, sf: SubflowId, map: &DssMap, now: Instant) {
        if self.fallback.is_none() {
            if !self.can_fall_back(sf) || !self.agrees(sf, map) {
                return self.reset_subflow(sf, RstReason::MPTCP_ERROR, false);
            }
            let reason = if self.failing.is_some() { FallbackReason::Checksum } else { FallbackReason::PeerFailed };
            self.fall_back(sf, reason, now);
        } else if self.fallback.is_some_and(|fallback| !fallback.trusted) && !self.agrees(sf, map) {
            return self.reset_subflow(sf, RstReason::MPTCP_ERROR, false);
        }
        if let Some(fallback) = &mut self.fallback {
            fallback.keep_data_ack = false;
            fallback.fail = None;
            fallback.trusted = true;
        }
    }

    /// Whether the peer's infinite mapping makes the next byte of the subflow the next of the data.
    fn agrees(&self, sf: SubflowId, map: &DssMap) -> bool {
        let nxt = self.reass.rcv_nxt();
        let Some(head) = self.get(sf).map(|subflow| subflow.rx.head()) else {
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

    /// From here on the connection is one TCP connection. It never becomes multipath again.
    pub(super) fn fall_back(&mut self, sf: SubflowId, reason: FallbackReason, now: Instant) {
        let outstanding = self.snd.nxt().saturating_sub(self.snd.una());
        let doff = self.snd.nxt().min(self.snd.una());
        self.stir();
        for other in self.live_mut().filter(|other| other.id != sf) {
            // Joins that are not finished; nothing else is left.
            other.reset(None);
        }
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        // RFC 8684 section 3.7: the mapping acts retroactively, from the last data known to be intact.
        let ssn = subflow.next_ssn.saturating_sub(outstanding);
        let unheard = subflow.rx.head() == 1;
        let told = subflow.next_ssn;
        subflow.wants.insert(Wants::OUTPUT);
        subflow.wants.insert(Wants::ACK);
        self.failing = None;
        self.timers.stop(Timer::Fail);
        self.timers.stop(Timer::Unmapped);
        self.timers.stop(Timer::DataRto);
        self.timers.stop(Timer::Persist);
        self.reinject.forget(&mut self.pool);
        let keep_data_ack = reason == FallbackReason::NoDss;
        let trusted = !keep_data_ack || unheard;
        // A peer that does not know goes on as before, which is no longer understood here.
        let dsn = self.agreed.remote.idsn.wrapping_add(self.reass.rcv_nxt());
        let fail = keep_data_ack.then_some(MpOption::Fail(MpFail { dsn }));
        self.fallback = Some(Fallback { reason, sf, ssn, doff, told, fail, repeats: 0, keep_data_ack, trusted });
        if fail.is_some() {
            self.timers.set(Timer::Fail, now + FAIL_REPEAT);
        }
        // What waited for a map is data now.
        self.wants.insert(ConnWants::WAKE_READER);
        if self.get(sf).is_some_and(|subflow| subflow.fin_received) {
            self.fallback_fin();
        }
        self.fallback_acked(sf, now);
        if self.snd.is_shut() && self.snd.unmapped() == 0 {
            self.close_those(|subflow| subflow.id == sf);
        }
    }

    /// In fallback the subflow's ACK is the DATA_ACK.
    pub(super) fn fallback_acked(&mut self, sf: SubflowId, now: Instant) {
        let Some(fallback) = self.fallback.filter(|fallback| fallback.sf == sf) else {
            return;
        };
        let Some(acked) = self.get(sf).map(|subflow| subflow.acked) else {
            return;
        };
        let doff = if acked >= fallback.ssn {
            fallback.doff.saturating_add(acked.saturating_sub(fallback.ssn))
        } else {
            return;
        };
        if let Some(fallback) = &mut self.fallback
            && acked > fallback.told
        {
            fallback.fail = None;
        }
        if self.snd.data_ack(doff) == DataAcked::Advanced {
            self.data_acked(now);
        }
    }

    /// The subflow's FIN in fallback: end of file.
    pub(super) fn fallback_fin(&mut self) {
        if !core::mem::replace(&mut self.peer_fin_taken, true) {
            self.wants.insert(ConnWants::PEER_CLOSED);
        }
    }
}
