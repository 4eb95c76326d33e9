//! `mp_get_map()`: a subflow asks for data to send.

use super::Mpcb;
use super::timer::Timer;
use crate::ds_map::DsMap;
use crate::output::SubflowTx;
use crate::sched::{self, BufferView, PathView, Share};
use crate::seq;
use crate::subflow::{Subflow, SubflowId, Wants};
use crate::time::Instant;
use mptcp_wire::checksum::{Sum, dss_checksum};

/// Longest map: the option's length field has 16 bits.
const MAX_MAP: u64 = 65_535;

/// What a subflow that asks for a map could send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Want {
    /// Payload bytes that its TCP could send now.
    pub room: u32,
    /// Maximum payload of one segment with its DSS, bytes.
    pub mss: u32,
}

/// A map that may be committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Data offset of the first byte (see [`crate::seq`]).
    pub doff: u64,
    /// The same as offset into `so_snd`, in bytes from its head.
    pub off: u64,
    /// Bytes.
    pub len: u32,
    /// SSN of the first byte.
    pub ssn: u64,
    /// [`Mpcb::map_commit`] needs the ones' complement sum of the bytes.
    pub need_sum: bool,
}

/// Answer of [`Mpcb::mp_get_map`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapGrant {
    /// Queue these bytes on the subflow, then commit.
    Map(Grant),
    /// Nothing to send on this subflow now.
    Nothing,
    /// There would be, but there is no memory for a map; ask again with the next ACK.
    NoMemory,
}

impl Mpcb {
    /// The application appended `bytes` to `so_snd`.
    pub fn snd_append(&mut self, bytes: u32, now: Instant) {
        self.snd.append(u64::from(bytes));
        self.request_output();
        self.arm_persist(now);
    }

    /// Capacity of `so_snd` in bytes (`sb_hiwat`).
    pub fn set_snd_hiwat(&mut self, bytes: u32) {
        self.sb_hiwat = u64::from(bytes);
    }

    /// Bytes without DATA_ACK.
    #[must_use]
    pub fn sb_cc(&self) -> u64 {
        self.snd.sb_cc()
    }

    /// Bytes held in `so_snd`.
    #[must_use]
    pub fn sb_actual(&self) -> u64 {
        self.snd.sb_actual()
    }

    /// Bytes that the application may append: `sb_hiwat` bounds what is not DATA_ACKed.
    #[must_use]
    pub fn snd_space(&self) -> u64 {
        self.sb_hiwat.saturating_sub(self.snd.sb_cc())
    }

    /// Bytes to drop from the head of `so_snd` now: those that a DATA_ACK has passed. A subflow whose map refers to them
    /// keeps its own copy of them, or reference to them, until its TCP has an acknowledgement (RFC 8684 section 3.3.2).
    pub fn snd_release(&mut self) -> u32 {
        u32::try_from(self.snd.release()).unwrap_or(u32::MAX)
    }

    /// Whether there are bytes without a map, or to be sent on another subflow as well: some subflow could be granted
    /// a map.
    #[must_use]
    pub fn snd_pending(&self) -> bool {
        self.snd.unmapped() > 0 || !self.reinject.is_empty()
    }

    /// Which bytes the subflow should send next. Called when it has no unsent mapped bytes and its TCP could send.
    /// This answers an [`super::Action::Output`] for it that was not polled yet.
    pub fn mp_get_map(&mut self, sf: SubflowId, tx: &mut SubflowTx, want: &Want) -> MapGrant {
        if let Some(subflow) = self.get_mut(sf) {
            subflow.pending.wants.remove(Wants::OUTPUT);
        }
        if !self.snd_pending() || self.mode.is_over() || want.room == 0 || !self.may_carry(sf) {
            return MapGrant::Nothing;
        }
        let most = self.longest_map(want);
        let Some((doff, len)) = self.reinjection(sf, most).or_else(|| self.new_data(sf, want, most)) else {
            return MapGrant::Nothing;
        };
        let pool = &mut self.pool;
        let Some(subflow) = self.subflows.get_mut(sf.index()).and_then(Option::as_mut) else {
            return MapGrant::Nothing;
        };
        if subflow.sending.reserve(doff, pool).and_then(|()| tx.reserve(pool)).is_err() {
            self.starved |= subflow.sending.maps().is_empty();
            return MapGrant::NoMemory;
        }
        MapGrant::Map(Grant {
            doff,
            off: doff.saturating_sub(self.snd.base()),
            len,
            ssn: subflow.sending.next_ssn(),
            need_sum: self.agreed.checksum && !self.mode.is_plain(),
        })
    }

