//! One connection of the host: the application's buffers, its TCP flows, and the level that joins them.

mod data_in;
mod data_out;
mod handshake;
mod join;
mod multipath;
mod plain;
mod segment_options;
mod view;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use mptcp_core::config::AddressList;
use mptcp_core::error::{ConnError, SubflowEnd};
use mptcp_core::handshake::{FallbackReason, Opener, Responder};
use mptcp_core::mpcb::{JoinRequest, Mpcb, RxStep};
use mptcp_core::output::SubflowTx;
use mptcp_core::subflow::SubflowId;
use mptcp_core::time::Instant;

use super::ConnId;
use super::buffer::Octets;
use super::packet::TcpSegment;
use super::shared::{Shared, Slot};
use super::tcp::{Acceptance, Arrival, FlowEnd, TcpFlow};
pub use view::{ConnState, ConnStats, SubflowStats};

/// Subflows that are no more are remembered, so many of them.
const MOST_PAST: usize = 32;

/// What joins the flows of a connection.
enum Level {
    /// Our SYN with MP_CAPABLE is on its way.
    Opening(Opener),
    /// Our SYN/ACK with MP_CAPABLE is on its way.
    Responding(Responder),
    /// Multipath TCP.
    Multipath(Box<Mpcb>),
    /// Plain TCP, for the given reason.
    Plain(FallbackReason),
}

/// What a flow is to its connection.
#[derive(Clone, Copy, Debug)]
enum Role {
    /// The flow on which the connection was, or is being, opened.
    First,
    /// A flow that we open to join.
    Joining,
    /// A flow on which the peer joins; its third ACK has not come.
    Joined(JoinRequest),
    /// A flow that no longer belongs to the connection: TCP is finishing on its own.
    Parted,
}

/// One flow and what the multipath level needs for it.
struct Subflow {
    flow: TcpFlow,
    role: Role,
    id: Option<SubflowId>,
    tx: Option<SubflowTx>,
    /// The multipath level was told of the peer's FIN.
    fin_told: bool,
}

/// One connection.
pub(crate) struct Conn {
    id: ConnId,
    /// The listening port it came from, where it was accepted.
    pub(crate) listener: Option<u16>,
    local: SocketAddr,
    remote: SocketAddr,
    level: Level,
    /// Our token, as long as peers may join by it.
    token: Option<u32>,
    subflows: BTreeMap<Slot, Subflow>,
    /// What subflows did that are no more, the latest last.
    past: VecDeque<SubflowStats>,
    snd: Octets,
    rcv: Octets,
    held: HashMap<u64, Vec<u8>>,
    next_held: u64,
    /// The application will write no more.
    shut: bool,
    /// The application will read no more, and has forgotten the connection.
    pub(crate) detached: bool,
    aborting: bool,
    /// The peer will send no more.
    peer_closed: bool,
    established: bool,
    ended: Option<ConnError>,
    octets_read: u64,
    octets_written: u64,
    /// Right edge of the window that plain TCP has told the peer, counted in octets received.
    advertised_edge: u64,
    /// Plain TCP whose application is gone waits for the peer's FIN until then.
    linger_until: Option<Instant>,
}

impl Conn {
    fn new(id: ConnId, local: SocketAddr, remote: SocketAddr, level: Level) -> Conn {
        Conn {
            id,
            listener: None,
            local,
            remote,
            level,
            token: None,
            subflows: BTreeMap::new(),
            past: VecDeque::new(),
            snd: Octets::default(),
            rcv: Octets::default(),
            held: HashMap::new(),
            next_held: 0,
            shut: false,
            detached: false,
            aborting: false,
            peer_closed: false,
            established: false,
            ended: None,
            octets_read: 0,
            octets_written: 0,
            advertised_edge: 0,
            linger_until: None,
        }
    }

    fn add_flow(&mut self, sh: &mut Shared, flow: TcpFlow, role: Role) -> Slot {
        let slot = sh.new_slot();
        sh.tuples.insert((flow.local(), flow.remote()), (self.id, slot));
        let subflow = Subflow { flow, role, id: None, tx: None, fin_told: false };
        self.subflows.insert(slot, subflow);
        slot
    }

