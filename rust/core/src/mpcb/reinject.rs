//! Data that has to go out again, on another path: after a loss of the path, a stall, or a data-level timeout.
//!
//! RFC 8684 section 3.3.6. The subflow that carried the data first still delivers it as well.

use super::Mpcb;
use super::timer::Timer;
use crate::error::ConnError;
use crate::pool::{NoMemory, Pool};
use crate::range_map::RangeSet;
use crate::subflow::{Subflow, SubflowId, Wants};
use crate::time::Instant;
use core::time::Duration;

/// Bounds of the data-level retransmission timeout.
const RTO_MIN: Duration = Duration::from_millis(300);
const RTO_UNMEASURED: Duration = Duration::from_millis(1000);
const RTO_MAX: Duration = Duration::from_secs(60);
/// Data-level timeouts in a row, without any DATA_ACK, after which the peer is taken to be gone.
const SILENT: u8 = 12;
/// DATA_FINs to a peer that has not confirmed, after which it gets a FIN.
const UNCONFIRMED_FINS: u8 = 2;
/// A stalled path with a live one beside it is given up, and joined again, after so long.
const GIVE_UP: Duration = Duration::from_secs(6);

/// See the module's head.
#[derive(Debug)]
pub(super) struct Reinject {
    /// Data offsets to send again.
    queue: RangeSet,
    /// Data below this was outstanding at the last data-level timeout.
    recover: u64,
    /// Data below this was sent again opportunistically.
    opportunistic: u64,
    backoff: u8,
    /// When the last DATA_ACK moved.
    heard: Instant,
    /// Data-level timeouts since the last DATA_ACK of any kind.
    pub(super) silent: u8,
    /// One byte beyond the closed window may be mapped.
    pub(super) probe: bool,
}

impl Reinject {
    pub(super) const fn new() -> Self {
        Reinject {
            queue: RangeSet::new(),
            recover: 0,
            opportunistic: 0,
            backoff: 0,
            heard: Instant::ZERO,
            silent: 0,
            probe: false,
        }
    }

    /// Everything below `una` arrived. Returns whether the timeout had been backed off.
    pub(super) fn acked(&mut self, una: u64, now: Instant, pool: &mut Pool) -> bool {
        self.queue.remove_below(una, pool);
        self.heard = now;
        core::mem::take(&mut self.backoff) > 0
    }

    pub(super) fn sent(&mut self, from: u64, to: u64, pool: &mut Pool) {
        // A map begins at a range's start, so nothing is split and no memory is needed; were it refused, the
        // bytes would merely go out once more.
        let _split = self.queue.subtract(from, to, pool);
    }

    /// Nothing has to be sent again.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn forget(&mut self, pool: &mut Pool) {
        self.queue.clear(pool);
    }

    pub(super) fn clear(&mut self, pool: &mut Pool) {
        self.queue.clear(pool);
    }
}

impl Mpcb {
    /// The first queued range that `sf` may carry: not one that waits in its own maps already, for TCP sends that
    /// again by itself.
    pub(super) fn reinjection(&self, sf: SubflowId, most: u64) -> Option<(u64, u32)> {
        // While MP_FAIL is out, everything has to stay in line for the infinite mapping.
        let subflow = self.get(sf).filter(|_| self.fallback.is_none() && self.failing.is_none())?;
        let una = self.snd.una();
        for (start, end) in self.reinject.queue.iter() {
            let start = start.max(una);
            let end = end.min(self.snd.nxt()).min(self.snd.end());
            if start >= end || carries(subflow, start) {
                continue;
            }
            let len = end.saturating_sub(start).min(most);
            return Some((start, u32::try_from(len).ok()?));
        }
        None
    }

