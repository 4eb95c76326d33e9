//! Closing: DATA_FIN in both directions, MP_FASTCLOSE, and the end (RFC 8684 sections 3.3.3 and 3.5).

use super::Mpcb;
use super::action::ConnWants;
use super::timer::Timer;
use crate::crypto::equal_keys;
use crate::error::ConnError;
use crate::subflow::{Subflow, SubflowId, Wants};
use crate::time::Instant;
use mptcp_wire::{MpFastClose, MpOption};

impl Mpcb {
    /// The application will write no more: a DATA_FIN follows its data.
    pub fn snd_shutdown(&mut self, now: Instant) {
        self.invalidate();
        if !self.snd.is_shut() {
            self.snd.shut();
            self.fin_progress(now);
            self.request_output();
        }
    }

    /// The application closed its socket: no more is written or read. What the peer still has to acknowledge, and
    /// its own DATA_FIN, are waited for, for a limited time.
    pub fn close(&mut self, now: Instant) {
        self.snd_shutdown(now);
        if self.ending.detach() {
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
        let plain = self.mode.is_plain();
        if !self.mode.end(error) {
            return;
        }
        self.invalidate();
        if error != ConnError::Done {
            // A peer that is reached by one RST only has to learn that all is over, unless it said so itself.
            let close = MpOption::FastClose(MpFastClose { receiver_key: self.agreed.remote.key });
            let option = Some(close).filter(|_| !plain && error != ConnError::Reset);
            for subflow in self.live_mut() {
                subflow.reset(option);
            }
        }
        self.wants.insert(ConnWants::CLOSED | ConnWants::WAKE_READER | ConnWants::WAKE_WRITER);
    }

    /// MP_FASTCLOSE from the peer. RFC 8684 section 3.5: only the key that we gave the peer counts.
    pub(super) fn on_fastclose(&mut self, close: &MpFastClose) {
        if equal_keys(self.agreed.local.key, close.receiver_key) {
            self.stats.fastclose_received = self.stats.fastclose_received.saturating_add(1);
            self.end(ConnError::Reset);
        } else {
            self.stats.bad_options = self.stats.bad_options.saturating_add(1);
        }
    }

    /// The application has closed, and the peer took too long.
    pub(super) fn close_too_long(&mut self) {
        if self.mode.is_plain() && self.ending.is_peer_done() {
            // Only acknowledgements are missing: TCP decides how long it tries.
            return;
        }
        let error = self.ending.close_timer(&self.snd);
        if error == ConnError::Done {
            self.invalidate();
            for subflow in self.live_mut() {
                subflow.reset(None);
            }
        }
        self.end(error);
    }

    /// Both directions have ended, or are about to: no new subflows. A DATA_FIN that is not acknowledged needs one where none
    /// is left.
    pub(super) fn is_closing(&self) -> bool {
        let needed = || self.snd.outstanding() && !self.live().any(Subflow::is_established);
        self.mode.is_over() || (self.ending.refuses_subflows(&self.snd) && !needed())
    }

    /// After a change on the send side: all data is mapped and the application has closed.
    pub(super) fn fin_progress(&mut self, now: Instant) {
        if self.snd.fin_due().is_none() {
            return;
        }
        if self.mode.is_plain() {
            return self.plain_fin_progress();
        }
        self.ask_ack();
        if !self.timers.is_set(Timer::DataRto) {
            self.arm_data_rto(now);
        }
    }

    /// A DATA_FIN at `doff` was announced on `sf`.
    pub(super) fn note_peer_fin(&mut self, sf: SubflowId, doff: u64) {
        let again = self.ending.note_peer_fin(doff, self.reass.rcv_nxt());
        if again && let Some(subflow) = self.get_mut(sf) {
            subflow.want(Wants::ACK);
        }
    }

    /// All data before the peer's DATA_FIN has been delivered: it is acknowledged.
    pub(super) fn take_peer_fin(&mut self, now: Instant) {
        let Some(fin) = self.ending.awaited_fin() else {
            return;
        };
        if self.reass.take_data_fin(fin) && self.ending.take_peer_fin() {
            self.wants.insert(ConnWants::PEER_CLOSED);
            self.ask_ack();
            self.check_closed(now);
        }
    }

    /// The subflow's in-order FIN was received, after all of its data was taken.
    pub fn subflow_fin(&mut self, sf: SubflowId, now: Instant) {
        self.invalidate();
        if self.mode.fallback().is_some() {
            return self.plain_fin();
        }
        // Never a DSS, and the only one: options are stripped, and this is plain TCP's end of file.
        let confirmed = self.mode.is_confirmed();
        let stripped = self.sole() == Some(sf)
            && !self.ending.has_peer_fin()
            && self
                .get(sf)
                .is_some_and(|subflow| !subflow.receiving.dss_seen() && (subflow.sending.was_acked() || !confirmed));
        if stripped && self.never_confirmed(now) {
            return self.plain_fin();
        }
        if let Some(subflow) = self.get_mut(sf) {
            subflow.receiving.fin = true;
        }
        self.answer_fins();
        self.request_output();
    }

    /// Answers the FINs of subflows, where that is to be done now.
    pub(super) fn answer_fins(&mut self) {
        let others = self.live().any(|subflow| subflow.is_established() && !subflow.receiving.fin);
        if self.ending.answers_fin(others, &self.snd) {
            self.close_those(|subflow| subflow.receiving.fin);
        }
    }

    /// RFC 8684 section 3.3.3: once both DATA_FINs are acknowledged, every subflow is closed by FIN.
    pub(super) fn check_closed(&mut self, now: Instant) {
        if self.mode.fallback().is_some() || !self.ending.is_complete(&self.snd) {
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
            self.invalidate();
        }
    }
}
