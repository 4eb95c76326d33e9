//! Acknowledgements: DATA_ACKs for the connection, ACKs for one subflow.

use super::Mpcb;
use super::action::ConnWants;
use super::segment::{Seen, SegIn};
use super::timer::Timer;
use crate::fallback::Evidence;
use crate::seq;
use crate::sockbuf::DataAcked;
use crate::subflow::{SubflowId, Wants};
use crate::time::Instant;
use mptcp_wire::DataSeq;

impl Mpcb {
    /// A DATA_ACK and the window that came with it (RFC 8684 sections 3.3.2 and 3.3.4).
    pub(super) fn on_data_ack(&mut self, ack: DataSeq, window: u32, now: Instant) {
        let acked = seq::data_offset(ack, self.agreed.local.idsn, self.snd.una())
            .map(|ack| (ack, self.snd.data_ack(ack)))
            .filter(|(_, outcome)| *outcome != DataAcked::Invalid);
        let Some((ack, outcome)) = acked else {
            self.stats.bad_data_acks = self.stats.bad_data_acks.saturating_add(1);
            return;
        };
        self.recovery.heard();
        if outcome == DataAcked::Advanced {
            self.data_acked(now);
        }
        if self.snd.window(ack, window) {
            self.timers.stop(Timer::Persist);
            self.request_output();
        }
        self.arm_persist(now);
    }

    fn data_acked(&mut self, now: Instant) {
        self.una_moved(now);
        let waited = self.recovery.advanced(now);
        if self.snd.outstanding() {
            // Otherwise the timer that runs finds out how long ago this was.
            if waited || !self.timers.is_set(Timer::DataRto) {
                self.arm_data_rto(now);
            }
            self.continue_recovery();
        } else {
            self.timers.stop(Timer::DataRto);
            // What did not fill a segment waited for this.
            self.request_output();
        }
        self.answer_fins();
        self.check_closed(now);
    }

    /// The peer has taken data, in any mode.
    pub(super) fn una_moved(&mut self, now: Instant) {
        self.reinject.acked(self.snd.una(), &mut self.pool);
        self.wants.insert(ConnWants::WAKE_WRITER);
        if self.ending.is_detached() {
            // The limit is for a peer that takes nothing any more, not for a long transfer.
            self.timers.set(Timer::Close, now + self.cfg.timers.close);
        }
    }

    /// The subflow's TCP acknowledgement: maps below it are let go.
    pub(super) fn subflow_ack(&mut self, sf: SubflowId, seg: &SegIn, seen: Seen, now: Instant) {
        let pool = &mut self.pool;
        let Some(subflow) = self.subflows.get_mut(sf.index()).and_then(Option::as_mut) else {
            return;
        };
        let news = subflow.sending.ack(seg.ack, pool);
        subflow.receiving.note_ack(seen.any, news);
        if news {
            self.progress(sf, now);
            if !seen.any {
                self.acked_without_options(sf, now);
            }
        } else if subflow.sending.is_answered_without_room(seg.ack, seg.window) {
            // A peer may drop what it has no room for (Linux does).
            subflow.health.no_room(now);
        }
    }

    /// A subflow has acknowledged data.
    pub(super) fn progress(&mut self, sf: SubflowId, now: Instant) {
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        let idle = subflow.sending.maps().is_empty();
        let recovered = subflow.health.progress(idle, now);
        subflow.want(Wants::OUTPUT);
        // The peer may have an answer.
        let listens = idle && subflow.ends.initiator && subflow.is_established();
        if listens && subflow.health.listen(now) {
            self.invalidate();
        }
        if recovered {
            self.recovered(sf);
            if self.recovery.begin_anew() && self.timers.is_set(Timer::DataRto) {
                // The peer may have dropped what its TCP acknowledged. That shall not take a backed-off timeout to find out.
                self.arm_data_rto(now);
            }
            self.request_output();
        }
    }

    /// Our data was acknowledged on `sf` by a segment without any MPTCP option.
    fn acked_without_options(&mut self, sf: SubflowId, now: Instant) {
        let Some(subflow) = self.get(sf).filter(|subflow| subflow.sending.was_acked()) else {
            return;
        };
        let first = !subflow.receiving.dss_seen();
        let in_a_row = subflow.receiving.acks_without_options();
        self.options_missing(sf, Evidence::Acked { first, in_a_row }, now);
    }
}