    /// A segment arrived for one of its flows.
    pub(crate) fn segment(&mut self, sh: &mut Shared, slot: Slot, segment: &TcpSegment<'_>, now: Instant) {
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        match subflow.flow.examine(segment) {
            Acceptance::Accept(arrival) => self.accepted(sh, slot, segment, &arrival, now),
            Acceptance::Answer => subflow.flow.answer(),
            Acceptance::Drop => {}
        }
        // TCP acknowledges at once what closes a gap, and nothing may follow that would say how far the data came.
        self.take_in(now);
        self.flush(sh, slot, now);
        self.work(sh, now);
    }

    fn accepted(&mut self, sh: &mut Shared, slot: Slot, segment: &TcpSegment<'_>, arrival: &Arrival, now: Instant) {
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        match (subflow.role, &self.level) {
            (Role::Parted, _) => subflow.flow.deliver(now, segment, arrival),
            (Role::Joined(request), _) => {
                self.join_accepted(sh, slot, &request, segment, arrival, now);
            }
            (Role::First, Level::Opening(_)) => self.opening(sh, slot, segment, arrival, now),
            (Role::First, Level::Responding(_)) => {
                self.responding(sh, slot, segment, arrival, now);
            }
            (_, Level::Multipath(_)) => self.multipath_segment(slot, segment, arrival, now),
            (_, Level::Plain(_)) => self.plain_segment(slot, segment, arrival, now),
            (Role::Joining, _) => {}
        }
    }

    /// Acts on every timer that is due.
    pub(crate) fn on_timer(&mut self, sh: &mut Shared, now: Instant) {
        let slots: Vec<Slot> = self.subflows.keys().copied().collect();
        for slot in slots {
            let Some(subflow) = self.subflows.get_mut(&slot) else { continue };
            if subflow.flow.next_timer(now).is_none_or(|at| at > now) {
                continue;
            }
            let timeout = subflow.flow.on_timer(now);
            if let (true, Some(id), Level::Multipath(mpcb)) = (timeout, subflow.id, &mut self.level) {
                mpcb.subflow_rto(id, now);
            }
            match (subflow.id, &self.level) {
                // The persist timer has opened the window by an octet, and core knows which one it is.
                (Some(id), Level::Multipath(mpcb)) if mpcb.fallback_reason().is_some() => self.pull(sh, slot, id, now),
                _ => self.flush(sh, slot, now),
            }
        }
        if let Level::Multipath(mpcb) = &mut self.level
            && mpcb.next_timer().is_some_and(|at| at <= now)
        {
            mpcb.on_timer(now);
        }
        self.work(sh, now);
    }

    /// When [`Conn::on_timer`] wants to be called.
    pub(crate) fn next_timer(&mut self, now: Instant) -> Option<Instant> {
        let level = match &self.level {
            Level::Multipath(mpcb) => mpcb.next_timer(),
            _ => self.linger_until.filter(|_| self.ended.is_none()),
        };
        let flows = self.subflows.values_mut().filter_map(|s| s.flow.next_timer(now));
        flows.chain(level).min()
    }

    /// Does everything that has become possible: delivers, maps, sends, closes.
    pub(crate) fn work(&mut self, sh: &mut Shared, now: Instant) {
        match &self.level {
            Level::Multipath(_) => self.multipath_work(sh, now),
            _ => self.plain_work(sh, now),
        }
        self.sweep(sh);
    }

    /// Lets go of flows of which nothing is left.
    fn sweep(&mut self, sh: &mut Shared) {
        let over = self.ended.is_some();
        // Plain TCP has but one flow, which nobody parts from.
        let plain = self.subflows.iter().filter(|(_, s)| over && s.id.is_none() && matches!(s.role, Role::First));
        for slot in plain.filter(|(_, s)| s.flow.is_gone()).map(|(slot, _)| *slot).collect::<Vec<_>>() {
            self.remember(slot);
        }
        self.subflows.retain(|_, subflow| {
            let parted = over || matches!(subflow.role, Role::Parted);
            let gone = parted && subflow.flow.is_gone();
            if gone {
                let tuple = (subflow.flow.local(), subflow.flow.remote());
                sh.tuples.remove(&tuple);
                sh.resets.remember(tuple, subflow.flow.reset_options());
            }
            !gone
        });
        if over && let Some(token) = self.token.take() {
            sh.tokens.remove(token);
        }
    }

