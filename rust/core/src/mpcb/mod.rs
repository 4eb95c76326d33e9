//! The MPCB: one multipath connection.
//!
//! Its parts decide (`reass`, `sockbuf`, `ds_map`, `sched`, `pm`, `subflow`); the MPCB routes between them. The files of
//! this folder are the routes, one for each kind of event. Everything here is called with the connection's
//! MP_LOCK held, never calls out and is never re-entered; see the crate's head for the contract.

mod action;
mod addresses;
mod close;
mod damaged;
mod data_ack;
mod data_in;
mod data_out;
mod due;
mod joins;
mod missing_options;
mod mode;
mod options;
mod plain;
mod probe;
mod rescue;
mod retransmit;
mod segment;
mod stall;
mod subflow_end;
mod sync;
mod timer;
mod window;

pub use action::{Action, Wakes};
pub use data_in::RxStep;
pub use data_out::{Grant, MapGrant, Want};
pub use joins::{JoinRequest, join_token};
pub use segment::{SegIn, SegVerdict};

use crate::config::Config;
use crate::ending::Ending;
use crate::error::ConnError;
use crate::handshake::{Agreed, FallbackReason, Role};
use crate::pm::Pm;
use crate::pool::{NoMemory, Pool};
use crate::reass::Reass;
use crate::recovery::Recovery;
use crate::reinject::Reinject;
use crate::sockbuf::{RcvWindow, SndBuf};
use crate::stats::Stats;
use crate::subflow::{Ends, Metrics, Subflow, SubflowId, SubflowState};
use crate::time::Instant;
use action::ConnWants;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;
use mode::Mode;
use mptcp_wire::RstReason;
use rescue::Rescue;
use timer::TimerTable;

/// Memory that one connection may use for maps and out-of-order ranges, in bytes.
pub const POOL_LIMIT: usize = 32 << 20;

/// Send-buffer capacity assumed until the caller tells (`sb_hiwat`), in bytes.
const SB_HIWAT: u64 = 1 << 20;

/// What the connection starts with, beside what was agreed.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Our address and port on the first subflow.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Window that the peer advertised last in the handshake, in bytes, scaled.
    pub snd_window: u32,
    /// Bytes free in `so_rcv`.
    pub rcv_space: u32,
}

/// One multipath connection. Under MP_LOCK.
#[derive(Debug)]
pub struct Mpcb {
    agreed: Agreed,
    cfg: Config,
    pool: Pool,
    mode: Mode,
    subflows: Vec<Option<Subflow>>,
    /// There was a second subflow at some time: what one of them carries need not be in data order.
    had_joins: bool,
    snd: SndBuf,
    sb_hiwat: u64,
    recovery: Recovery,
    reinject: Reinject,
    /// One byte beyond the closed window may be mapped.
    probe_due: bool,
    /// No path is probed before.
    probe_free: Instant,
    /// A map was refused memory while nothing was in flight that could bring another occasion.
    starved: bool,
    rcv: RcvWindow,
    /// Right edge that the peer was last told of by an ACK that we asked for.
    advertised_edge: u64,
    reass: Reass,
    /// The piece that [`RxStep::Hold`] was answered for.
    holding: Option<data_in::Holding>,
    /// Data below this offset was thrown away at least once although a subflow had acknowledged it.
    discarded_below: u64,
    /// The peer sends 64-bit DSNs.
    long_ack: bool,
    last_rx: SubflowId,
    ending: Ending,
    pm: Pm,
    rescue: Rescue,
    timers: TimerTable,
    due: due::NextDue,
    wants: ConnWants,
    stats: Stats,
}

impl Mpcb {
    /// A connection whose handshake has just succeeded; its first subflow ([`SubflowId::MASTER`]) is established.
    ///
    /// # Errors
    /// [`NoMemory`]: the connection goes on as plain TCP.
    pub fn new(agreed: &Agreed, cfg: &Config, start: &Start) -> Result<Mpcb, NoMemory> {
        Self::with_pool(agreed, cfg, start, Pool::new(POOL_LIMIT))
    }