    /// The granted bytes are queued on the subflow. Returns false, with nothing changed, where the grant is stale
    /// (another map was granted in between) or the sum that it needs is missing.
    pub fn map_commit(
        &mut self,
        sf: SubflowId,
        tx: &mut SubflowTx,
        grant: &Grant,
        sum: Option<Sum>,
        now: Instant,
    ) -> bool {
        let fresh = grant.doff >= self.snd.nxt();
        let idsn = self.agreed.local.idsn;
        let csum = match (grant.need_sum, sum) {
            (false, _) => None,
            (true, Some(sum)) => {
                let len = u16::try_from(grant.len).unwrap_or(u16::MAX);
                Some(dss_checksum(idsn.wrapping_add(grant.doff), seq::wire_ssn(grant.ssn), len, sum))
            }
            (true, None) => return false,
        };
        let next = self.snd.nxt();
        let all_acked = self.snd.una() == next;
        let pool = &mut self.pool;
        let Some(subflow) = self.subflows.get_mut(sf.index()).and_then(Option::as_mut) else {
            return false;
        };
        if subflow.sending.next_ssn() != grant.ssn || (fresh && grant.doff != next) {
            return false;
        }
        let map = DsMap { ssn: grant.ssn, doff: grant.doff, len: grant.len, csum };
        if !subflow.sending.commit(map, all_acked, pool) || !tx.push(map) {
            return false;
        }
        if subflow.health.sent(now) {
            self.invalidate();
        }
        self.committed(&map, fresh, now);
        true
    }

    fn committed(&mut self, map: &DsMap, fresh: bool, now: Instant) {
        if fresh {
            self.stats.maps_new = self.stats.maps_new.saturating_add(1);
            if map.doff_end() > self.snd.edge() && !self.mode.is_plain() {
                self.stats.window_probes = self.stats.window_probes.saturating_add(1);
            }
            self.snd.mapped(u64::from(map.len));
            self.probe_due = false;
        } else {
            self.stats.maps_reinjected = self.stats.maps_reinjected.saturating_add(1);
            self.stats.bytes_reinjected = self.stats.bytes_reinjected.saturating_add(u64::from(map.len));
            self.reinject.sent(map.doff, map.doff_end(), &mut self.pool);
        }
        if !self.mode.is_plain() && !self.timers.is_set(Timer::DataRto) {
            self.arm_data_rto(now);
        }
        self.fin_progress(now);
    }

    fn longest_map(&self, want: &Want) -> u64 {
        let mss = u64::from(want.mss.max(1));
        let room = u64::from(want.room).min(MAX_MAP);
        if self.cfg.single_packet_maps {
            return room.min(mss);
        }
        // Whole segments, so that no short one ends every map.
        let whole = room.checked_div(mss).unwrap_or(0).saturating_mul(mss);
        if whole == 0 { room } else { whole }
    }

    fn new_data(&mut self, sf: SubflowId, want: &Want, most: u64) -> Option<(u64, u32)> {
        let doff = self.snd.nxt();
        let mappable = if self.mode.is_plain() { self.snd.unmapped() } else { self.snd.mappable() };
        if self.is_silly(mappable, want) {
            return self.opportunistic(sf, most);
        }
        if mappable == 0 {
            if self.probe_due && self.snd.unmapped() > 0 {
                return Some((doff, 1));
            }
            return self.opportunistic(sf, most);
        }
        let buffer =
            BufferView { unmapped: self.snd.unmapped(), mappable, sb_cc: self.snd.sb_cc(), sb_hiwat: self.sb_hiwat };
        let me = path_view(self.get(sf)?, want.mss);
        let share = {
            let mut paths = self.live().filter(|subflow| self.may_carry(subflow.id)).map(|s| path_view(s, want.mss));
            sched::share(self.cfg.scheduler, &me, &mut paths, &buffer, most)
        };
        match share {
            Share::Bytes(len) => (len > 0).then(|| (doff, u32::try_from(len).unwrap_or(u32::MAX))),
            Share::LeaveTo(other) => {
                self.pass_on(other);
                None
            }
        }
    }

    /// RFC 9293 section 3.8.6.2.1: a window that admits less than a segment is left alone while something is outstanding. A peer that
    /// opens it byte by byte would else be given a map for each byte.
    fn is_silly(&self, mappable: u64, want: &Want) -> bool {
        let short = mappable < u64::from(want.mss) && mappable < self.snd.unmapped();
        !self.mode.is_plain() && mappable > 0 && short && self.snd.outstanding()
    }

    /// The scheduler leaves data to `sf`. What that one was asked before may have been answered "not now", under
    /// other round trips; while it is idle no acknowledgement asks it again.
    fn pass_on(&mut self, sf: SubflowId) {
        if let Some(subflow) = self.get_mut(sf)
            && subflow.sending.in_flight() == 0
        {
            subflow.want(Wants::OUTPUT);
        }
    }

    /// Whether a subflow may take data now: established, not stalled, no backup; where there is no such one, any
    /// that is established.
    pub(super) fn may_carry(&self, sf: SubflowId) -> bool {
        let Some(subflow) = self.get(sf).filter(|subflow| subflow.is_established()) else {
            return false;
        };
        let rank = |subflow: &Subflow| (subflow.health.is_stalled(), subflow.is_backup());
        let mine = rank(subflow);
        let best = self.live().filter(|subflow| subflow.is_established()).map(rank).min();
        best.is_none_or(|best| mine <= best)
    }
}

fn path_view(subflow: &Subflow, mss: u32) -> PathView {
    PathView {
        id: subflow.id,
        srtt: subflow.expected_rtt(),
        cwnd: u64::from(subflow.health.metrics().cwnd),
        in_flight: subflow.sending.in_flight(),
        mss: u64::from(subflow.health.metrics().mss.max(mss)),
    }
}
