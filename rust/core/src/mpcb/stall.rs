//! A path on which nothing comes back: its data goes to the others, and in the end it is given up.

use super::Mpcb;
use crate::subflow::{Doubt, Subflow, SubflowId};
use crate::time::Instant;
use core::time::Duration;
use mptcp_wire::RstReason;

/// A stalled path with a working one beside it is given up, and joined again, after so long.
const GIVE_UP: Duration = Duration::from_secs(6);

impl Mpcb {
    /// The subflow's own retransmission timer fired.
    pub fn subflow_rto(&mut self, sf: SubflowId, now: Instant) {
        if self.peer_is_full() {
            return;
        }
        if let Some(subflow) = self.get_mut(sf)
            && subflow.is_established()
            && !subflow.sending.maps().is_empty()
        {
            subflow.health.loss(now);
            self.invalidate();
            self.stalled(sf, now);
        }
    }

    /// Nothing came back on a subflow for longer than its round trip explains.
    pub(super) fn stall_timer(&mut self, sf: SubflowId, now: Instant) {
        let full = self.peer_is_full();
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        let late = subflow.health.deadline().is_some_and(|at| at <= now);
        if late && full {
            subflow.health.postpone(now);
        } else if late {
            subflow.health.loss(now);
            self.stalled(sf, now);
        }
    }

    /// The window is shut, and everything that it admitted was DATA_ACKed. What is still under way repeats data that
    /// arrived, or probes the window; a peer may drop both. So silence says nothing about a path.
    fn peer_is_full(&self) -> bool {
        self.mode.fallback().is_none() && self.snd.una() >= self.snd.edge()
    }

    pub(super) fn stalled(&mut self, sf: SubflowId, now: Instant) {
        self.stats.stalls = self.stats.stalls.saturating_add(1);
        self.ask_idle(now);
        if self.mode.is_plain() || !self.live().any(|other| other.id != sf && other.is_established()) {
            // Nobody else could carry it; its own TCP goes on trying.
            return;
        }
        self.queue_maps_of(sf);
        self.give_up_stale(sf, now);
        self.request_output();
    }

    /// Resets a path that has been stalled for long beside another one. It may have been forgotten on the way: a new join finds out,
    /// where probes of the old subflow do not.
    pub(super) fn give_up_stale(&mut self, sf: SubflowId, now: Instant) {
        if self.is_worth_giving_up(sf, now) {
            self.reset_subflow(sf, RstReason::BAD_PERFORMANCE, true);
        }
    }

    /// Stalled for [`GIVE_UP`] and through `stale_loss_cnt` timeouts, with another subflow that works, and ours to join again.
    fn is_worth_giving_up(&self, sf: SubflowId, now: Instant) -> bool {
        let alternative = self.live().any(|other| other.id != sf && other.is_working());
        let stale = |subflow: &Subflow| {
            subflow.health.losses() >= self.cfg.timers.stale_loss_cnt && subflow.health.stalled_for(now) >= GIVE_UP
        };
        let again = |subflow: &Subflow| subflow.ends.initiator && self.pm.may_rejoin(subflow.ends.pair());
        alternative && !self.is_closing() && self.get(sf).is_some_and(|subflow| stale(subflow) && again(subflow))
    }

    /// The path was in doubt, and nothing has come over it since.
    pub(super) fn question_timer(&mut self, sf: SubflowId, now: Instant) {
        let Some(doubt) = self.get_mut(sf).and_then(|subflow| subflow.health.take_unanswered(now)) else {
            return;
        };
        match doubt {
            // A FIN, which TCP repeats, does no harm to a path that works after all.
            Doubt::Withdrawn => self.close_those(|subflow| subflow.id == sf),
            // What is on the way has forgotten it, and the peer has let it go: nobody would answer a FIN.
            Doubt::Replaced => self.reset_subflow(sf, RstReason::BAD_PERFORMANCE, true),
        }
        self.queue_maps_of(sf);
        self.request_output();
    }
}
