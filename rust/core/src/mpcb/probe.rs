//! Probes: a stalled path is asked again and again whether it is back, and a path that went quiet whether it is still there.
//!
//! TCP alone finds out later each time, for its retransmission timer backs off. A probe is one segment on a subflow; all of a
//! connection's together leave at most once in [`GAP`].

use super::Mpcb;
use crate::subflow::{Quiet, SubflowId, Wants};
use crate::time::Instant;
use core::time::Duration;

/// Least time between two probes of one connection, on whatever paths.
const GAP: Duration = Duration::from_millis(50);

impl Mpcb {
    /// A segment came on `sf`.
    pub(super) fn heard(&mut self, sf: SubflowId, data: bool, now: Instant) {
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        let ours = subflow.ends.initiator && subflow.is_established();
        let heard = subflow.health.heard(data, ours, now);
        if heard.deadline {
            self.invalidate();
        }
        if heard.recovered {
            self.recovered(sf);
            self.request_output();
        }
    }

    /// A stalled path works again.
    pub(super) fn recovered(&mut self, sf: SubflowId) {
        self.stats.recoveries = self.stats.recoveries.saturating_add(1);
        self.invalidate();
        if let Some(subflow) = self.get_mut(sf) {
            subflow.pending.wants.remove(Wants::PROBE);
        }
    }

    /// When the next probe of a stalled path leaves.
    pub(super) fn next_probe(&self) -> Option<Instant> {
        self.next_probed().map(|(at, _)| at.max(self.probe_free))
    }

    /// The stalled path that has waited longest for its probe.
    fn next_probed(&self) -> Option<(Instant, SubflowId)> {
        let established = self.live().filter(|subflow| subflow.is_established());
        established.filter_map(|subflow| Some((subflow.health.probe_due()?, subflow.id))).min()
    }

    /// A stalled subflow is probed when its time has come, and no other has been just now.
    pub(super) fn probe_timer(&mut self, now: Instant) {
        let Some((at, sf)) = self.next_probed() else {
            return;
        };
        if at > now || self.probe_free > now {
            return;
        }
        if let Some(subflow) = self.get_mut(sf) {
            subflow.health.probed(now);
        }
        self.probe(sf, now);
        self.give_up_stale(sf, now);
    }

    /// The peer was sending, and nothing comes any more.
    pub(super) fn quiet_timer(&mut self, sf: SubflowId, now: Instant) {
        // A DATA_FIN may be there before the data in front of it.
        let matters = match self.ending.awaited_fin() {
            Some(fin) => self.reass.rcv_nxt() < fin,
            None => !self.ending.is_peer_done(),
        };
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        let matters = matters && subflow.is_established();
        match subflow.health.quiet(matters, now) {
            Quiet::Fine => {}
            Quiet::Ask => {
                self.probe(sf, now);
                self.ask_idle(now);
            }
            Quiet::Unanswered => {
                subflow.health.loss(now);
                self.stalled(sf, now);
            }
        }
    }

    /// A path has fallen silent. Those on which nothing was expected are asked, one after the other: if they are dead as well, this
    /// is an outage.
    pub(super) fn ask_idle(&mut self, now: Instant) {
        let mut at = self.probe_free.max(now) + GAP;
        for subflow in self.live_mut().filter(|subflow| subflow.is_established()) {
            if subflow.health.ask(at, now) {
                at = at + GAP;
            }
        }
        self.invalidate();
    }

    fn probe(&mut self, sf: SubflowId, now: Instant) {
        self.probe_free = now + GAP;
        self.stats.probes = self.stats.probes.saturating_add(1);
        if let Some(subflow) = self.get_mut(sf) {
            subflow.want(Wants::PROBE);
        }
    }
}