    /// Nothing new may be mapped because the window is full, and the oldest data is under way on a slower path: send
    /// it on this one too (NSDI 2012, opportunistic retransmission). Once for each byte.
    pub(super) fn opportunistic(&mut self, sf: SubflowId, most: u64) -> Option<(u64, u32)> {
        let una = self.snd.una();
        let blocked =
            self.fallback.is_none() && self.failing.is_none() && self.snd.unmapped() > 0 && una < self.snd.nxt();
        if !blocked || una < self.reinject.opportunistic {
            return None;
        }
        let me = self.get(sf).filter(|me| !me.metrics.srtt.is_zero() && !carries(me, una))?;
        let slower = self.live().find(|other| other.id != sf && carries(other, una))?;
        if slower.metrics.drain_time() <= me.metrics.srtt.saturating_mul(2) {
            return None;
        }
        let map = slower.maps.iter().find(|map| map.doff <= una && una < map.doff_end())?;
        let len = map.doff_end().min(self.snd.end()).saturating_sub(una).min(most);
        self.reinject.opportunistic = una.saturating_add(len);
        Some((una, u32::try_from(len).ok()?))
    }

    /// Queues what a subflow has mapped and the peer has not DATA_ACKed, as far as it was not queued before.
    pub(super) fn queue_maps_of(&mut self, sf: SubflowId) {
        let una = self.snd.una();
        let queue = &mut self.reinject.queue;
        let pool = &mut self.pool;
        let Some(subflow) = self.subflows.get_mut(sf.index()).and_then(Option::as_mut) else {
            return;
        };
        let mut queued = subflow.next_ssn;
        for map in subflow.maps.iter().filter(|map| map.ssn >= subflow.reinjected) {
            if queue.insert(map.doff.max(una), map.doff_end(), pool).is_err() {
                // The next stall, or the data-level timeout, will find it.
                queued = map.ssn;
                break;
            }
        }
        subflow.reinjected = queued;
    }

    /// The subflow's own retransmission timer fired.
    pub fn subflow_rto(&mut self, sf: SubflowId, now: Instant) {
        if let Some(subflow) = self.get_mut(sf)
            && subflow.is_established()
            && !subflow.maps.is_empty()
        {
            subflow.health.loss(now);
            self.stir();
            self.stalled(sf, now);
        }
    }

    /// Nothing came back on a subflow for longer than its round trip explains.
    pub(super) fn stall_timer(&mut self, sf: SubflowId, now: Instant) {
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        let late = subflow.health.deadline(&subflow.metrics).is_some_and(|at| at <= now);
        if late {
            subflow.health.loss(now);
            self.stalled(sf, now);
        }
    }