    /// Nothing of it is left, neither for the application nor on the wire.
    pub(crate) fn is_gone(&self) -> bool {
        self.detached && self.ended.is_some() && self.subflows.is_empty()
    }

    /// Writes; returns how many octets were taken.
    pub(crate) fn send(&mut self, sh: &Shared, data: &[u8], now: Instant) -> usize {
        let taken = data.len().min(self.send_space(sh));
        if taken > 0 {
            self.snd.append(&data[..taken]);
            self.octets_written += taken as u64;
            if let Level::Multipath(mpcb) = &mut self.level {
                mpcb.snd_append(taken as u32, now);
            }
        }
        taken
    }

    /// Octets that [`Conn::send`] would take.
    pub(crate) fn send_space(&self, sh: &Shared) -> usize {
        if self.shut || self.ended.is_some() {
            return 0;
        }
        match &self.level {
            Level::Multipath(mpcb) => usize::try_from(mpcb.snd_space()).unwrap_or(usize::MAX),
            _ => sh.cfg.send_buffer.saturating_sub(self.snd.len()),
        }
    }

    /// Reads; returns how many octets there were.
    pub(crate) fn recv(&mut self, to: &mut [u8]) -> usize {
        let read = self.rcv.read(to);
        self.octets_read += read as u64;
        read
    }

    /// The application will write no more.
    pub(crate) fn shutdown(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.shut, true)
            && let Level::Multipath(mpcb) = &mut self.level
        {
            mpcb.snd_shutdown(now);
        }
    }

    /// The application has closed: nobody will read.
    pub(crate) fn detach(&mut self, now: Instant) {
        self.shutdown(now);
        self.detached = true;
        self.rcv.clear();
        if let Level::Multipath(mpcb) = &mut self.level {
            mpcb.close(now);
        }
    }

    /// Ends the connection at once: MP_FASTCLOSE, or a RST.
    pub(crate) fn abort(&mut self) {
        if self.ended.is_some() {
            return;
        }
        self.aborting = true;
        if let Level::Multipath(mpcb) = &mut self.level {
            mpcb.abort();
        }
    }

    /// See [`super::Host::set_mp_addresses`].
    pub(crate) fn set_mp_addresses(&mut self, list: &AddressList, now: Instant) {
        if let Level::Multipath(mpcb) = &mut self.level {
            // Addresses for which memory is refused go unused; the connection does without them.
            let _ = mpcb.addresses_changed(list, now);
        }
    }

    /// See [`super::Host::address_lost`].
    pub(crate) fn address_lost(&mut self, addr: IpAddr) {
        if let Level::Multipath(mpcb) = &mut self.level {
            mpcb.address_lost(addr);
        }
    }

    /// See [`super::Host::address_back`].
    pub(crate) fn address_back(&mut self, addr: IpAddr, now: Instant) {
        if let Level::Multipath(mpcb) = &mut self.level {
            mpcb.address_back(addr, now);
        }
    }

    /// See [`super::Host::set_backup`].
    pub(crate) fn set_backup(&mut self, subflow: SubflowId, backup: bool) {
        if let Level::Multipath(mpcb) = &mut self.level {
            mpcb.set_backup(subflow, backup);
        }
    }

    /// The end of the end: gives back what core still holds. Returns the octets of its memory and the buffers
    /// that it did not give back.
    pub(crate) fn tear_down(&mut self) -> (usize, usize) {
        let Level::Multipath(mpcb) = &mut self.level else { return (0, self.held.len()) };
        while let Some(token) = mpcb.tear_down() {
            self.held.remove(&token);
        }
        (mpcb.memory().0, self.held.len())
    }

    fn end(&mut self, why: ConnError) {
        self.ended.get_or_insert(why);
        self.peer_closed = true;
        self.snd.clear();
        self.held.clear();
    }
}

fn subflow_end(end: FlowEnd) -> SubflowEnd {
    match end {
        FlowEnd::Closed => SubflowEnd::Fin,
        FlowEnd::Reset => SubflowEnd::Reset,
        FlowEnd::Aborted => SubflowEnd::Local,
        FlowEnd::TimedOut => SubflowEnd::Timeout,
    }
}