    /// Like [`Mpcb::new`], with a budget of the caller's.
    ///
    /// # Errors
    /// [`NoMemory`]: the connection goes on as plain TCP.
    pub fn with_pool(agreed: &Agreed, cfg: &Config, start: &Start, mut pool: Pool) -> Result<Mpcb, NoMemory> {
        let mut subflows = Vec::new();
        pool.reserve_vec(&mut subflows, 1)?;
        let ends = Ends { initiator: agreed.role == Role::Active, ..Ends::new(start.local, start.remote) };
        let mut master = Subflow::new(SubflowId::MASTER, SubflowState::Established, ends);
        let mut mode = Mode::Unconfirmed;
        if let Some(data) = agreed.first_data {
            mode = Mode::Multipath;
            master.receiving.note_dss();
            if agreed.checksum == data.csum.is_some() {
                // RFC 8684 section 3.1: the mapping of the first data begins with the first byte on both levels.
                let csum = data.csum.map(|csum| crate::ds_map::MapSum { csum, wire_len: data.len });
                let recorded = master.receiving.record(1, u64::from(data.len), 1, csum, &mut pool);
                if recorded == crate::ds_map::Recorded::NoMemory {
                    return Err(NoMemory);
                }
            } else {
                // RFC 8684 section 3.3: as with every other map.
                master.reset_because(RstReason::MPTCP_ERROR, false);
            }
        }
        subflows.push(Some(master));
        Ok(Mpcb {
            agreed: *agreed,
            cfg: *cfg,
            pool,
            mode,
            subflows,
            had_joins: false,
            snd: SndBuf::new(start.snd_window),
            sb_hiwat: SB_HIWAT,
            recovery: Recovery::new(),
            reinject: Reinject::new(),
            probe_due: false,
            probe_free: Instant::ZERO,
            starved: false,
            rcv: RcvWindow::new(start.rcv_space),
            advertised_edge: 1_u64.saturating_add(u64::from(start.rcv_space)),
            reass: Reass::new(1, cfg.reass_maxqueuelen),
            holding: None,
            discarded_below: 0,
            long_ack: false,
            last_rx: SubflowId::MASTER,
            ending: Ending::new(),
            pm: Pm::new(agreed, cfg, start.local, start.remote),
            rescue: Rescue::new(),
            timers: TimerTable::new(),
            due: due::NextDue::new(),
            wants: ConnWants::empty(),
            stats: Stats::default(),
        })
    }

    /// What was agreed in the handshake.
    #[must_use]
    pub const fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// Counters.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Why the connection fell back to plain TCP, if it did.
    #[must_use]
    pub fn fallback_reason(&self) -> Option<FallbackReason> {
        self.mode.fallback_reason()
    }

    /// How the connection ended, if it did.
    #[must_use]
    pub const fn ended(&self) -> Option<ConnError> {
        self.mode.ended()
    }

