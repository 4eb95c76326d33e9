//! Closing: DATA_FIN in both directions, MP_FASTCLOSE, and the end (RFC 8684 sections 3.3.3 and 3.5).

use super::Mpcb;
use super::action::ConnWants;
use super::timer::Timer;
use crate::error::ConnError;
use crate::subflow::{Subflow, SubflowId, Wants};
use crate::time::Instant;
use mptcp_wire::{MpFastClose, MpOption};

impl Mpcb {
    /// The application will write no more: a DATA_FIN follows its data.
    pub fn snd_shutdown(&mut self, now: Instant) {
        self.stir();
        if !self.snd.is_shut() {
            self.snd.shut();
            self.fin_progress(now);
            self.kick();
        }
    }

    /// The application closed its socket: no more is written or read. What the peer still has to acknowledge, and
    /// its own DATA_FIN, are waited for, for a limited time.
    pub fn close(&mut self, now: Instant) {
        self.snd_shutdown(now);
        if !self.detached {
            self.detached = true;
            self.timers.set(Timer::Close, now + self.cfg.timers.close);
        }
    }

    /// The application aborts: MP_FASTCLOSE in a RST on every subflow, with the peer's key
    /// (RFC 8684 section 3.5, the form with RST).
    pub fn abort(&mut self) {
        self.end(ConnError::Aborted);
    }

    /// Ends the connection: every subflow is reset.
    pub(super) fn end(&mut self, error: ConnError) {
        if self.over.is_some() {
            return;
        }
        self.stir();
        if error != ConnError::Done {
            // A peer that is reached by one RST only has to learn that all is over, unless it said so itself.
            let close = MpOption::FastClose(MpFastClose { receiver_key: self.agreed.remote.key });
            let option = Some(close).filter(|_| self.fallback.is_none() && error != ConnError::Reset);
            for subflow in self.live_mut() {
                subflow.reset(option);
            }
        }
        self.finish(error);
    }

    fn finish(&mut self, error: ConnError) {
        self.over = Some(error);
        self.wants.insert(ConnWants::CLOSED | ConnWants::WAKE_READER | ConnWants::WAKE_WRITER);
    }

    /// The application has closed, and the peer took too long.
    pub(super) fn close_too_long(&mut self) {
        if self.fallback.is_some() && self.peer_fin_taken {
            // Plain TCP, and only acknowledgements are missing: its own timers decide how long it tries.
            return;
        }
        if self.peer_fin_taken && self.snd.fin_acked() {
            self.stir();
            // Only the FINs of subflows are missing: a path may have died.
            for subflow in self.live_mut() {
                subflow.reset(None);
            }
            return self.end(ConnError::Done);
        }
        self.end(ConnError::TimedOut);
    }

    /// Both directions have ended, or are about to: no new subflows. Data that the peer has not acknowledged may still
    /// need one, whether our application is there or not.
    pub(super) fn is_closing(&self) -> bool {
        let ending = (self.peer_fin_taken && self.snd.is_shut()) || self.detached;
        self.over.is_some() || (ending && self.snd.sb_cc() == 0)
    }

    /// After a change on the send side: all data is mapped and the application has closed.
    pub(super) fn fin_progress(&mut self, now: Instant) {
        if self.snd.fin_due().is_none() {
            return;
        }
        if let Some(fallback) = self.fallback {
            // Plain TCP: the subflow's FIN.
            self.close_those(|subflow| subflow.id == fallback.sf);
            return;
        }
        self.ask_ack();
        if !self.timers.is_set(Timer::DataRto) {
            self.arm_data_rto(now);
        }
    }

    /// A DATA_FIN at `doff` was announced on `sf`.
    pub(super) fn note_peer_fin(&mut self, sf: SubflowId, doff: u64) {
        // The first one counts; it cannot move, nor lie below what was received.
        if self.peer_fin.is_none() && doff >= self.reass.rcv_nxt() {
            self.peer_fin = Some(doff);
        }
        // Said again: our DATA_ACK for it got lost.
        if self.peer_fin_taken
            && let Some(subflow) = self.get_mut(sf)
        {
            subflow.wants.insert(Wants::ACK);
        }
    }

    /// All data before the peer's DATA_FIN has been delivered: it is acknowledged.
    pub(super) fn take_peer_fin(&mut self, now: Instant) {
        let Some(fin) = self.peer_fin.filter(|_| !self.peer_fin_taken) else {
            return;
        };
        if self.reass.take_data_fin(fin) {
            self.peer_fin_taken = true;
            self.wants.insert(ConnWants::PEER_CLOSED);
            self.ask_ack();
            self.check_closed(now);
        }
    }

    /// The subflow's in-order FIN was received, after all of its data was taken.
    pub fn subflow_fin(&mut self, sf: SubflowId, now: Instant) {
        self.stir();
        if self.fallback.is_some() {
            return self.fallback_fin();
        }
        // Never a DSS, and the only one: options are stripped, and this is plain TCP's end of file.
        let stripped = self.sole() == Some(sf)
            && self.peer_fin.is_none()
            && self.get(sf).is_some_and(|subflow| !subflow.dss_seen && (subflow.acked > 1 || !self.confirmed));
        if stripped {
            self.stripped_on_our_way(now);
            if self.fallback.is_some() {
                return self.fallback_fin();
            }
        }
        if let Some(subflow) = self.get_mut(sf) {
            subflow.fin_received = true;
        }
        self.answer_fins();
        self.kick();
    }

    /// RFC 8684 section 3.3.3: a FIN closes only its subflow. The last one stays half open while there is data for
    /// the peer: it may be all that is left, and a peer that fell back would take our FIN for the end of the data.
    /// After the peer's DATA_FIN it stays until our own is acknowledged: the application may still write.
    pub(super) fn answer_fins(&mut self) {
        let open = |subflow: &Subflow| subflow.is_established() && !subflow.fin_received;
        let ours = self.snd.sb_cc() > 0 || (self.peer_fin_taken && !self.snd.fin_acked());
        if self.fallback.is_some() || (ours && !self.live().any(open)) {
            return;
        }
        self.close_those(|subflow| subflow.fin_received);
    }

    /// RFC 8684 section 3.3.3: once both DATA_FINs are acknowledged, every subflow is closed by FIN.
    pub(super) fn check_closed(&mut self, now: Instant) {
        if self.fallback.is_some() || !(self.peer_fin_taken && self.snd.fin_acked()) {
            return;
        }
        self.close_those(|_| true);
        self.timers.stop(Timer::DataRto);
        if !self.timers.is_set(Timer::Close) {
            self.timers.set(Timer::Close, now + self.cfg.timers.close);
        }
        if self.live().next().is_none() {
            self.end(ConnError::Done);
        }
    }

    /// Closes the subflows that `which` picks.
    pub(super) fn close_those(&mut self, which: impl Fn(&Subflow) -> bool) {
        let mut changed = false;
        for subflow in self.live_mut().filter(|subflow| which(subflow)) {
            changed |= subflow.close();
        }
        if changed {
            self.stir();
        }
    }
}
