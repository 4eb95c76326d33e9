//! Acknowledgements: DATA_ACKs for the connection, ACKs for one subflow.

use super::Mpcb;
use super::action::ConnWants;
use super::input::Seen;
use super::timer::Timer;
use crate::seq;
use crate::sockbuf::DataAcked;
use crate::subflow::SubflowId;
use crate::time::Instant;
use mptcp_wire::DataSeq;

impl Mpcb {
    /// A DATA_ACK and the window that came with it (RFC 8684 sections 3.3.2 and 3.3.4).
    pub(super) fn on_data_ack(&mut self, ack: DataSeq, window: u32, now: Instant) {
        let Some(ack) = seq::data_offset(ack, self.agreed.local.idsn, self.snd.una()) else {
            self.stats.bad_data_acks = self.stats.bad_data_acks.saturating_add(1);
            return;
        };
        self.reinject.silent = 0;
        match self.snd.data_ack(ack) {
            DataAcked::Invalid => {
                self.stats.bad_data_acks = self.stats.bad_data_acks.saturating_add(1);
                return;
            }
            DataAcked::Old => {}
            DataAcked::Advanced => self.data_acked(now),
        }
        if self.snd.window(ack, window) {
            self.timers.stop(Timer::Persist);
            self.kick();
        }
        self.arm_persist(now);
    }

    /// `snd.una` has moved.
    pub(super) fn data_acked(&mut self, now: Instant) {
        let una = self.snd.una();
        let waited = self.reinject.acked(una, now, &mut self.pool);
        self.wants.insert(ConnWants::WAKE_WRITER);
        if self.detached {
            // The limit is for a peer that takes nothing any more, not for a long transfer.
            self.timers.set(Timer::Close, now + self.cfg.timers.close);
        }
        if self.snd.outstanding() {
            // Otherwise the timer that runs finds out how long ago this was.
            if waited || !self.timers.is_set(Timer::DataRto) {
                self.arm_data_rto(now);
            }
            self.continue_recovery();
        } else {
            self.timers.stop(Timer::DataRto);
        }
        self.answer_fins();
        self.check_closed(now);
    }

    /// The subflow's TCP acknowledgement: maps below it are let go.
    pub(super) fn subflow_ack(&mut self, sf: SubflowId, ack: u32, seen: Seen, now: Instant) {
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        subflow.last_bare = !seen.any;
        let ack = seq::expand32(ack, subflow.acked);
        // The FIN takes one number after the last byte.
        if ack > subflow.next_ssn.saturating_add(1) || ack <= subflow.acked {
            if seen.any {
                subflow.bare_acks = 0;
            }
            if self.fallback.is_some() {
                // Perhaps a window update: plain TCP's window is the caller's to look at.
                self.kick();
            }
            return;
        }
        subflow.acked = ack.min(subflow.next_ssn);
        subflow.maps.ack(ack);
        subflow.bare_acks = if seen.any { 0 } else { subflow.bare_acks.saturating_add(1) };
        let idle = subflow.maps.is_empty();
        let recovered = subflow.health.progress(idle, now);
        subflow.wants.insert(crate::subflow::Wants::OUTPUT);
        if self.snd.base() < self.snd.una() {
            // The DATA_ACK came first, over another path: only the maps that went now kept the bytes.
            self.wants.insert(ConnWants::WAKE_WRITER);
        }
        if recovered {
            self.stats.recoveries = self.stats.recoveries.saturating_add(1);
            self.kick();
        }
        if self.fallback.is_some() {
            self.fallback_acked(sf, now);
        } else if !seen.any {
            self.acked_without_dss(sf, now);
        }
    }
}