    /// The peer has shown that it speaks MPTCP here; joins are possible.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.mode.is_confirmed()
    }

    /// Memory in use and the most ever used, in bytes; how often memory was refused.
    #[must_use]
    pub const fn memory(&self) -> (usize, usize, u64) {
        (self.pool.used(), self.pool.peak(), self.pool.refusals())
    }

    /// The budget, for tests that make requests fail.
    #[cfg(any(test, feature = "testing"))]
    pub fn pool_mut(&mut self) -> &mut Pool {
        &mut self.pool
    }

    /// Tells what the caller's TCP measured on a subflow.
    pub fn subflow_metrics(&mut self, sf: SubflowId, metrics: &Metrics) {
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        if subflow.health.measured(metrics) {
            self.invalidate();
        }
    }

    /// State of a subflow, or `None` where there is none of that id.
    #[must_use]
    pub fn subflow_state(&self, sf: SubflowId) -> Option<SubflowState> {
        self.get(sf).map(|subflow| subflow.state)
    }

    /// Ids of the subflows that there are.
    pub fn subflow_ids(&self) -> impl Iterator<Item = SubflowId> + '_ {
        self.live().map(|subflow| subflow.id)
    }

    /// A subflow as an observer sees it.
    #[must_use]
    pub fn subflow_info(&self, sf: SubflowId) -> Option<SubflowInfo> {
        let subflow = self.get(sf)?;
        Some(SubflowInfo {
            id: sf,
            state: subflow.state,
            local: subflow.ends.local,
            remote: subflow.ends.remote,
            local_id: subflow.ends.local_id,
            remote_id: subflow.ends.remote_id,
            backup: subflow.backup,
            peer_backup: subflow.peer_backup,
            stalled: subflow.health.is_stalled(),
            bytes_mapped: subflow.sending.bytes_mapped(),
            bytes_received: subflow.receiving.bytes(),
            maps: subflow.sending.maps().len(),
            rx_maps: subflow.receiving.maps_waiting(),
        })
    }

    /// Gives back all memory; the tokens of held buffers come out one by one first. Call until `None`, then drop.
    pub fn tear_down(&mut self) -> Option<u64> {
        if let Some(token) = self.holding.take().and_then(|holding| holding.token) {
            return Some(token);
        }
        if let Some(token) = self.reass.drain(&mut self.pool) {
            return Some(token);
        }
        for subflow in self.subflows.iter_mut().filter_map(Option::as_mut) {
            subflow.clear(&mut self.pool);
        }
        self.reinject.clear(&mut self.pool);
        self.pm.clear(&mut self.pool);
        self.pool.release_vec(core::mem::take(&mut self.subflows));
        None
    }

    /// Data offset of the first byte that is not DATA_ACKed. It moves only forward.
    #[must_use]
    pub const fn snd_una(&self) -> u64 {
        self.snd.una()
    }

    fn get(&self, sf: SubflowId) -> Option<&Subflow> {
        self.subflows.get(sf.index())?.as_ref()
    }

    fn get_mut(&mut self, sf: SubflowId) -> Option<&mut Subflow> {
        self.subflows.get_mut(sf.index())?.as_mut()
    }

    fn live(&self) -> impl Iterator<Item = &Subflow> {
        self.subflows.iter().filter_map(Option::as_ref)
    }

    fn live_mut(&mut self) -> impl Iterator<Item = &mut Subflow> {
        self.subflows.iter_mut().filter_map(Option::as_mut)
    }

    /// The only subflow that can have carried data, where there is exactly one.
    fn sole(&self) -> Option<SubflowId> {
        let carried = |subflow: &&Subflow| matches!(subflow.state, SubflowState::Established | SubflowState::Closing);
        let mut live = self.live().filter(carried);
        let first = live.next()?.id;
        live.next().is_none().then_some(first)
    }

    /// A free slot, made where necessary.
    fn free_slot(&mut self) -> Result<SubflowId, NoMemory> {
        if let Some(at) = self.subflows.iter().position(Option::is_none) {
            return u8::try_from(at).map(SubflowId).map_err(|_| NoMemory);
        }
        let id = u8::try_from(self.subflows.len()).map_err(|_| NoMemory)?;
        self.pool.reserve_vec(&mut self.subflows, 1)?;
        self.subflows.push(None);
        Ok(SubflowId(id))
    }

    fn put(&mut self, subflow: Subflow) {
        let at = subflow.id.index();
        if let Some(slot) = self.subflows.get_mut(at) {
            *slot = Some(subflow);
        }
    }

    /// Longest smoothed round trip with its spread, of the subflows that carry data.
    fn slowest_rtt(&self) -> Option<Duration> {
        self.live()
            .filter(|subflow| subflow.is_established())
            .map(|subflow| subflow.health.metrics())
            .filter(|metrics| !metrics.srtt.is_zero())
            .map(|metrics| metrics.srtt.saturating_add(metrics.rttvar.saturating_mul(4)))
            .max()
    }
}

/// A subflow as an observer sees it ([`Mpcb::subflow_info`]).
#[derive(Clone, Copy, Debug)]
pub struct SubflowInfo {
    /// Its id.
    pub id: SubflowId,
    /// Its state.
    pub state: SubflowState,
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Our address id.
    pub local_id: u8,
    /// The peer's.
    pub remote_id: u8,
    /// We asked the peer to use it only when nothing else works.
    pub backup: bool,
    /// The peer asked us to.
    pub peer_backup: bool,
    /// Nothing comes back at present.
    pub stalled: bool,
    /// Payload bytes mapped to it.
    pub bytes_mapped: u64,
    /// Payload bytes taken from it.
    pub bytes_received: u64,
    /// Maps that it has not acknowledged (`t_txmaps`).
    pub maps: usize,
    /// Maps of the peer that wait (`t_rxmaps`).
    pub rx_maps: usize,
}

#[cfg(test)]
mod tests;
