//! Bytes or acknowledgements without MPTCP options: something on the way strips them (RFC 8684 section 3.7).

use super::Mpcb;
use super::timer::Timer;
use crate::fallback::{Evidence, Situation, Verdict};
use crate::handshake::FallbackReason;
use crate::subflow::{Subflow, SubflowId, SubflowState};
use crate::time::Instant;
use core::time::Duration;
use mptcp_wire::RstReason;

/// In-order bytes may wait so long for their map, once the peer has shown that it sends maps.
const UNMAPPED_GRACE: Duration = Duration::from_millis(200);
/// The same where the segments that brought them had a DSS, whose map was not usable.
const MISMAPPED_GRACE: Duration = Duration::from_secs(2);

impl Mpcb {
    /// Falls back, gives up the subflow or waits, as `evidence` on `sf` asks. Returns whether the connection fell back.
    pub(super) fn options_missing(&mut self, sf: SubflowId, evidence: Evidence, now: Instant) -> bool {
        if self.ending.is_complete(&self.snd) {
            // Everything has arrived on both sides; the FINs that are missing need no options.
            return false;
        }
        let verdict = self.situation(sf).judge(evidence);
        match verdict {
            Verdict::FallBack => self.fall_back(sf, FallbackReason::NoDss, now),
            Verdict::Reset => self.reset_subflow(sf, RstReason::MIDDLEBOX, false),
            Verdict::Wait => {}
        }
        verdict == Verdict::FallBack
    }

    fn situation(&self, sf: SubflowId) -> Situation {
        let in_order = |subflow: &Subflow| subflow.receiving.is_in_data_order();
        Situation {
            sole: self.sole() == Some(sf),
            possible: self.can_fall_back(sf),
            in_data_order: !self.had_joins && self.get(sf).is_some_and(in_order),
        }
    }

    /// Only one subflow, all that is outstanding is contiguous on it, and nothing is missing of what the peer sent:
    /// from here on the subflow's sequence numbers must do for both directions.
    pub(super) fn can_fall_back(&self, sf: SubflowId) -> bool {
        let whole = self.reass.held_ranges() == 0 && self.discarded_below <= self.reass.rcv_nxt();
        let nxt = self.snd.nxt();
        let contiguous = |subflow: &Subflow| self.snd.una() >= nxt || subflow.sending.is_contiguous_to(nxt);
        self.mode.fallback().is_none()
            && whole
            && self.sole() == Some(sf)
            && self.get(sf).is_some_and(|subflow| subflow.is_established() && contiguous(subflow))
    }

    /// In-order bytes have no map. Returns true where the connection fell back, so that they are the next data as they stand.
    pub(super) fn unmapped_means_stripped(&mut self, sf: SubflowId, now: Instant) -> bool {
        let Some(receiving) = self.get(sf).map(|subflow| &subflow.receiving) else {
            return false;
        };
        if !receiving.head_is_unmapped() {
            // A DSS came with them and its map contradicts another: wait, then give up.
            self.arm_unmapped(now, MISMAPPED_GRACE);
            return false;
        }
        // The first data: nothing was acknowledged on the subflow yet, so nobody has sent it anew behind it. Later, that
        // may happen before our MP_FAIL arrives.
        let first = receiving.is_unheard() && (!receiving.dss_seen() || self.sole() == Some(sf));
        if !first {
            self.arm_unmapped(now, UNMAPPED_GRACE);
            return false;
        }
        self.options_missing(sf, Evidence::FirstData, now)
    }

    fn arm_unmapped(&mut self, now: Instant, grace: Duration) {
        if !self.timers.is_set(Timer::Unmapped) {
            self.timers.set(Timer::Unmapped, now + grace);
        }
    }

    /// The grace for unmapped bytes is over.
    pub(super) fn unmapped_too_long(&mut self, now: Instant) {
        if !self.mode.may_spread() {
            return;
        }
        let is_stuck = |subflow: &&Subflow| subflow.receiving.is_stuck() && !subflow.is_resetting();
        let stuck = self.live().find(is_stuck).map(|subflow| (subflow.id, subflow.receiving.head_is_unmapped()));
        match stuck {
            // RFC 8684 section 3.7: the subflow breaks during operation. The peer need not know, and what it repeats would
            // be taken for new data.
            Some((sf, true)) => self.reset_subflow(sf, RstReason::MIDDLEBOX, false),
            Some((sf, false)) => self.reset_subflow(sf, RstReason::MPTCP_ERROR, true),
            None => {}
        }
        if self.live().any(|subflow| is_stuck(&subflow)) {
            self.arm_unmapped(now, UNMAPPED_GRACE);
        }
    }

    /// The subflow that acknowledged all it had, the last time without any MPTCP option, while a DATA_ACK is awaited.
    pub(super) fn awaits_data_ack(&self) -> Option<SubflowId> {
        let waits = |subflow: &&Subflow| {
            subflow.receiving.last_without_options()
                && subflow.sending.maps().is_empty()
                && subflow.state == SubflowState::Established
        };
        self.live().find(waits).filter(|_| self.snd.outstanding()).map(|subflow| subflow.id)
    }

    /// The peer never showed that it speaks MPTCP on this connection: plain TCP, where that is possible.
    pub(super) fn never_confirmed(&mut self, now: Instant) -> bool {
        self.sole().is_some_and(|sf| self.options_missing(sf, Evidence::NeverConfirmed, now))
    }
}
