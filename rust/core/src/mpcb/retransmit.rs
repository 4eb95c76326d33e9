//! What is sent again on another path, and the data-level timers that ask for it (RFC 8684 section 3.3.6).
//!
//! [`crate::recovery`] has the times, [`crate::reinject`] the ranges that wait.

use super::Mpcb;
use super::timer::Timer;
use crate::error::ConnError;
use crate::fallback::Evidence;
use crate::pool::NoMemory;
use crate::recovery::{self, Expired};
use crate::subflow::{Subflow, SubflowId, Wants};
use crate::time::Instant;

/// DATA_FINs to a peer that has not confirmed, after which it gets a FIN.
const UNCONFIRMED_FINS: u8 = 2;
/// Most bytes that are queued at a time for a gap that no subflow carries.
const GAP_MAX: u64 = 65_535;

impl Mpcb {
    /// The first queued bytes that `sf` may carry: not those that wait in its own maps already, for TCP sends them
    /// again by itself.
    pub(super) fn reinjection(&self, sf: SubflowId, most: u64) -> Option<(u64, u32)> {
        let subflow = self.get(sf).filter(|_| self.mode.may_spread())?;
        let una = self.snd.una();
        for (start, end) in self.reinject.ranges() {
            let start = start.max(una);
            let end = end.min(self.snd.nxt()).min(self.snd.end());
            if let Some((from, to)) = subflow.sending.maps().first_gap(start, end) {
                let len = to.saturating_sub(from).min(most);
                return Some((from, u32::try_from(len).ok()?));
            }
        }
        None
    }

    /// Nothing new may be mapped because the window is full, and the oldest data is under way on a slower path: send
    /// it on this one too (NSDI 2012, opportunistic retransmission). Once for each byte.
    pub(super) fn opportunistic(&mut self, sf: SubflowId, most: u64) -> Option<(u64, u32)> {
        let una = self.snd.una();
        let blocked = self.mode.may_spread() && self.snd.unmapped() > 0 && una < self.snd.nxt();
        if !blocked || !self.reinject.is_new_chance(una) {
            return None;
        }
        let me = self.get(sf).filter(|me| !me.health.metrics().srtt.is_zero() && !me.sending.maps().carries(una))?;
        let slower = self.live().find(|other| other.id != sf && other.sending.maps().carries(una))?;
        if slower.health.metrics().drain_time() <= me.health.metrics().srtt.saturating_mul(2) {
            return None;
        }
        let end = slower.sending.maps().find_doff(una)?.doff_end().min(self.snd.end());
        let (_, end) = me.sending.maps().first_gap(una, end)?;
        let len = end.saturating_sub(una).min(most);
        self.reinject.chance_taken(una.saturating_add(len));
        Some((una, u32::try_from(len).ok()?))
    }

    /// Queues what a subflow has mapped and the peer has not DATA_ACKed, as far as it was not queued before.
    pub(super) fn queue_maps_of(&mut self, sf: SubflowId) {
        let una = self.snd.una();
        let (reinject, pool) = (&mut self.reinject, &mut self.pool);
        if let Some(subflow) = self.subflows.get_mut(sf.index()).and_then(Option::as_mut) {
            subflow.sending.queue_maps(|map| reinject.add(map.doff.max(una), map.doff_end(), pool));
        }
    }

    /// A new path is there: it takes over from those that are stalled.
    pub(super) fn queue_stalled(&mut self) {
        for at in 0..self.subflows.len() {
            let stalled = self.subflows.get(at).and_then(Option::as_ref).filter(|s| s.health.is_stalled());
            if let Some(sf) = stalled.map(|subflow| subflow.id) {
                self.queue_maps_of(sf);
            }
        }
    }

    pub(super) fn arm_data_rto(&mut self, now: Instant) {
        let wait = self.recovery.timeout(self.slowest_rtt());
        self.timers.set(Timer::DataRto, now + wait);
    }

