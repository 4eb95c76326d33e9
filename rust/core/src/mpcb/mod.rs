//! The MPCB: one multipath connection.
//!
//! Its parts decide (`reass`, `sockbuf`, `ds_map`, `sched`, `pm`, `subflow`); the MPCB routes between them. The files of
//! this folder are the routes, one for each kind of event. Everything here is called with the connection's
//! MP_LOCK held, never calls out and is never re-entered; see the crate's head for the contract.

mod ack;
mod action;
mod calm;
mod close;
mod data_in;
mod data_out;
mod fallback;
mod input;
mod join;
mod lifetime;
mod observe;
mod options_in;
mod paths;
mod reinject;
mod sync;
mod timer;

pub use action::{Action, Wakes};
pub use data_in::RxStep;
pub use data_out::{Grant, MapGrant, Want};
pub use input::{SegIn, SegVerdict};
pub use join::{JoinRequest, join_token};

use crate::config::Config;
use crate::error::ConnError;
use crate::handshake::{Agreed, FallbackReason};
use crate::pm::Pm;
use crate::pool::{NoMemory, Pool};
use crate::reass::Reass;
use crate::sockbuf::{RcvWindow, SndBuf};
use crate::stats::Stats;
use crate::subflow::{Metrics, Subflow, SubflowId, SubflowState};
use action::ConnWants;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;
use fallback::Fallback;
use reinject::Reinject;
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
    subflows: Vec<Option<Subflow>>,
    snd: SndBuf,
    sb_hiwat: u64,
    reinject: Reinject,
    rcv: RcvWindow,
    /// Right edge that the peer was last told of by an ACK that we asked for.
    told_edge: u64,
    reass: Reass,
    /// The piece that [`RxStep::Hold`] was answered for.
    holding: Option<data_in::Holding>,
    pm: Pm,
    timers: TimerTable,
    calm: calm::Calm,
    /// The peer has shown that it speaks MPTCP on this connection (a DSS, or MP_CAPABLE on data).
    confirmed: bool,
    long_ack: bool,
    peer_fin: Option<u64>,
    peer_fin_taken: bool,
    fallback: Option<Fallback>,
    /// MP_FAIL was sent on the only subflow; the peer's infinite mapping is awaited.
    failing: Option<u64>,
    /// How often that MP_FAIL was repeated.
    fail_asks: u8,
    /// The application has closed its socket.
    detached: bool,
    over: Option<ConnError>,
    wants: ConnWants,
    last_rx: SubflowId,
    /// Data below this offset was thrown away at least once although a subflow had acknowledged it.
    thrown: u64,
    /// There was a second subflow at some time: what one of them carries need not be in data order.
    multi: bool,
    /// A map was refused memory while nothing was in flight that could bring another occasion.
    starved: bool,
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
        let mut master = Subflow::new(SubflowId::MASTER, SubflowState::Established, start.local, start.remote);
        master.initiator = agreed.role == crate::handshake::Role::Active;
        let mut confirmed = false;
        if let Some(data) = agreed.first_data {
            // RFC 8684 section 3.1: the mapping of the first data begins with the first byte on both levels.
            confirmed = true;
            let csum = data.csum.filter(|_| agreed.checksum);
            let csum = csum.map(|csum| crate::ds_map::MapSum { csum, wire_len: data.len });
            if master.rx.record(1, u64::from(data.len), 1, csum, &mut pool) == crate::ds_map::Recorded::NoMemory {
                return Err(NoMemory);
            }
            master.dss_seen = true;
        }
        subflows.push(Some(master));
        Ok(Mpcb {
            agreed: *agreed,
            cfg: *cfg,
            pool,
            subflows,
            snd: SndBuf::new(start.snd_window),
            sb_hiwat: SB_HIWAT,
            reinject: Reinject::new(),
            rcv: RcvWindow::new(start.rcv_space),
            told_edge: 1_u64.saturating_add(u64::from(start.rcv_space)),
            reass: Reass::new(1),
            holding: None,
            pm: Pm::new(agreed, cfg, start.local, start.remote),
            timers: TimerTable::new(),
            calm: calm::Calm::new(),
            confirmed,
            long_ack: false,
            peer_fin: None,
            peer_fin_taken: false,
            fallback: None,
            failing: None,
            fail_asks: 0,
            detached: false,
            over: None,
            wants: ConnWants::empty(),
            last_rx: SubflowId::MASTER,
            thrown: 0,
            multi: false,
            starved: false,
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
        self.fallback.as_ref().map(|fallback| fallback.reason)
    }

    /// How the connection ended, if it did.
    #[must_use]
    pub const fn ended(&self) -> Option<ConnError> {
        self.over
    }

    /// The peer has shown that it speaks MPTCP here; joins are possible.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed
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
        // Deadlines follow the round trip; one that grows needs no new look.
        let sooner = subflow.metrics.srtt.is_zero() || metrics.srtt.saturating_mul(2) < subflow.metrics.srtt;
        subflow.measured(metrics);
        if sooner {
            self.stir();
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
            local: subflow.local,
            remote: subflow.remote,
            local_id: subflow.local_id,
            remote_id: subflow.remote_id,
            backup: subflow.backup,
            peer_backup: subflow.peer_backup,
            stalled: subflow.health.is_stalled(),
            bytes_mapped: subflow.bytes_mapped,
            bytes_received: subflow.bytes_received,
            maps: subflow.maps.len(),
            rx_maps: subflow.rx.len(),
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
            .filter(|subflow| subflow.is_established() && !subflow.metrics.srtt.is_zero())
            .map(|subflow| subflow.metrics.srtt.saturating_add(subflow.metrics.rttvar.saturating_mul(4)))
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