    fn stalled(&mut self, sf: SubflowId, now: Instant) {
        self.stats.stalls = self.stats.stalls.saturating_add(1);
        if self.fallback.is_some() {
            return;
        }
        if !self.live().any(|other| other.id != sf && other.is_established()) {
            // Nobody else could carry it; its own TCP goes on trying.
            return;
        }
        self.queue_maps_of(sf);
        let alternative =
            self.live().any(|other| other.id != sf && other.is_established() && !other.health.is_stalled());
        let loss_cnt = self.cfg.timers.stale_loss_cnt;
        let give_up = self.get(sf).is_some_and(|subflow| {
            subflow.initiator
                && subflow.health.losses() >= loss_cnt
                && subflow.health.stalled_for(now) >= GIVE_UP
                && self.pm.may_rejoin(subflow.pair())
        });
        if alternative && give_up && !self.is_closing() {
            // Its TCP would back off for longer and longer; a new join finds out sooner whether the path is back.
            self.reset_subflow(sf, mptcp_wire::RstReason::BAD_PERFORMANCE, true);
        }
        self.kick();
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

    fn data_rto_wait(&self) -> Duration {
        let base = self.slowest_rtt().map_or(RTO_UNMEASURED, |rtt| rtt.saturating_mul(2).max(RTO_MIN));
        let factor = 1_u32.checked_shl(u32::from(self.reinject.backoff)).unwrap_or(u32::MAX);
        base.saturating_mul(factor).min(RTO_MAX)
    }

    /// Plain TCP has no data-level timeout: the subflow's TCP decides how long it tries.
    pub(super) fn arm_data_rto(&mut self, now: Instant) {
        if self.fallback.is_some() {
            return;
        }
        let wait = self.data_rto_wait();
        self.timers.set(Timer::DataRto, now + wait);
    }

    /// No DATA_ACK for too long: the oldest data, if no subflow is carrying it any more, and the DATA_FIN go out again.
    pub(super) fn data_rto(&mut self, now: Instant) {
        if !self.snd.outstanding() {
            return;
        }
        let due = self.reinject.heard + self.data_rto_wait();
        if now < due {
            // There was a DATA_ACK since the timer was set.
            return self.timers.set(Timer::DataRto, due);
        }
        self.stats.data_rtos = self.stats.data_rtos.saturating_add(1);
        if self.reinject.silent >= SILENT {
            return self.end(ConnError::TimedOut);
        }
        self.reinject.silent = self.reinject.silent.saturating_add(1);
        if let Some(sf) = self.acked_but_bare() {
            self.bare_too_long(sf, now);
        }
        let unheard = !self.confirmed && !self.live().any(|subflow| subflow.option_seen);
        if unheard && self.snd.sb_cc() == 0 && self.reinject.backoff >= UNCONFIRMED_FINS {
            // A DATA_FIN and nothing else was sent, and the peer never showed that it speaks MPTCP.
            self.stripped_on_our_way(now);
        }
        if self.fallback.is_some() {
            return;
        }
        self.reinject.backoff = self.reinject.backoff.saturating_add(1).min(16);
        self.reinject.opportunistic = self.snd.una();
        // On the only path the first timeout sends nothing again: were options stripped on the way, the peer would
        // take it for new data before its MP_FAIL has come.
        let hasty = self.sole().is_some() && self.reinject.backoff == 1;
        let bare = self.sole().is_some() && self.acked_but_bare().is_some();
        if self.failing.is_none() && !hasty && !bare {
            self.reinject.recover = self.snd.nxt();
            self.continue_recovery();
        }
        if self.snd.fin_due().is_some() {
            // On every path: nothing else may be in flight that would show which one is dead.
            for subflow in self.live_mut().filter(|subflow| subflow.is_established()) {
                subflow.wants.insert(Wants::ACK);
            }
        }
        self.arm_data_rto(now);
        self.kick();
    }

    /// Queues the gap at the head of what is outstanding, if no live subflow carries it: its bytes were acknowledged
    /// by a subflow and thrown away above (no memory, beyond the window), or their subflow is gone.
    pub(super) fn continue_recovery(&mut self) {
        let una = self.snd.una();
        let alive = |subflow: &&Subflow| !subflow.health.is_stalled();
        if una >= self.reinject.recover || self.live().filter(alive).any(|subflow| carries(subflow, una)) {
            return;
        }
        let next =
            self.live().filter(alive).filter_map(|s| s.maps.iter().map(|m| m.doff).filter(|d| *d > una).min()).min();
        let end = next.unwrap_or(u64::MAX).min(self.snd.nxt()).min(self.snd.end()).min(una.saturating_add(65_535));
        match self.reinject.queue.insert(una, end, &mut self.pool) {
            Ok(()) => self.kick(),
            Err(NoMemory) => self.starved = true,
        }
    }

    /// Persist: nothing is in flight, and there is data. The window is closed, or every subflow that was asked for
    /// output had a reason not to send (no mbuf, say): no acknowledgement will ask again.
    pub(super) fn arm_persist(&mut self, now: Instant) {
        let stuck = self.snd.unmapped() > 0 && !self.snd.outstanding();
        if stuck && !self.timers.is_set(Timer::Persist) {
            let wait = self.slowest_rtt().map_or(RTO_UNMEASURED, |rtt| rtt.saturating_mul(2).max(RTO_MIN));
            self.timers.set(Timer::Persist, now + wait);
        }
    }

    /// A lost window update would stall the connection: one byte beyond the window draws an answer.
    pub(super) fn persist(&mut self, now: Instant) {
        if self.snd.unmapped() == 0 {
            return;
        }
        if self.snd.mappable() == 0 {
            self.reinject.probe = true;
        } else if self.snd.outstanding() {
            // The usual case: what was appended when the timer was set went out at once.
            return;
        }
        self.kick();
        self.arm_persist(now);
    }
}

/// Whether the subflow has the byte at `doff` in a map that it has not acknowledged.
fn carries(subflow: &Subflow, doff: u64) -> bool {
    subflow.maps.min_doff().is_some_and(|min| min <= doff)
        && subflow.maps.iter().any(|map| map.doff <= doff && doff < map.doff_end())
}