    /// No DATA_ACK for too long: the oldest data, if no subflow is carrying it any more, and the DATA_FIN go out again.
    pub(super) fn data_rto(&mut self, now: Instant) {
        if self.mode.fallback().is_some() || !self.snd.outstanding() {
            return;
        }
        let expired = self.recovery.expired(self.slowest_rtt(), now);
        if let Expired::Early(due) = expired {
            return self.timers.set(Timer::DataRto, due);
        }
        self.stats.data_rtos = self.stats.data_rtos.saturating_add(1);
        if expired == Expired::PeerGone {
            return self.end(ConnError::TimedOut);
        }
        if self.timeout_means_stripped(now) {
            return;
        }
        self.recovery.back_off();
        self.reinject.chance_taken(self.snd.una());
        // On the only path the first timeout sends nothing again: were options stripped on the way, the peer would
        // take it for new data before its MP_FAIL has come.
        let hasty = self.sole().is_some() && (self.recovery.backoff() == 1 || self.awaits_data_ack().is_some());
        if self.mode.may_spread() && !hasty {
            self.recovery.begin(self.snd.nxt());
            self.continue_recovery();
        }
        if self.snd.fin_due().is_some() {
            // On every path: nothing else may be in flight that would show which one is dead.
            for subflow in self.live_mut().filter(|subflow| subflow.is_established()) {
                subflow.want(Wants::ACK);
            }
        }
        self.arm_data_rto(now);
        self.request_output();
    }

    /// Whether the timeout shows that options are stripped, so that the connection has fallen back.
    fn timeout_means_stripped(&mut self, now: Instant) -> bool {
        let silent = self.recovery.silent();
        if let Some(sf) = self.awaits_data_ack()
            && self.options_missing(sf, Evidence::Timeout { silent }, now)
        {
            return true;
        }
        // A DATA_FIN and nothing else was sent, and the peer never showed that it speaks MPTCP.
        let heard = self.mode.is_confirmed() || self.live().any(|subflow| subflow.receiving.option_seen());
        !heard && self.snd.sb_cc() == 0 && self.recovery.backoff() >= UNCONFIRMED_FINS && self.never_confirmed(now)
    }

    /// Queues the gap at the head of what is outstanding, if no live subflow carries it: its bytes were acknowledged
    /// by a subflow and thrown away above (no memory, beyond the window), or their subflow is gone.
    pub(super) fn continue_recovery(&mut self) {
        let una = self.snd.una();
        // On the only path TCP goes on trying, stalled or not: a copy under a new SSN, to a peer that fell back meanwhile, would
        // be new data there.
        let only = self.sole();
        let alive = |subflow: &&Subflow| !subflow.health.is_stalled() || only == Some(subflow.id);
        if !self.recovery.is_recovering(una)
            || self.live().filter(alive).any(|subflow| subflow.sending.maps().carries(una))
        {
            return;
        }
        let next = self.live().filter(alive).filter_map(|subflow| subflow.sending.maps().next_carried(una)).min();
        let most = una.saturating_add(GAP_MAX);
        let end = next.unwrap_or(u64::MAX).min(self.snd.nxt()).min(self.snd.end()).min(most);
        match self.reinject.add(una, end, &mut self.pool) {
            Ok(()) => self.request_output(),
            Err(NoMemory) => self.starved = true,
        }
    }

    /// Persist: nothing is in flight, and there is data. The window is closed, or every subflow that was asked for
    /// output had a reason not to send (no mbuf, say): no acknowledgement will ask again.
    pub(super) fn arm_persist(&mut self, now: Instant) {
        let stuck = self.snd.unmapped() > 0 && !self.snd.outstanding();
        if stuck && !self.timers.is_set(Timer::Persist) {
            let wait = recovery::once(self.slowest_rtt());
            self.timers.set(Timer::Persist, now + wait);
        }
    }

    /// A lost window update would stall the connection: one byte beyond the window draws an answer.
    pub(super) fn persist(&mut self, now: Instant) {
        if self.snd.unmapped() == 0 {
            return;
        }
        if self.snd.mappable() == 0 {
            self.probe_due = true;
        } else if self.snd.outstanding() {
            // The usual case: what was appended when the timer was set went out at once.
            return;
        }
        self.request_output();
        self.arm_persist(now);
    }
}

#[cfg(test)]
mod tests;
