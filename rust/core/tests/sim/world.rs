//! Two hosts, the paths between them, and virtual time.

use crate::evidence::{Evidence, Marks};
use crate::host::Host;
use crate::link::Link;
use crate::packet::Packet;
use crate::tcp::State;
use mptcp_core::rng::{Rng, SeededRng};
use mptcp_core::subflow::SubflowId;
use mptcp_core::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Events after which a run counts as never ending.
const MOST_EVENTS: u64 = 3_000_000;
/// Events at one and the same instant after which it counts as a busy loop.
const MOST_AT_ONCE: u32 = 20_000;
/// What cannot be done yet is tried again after so long.
const RETRY: Duration = Duration::from_millis(100);

/// Why a run did not end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stall {
    /// Nothing will happen any more.
    Silence,
    /// Virtual time ran out.
    TooLong,
    /// Too many events.
    TooBusy,
    /// Time stands still.
    BusyLoop,
}

/// What an administrator or an application does in the middle.
#[derive(Clone, Debug)]
pub enum Deed {
    /// The host's additional addresses are now these.
    Addresses(usize, Vec<IpAddr>),
    /// MP_PRIO for the n-th live subflow.
    Backup(usize, usize, bool),
    /// The address is gone from its interface.
    Lost(usize, IpAddr),
    /// It is back.
    Back(usize, IpAddr),
    /// Its first address is taken back: REMOVE_ADDR with id 0, as soon as there is another way.
    RemoveZero(usize),
    /// From now on so many of a thousand requests for memory are refused.
    Refuse(usize, u16),
}

impl Deed {
    const fn side(&self) -> usize {
        match self {
            Deed::Addresses(side, _)
            | Deed::Backup(side, ..)
            | Deed::Lost(side, _)
            | Deed::Back(side, _)
            | Deed::RemoveZero(side)
            | Deed::Refuse(side, _) => *side,
        }
    }
}

struct Arrival {
    at: Instant,
    order: u64,
    side: usize,
    packet: Packet,
}

impl PartialEq for Arrival {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Arrival {}
impl PartialOrd for Arrival {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Arrival {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

pub struct World {
    pub hosts: [Host; 2],
    pub links: Vec<Link>,
    pub deeds: Vec<(Instant, Deed)>,
    pub now: Instant,
    pub rng: SeededRng,
    pub trace: bool,
    arrivals: BinaryHeap<Reverse<Arrival>>,
    order: u64,
    pub events: u64,
    pub seen: Evidence,
    /// Some path changes packets.
    meddled: bool,
}

impl World {
    pub fn new(hosts: [Host; 2], links: Vec<Link>, rng: SeededRng) -> Self {
        let seen = Evidence::new(links.len(), [hosts[0].setup.addrs[0], hosts[1].setup.addrs[0]]);
        World {
            meddled: links.iter().any(Link::meddles),
            seen,
            hosts,
            links,
            deeds: Vec::new(),
            now: Instant::ZERO,
            rng,
            trace: std::env::var_os("MPTCP_TRACE").is_some(),
            arrivals: BinaryHeap::new(),
            order: 0,
            events: 0,
        }
    }

    /// The path that a packet takes: that of the active opener's address.
    fn path(&self, packet: &Packet, side: usize) -> usize {
        self.path_of(if side == 0 { packet.from.ip() } else { packet.to.ip() })
    }

    fn path_of(&self, addr: IpAddr) -> usize {
        match addr {
            IpAddr::V4(v4) => usize::from(v4.octets()[2]) % self.links.len(),
            IpAddr::V6(v6) => usize::from(v6.segments()[6]) % self.links.len(),
        }
    }

    fn ship(&mut self) {
        for side in 0..2 {
            for mut packet in std::mem::take(&mut self.hosts[side].out) {
                self.hosts[side].judge_fallen(&packet, self.now);
                let path = self.path(&packet, side);
                let marks = Marks::of(&packet);
                let corrupted = self.links[path].directions[side].corrupted;
                let times = self.links[path].carry(side, &mut packet, self.now, &mut self.rng);
                let corrupted = self.links[path].directions[side].corrupted > corrupted;
                self.seen.sent(side, path, marks, &packet, times.is_empty(), corrupted);
                if self.trace {
                    let lost = if times.is_empty() { " LOST" } else { "" };
                    println!("{:>10} {side} path {path} {packet}{lost}", self.now.micros());
                }
                for at in times {
                    self.order += 1;
                    let arrival = Arrival { at, order: self.order, side: 1 - side, packet: packet.clone() };
                    self.arrivals.push(Reverse(arrival));
                }
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let arrival = self.arrivals.peek().map(|Reverse(arrival)| arrival.at);
        let deed = self.deeds.iter().map(|(at, _)| *at).min();
        [arrival, deed, self.hosts[0].next_time(), self.hosts[1].next_time()].into_iter().flatten().min()
    }

    fn do_deeds(&mut self) {
        let now = self.now;
        while let Some(at) = self.deeds.iter().position(|(at, _)| *at <= now) {
            let (_, deed) = self.deeds.swap_remove(at);
            if self.trace {
                println!("{:>10} deed {deed:?}", now.micros());
            }
            let side = deed.side();
            if matches!(deed, Deed::RemoveZero(_)) && !self.has_other_way(side) {
                self.deeds.push((now + RETRY, deed));
                continue;
            }
            self.hosts.iter_mut().for_each(|host| host.opened.clear());
            if matches!(deed, Deed::RemoveZero(_)) {
                self.hosts[side].remove_zero = 3;
            }
            let seed = self.rng.next_u64();
            let Some(mpcb) = &mut self.hosts[side].mpcb else {
                continue;
            };
            match deed.clone() {
                Deed::Addresses(_, addrs) => {
                    let mut list = mptcp_core::config::AddressList::EMPTY;
                    for addr in addrs {
                        let entry = mptcp_core::config::LocalAddress { addr, backup: false };
                        list.push(entry).expect("a list of addresses");
                    }
                    let _refused_memory = mpcb.addresses_changed(&list, now);
                }
                Deed::Backup(_, n, backup) => {
                    let ids: Vec<SubflowId> = mpcb.subflow_ids().collect();
                    if let Some(sf) = ids.get(n % ids.len().max(1)) {
                        mpcb.set_backup(*sf, backup);
                    }
                }
                Deed::Lost(_, addr) => mpcb.address_lost(addr),
                Deed::Back(_, addr) => mpcb.address_back(addr, now),
                Deed::RemoveZero(_) => {}
                Deed::Refuse(_, per_mille) => mpcb.pool_mut().refuse_randomly(seed, per_mille),
            }
            if matches!(deed, Deed::RemoveZero(_)) {
                for at in 0..self.hosts[side].flows.len() {
                    let flow = &self.hosts[side].flows[at];
                    if !flow.gone && flow.sf.is_some() && flow.tcp.state == State::Open {
                        self.hosts[side].send_ack(at);
                    }
                }
            }
            self.hosts[side].pump(now);
        }
    }

    /// Runs until `done`, nothing happens any more, or `limit`. `Err`: it did not end.
    pub fn run(&mut self, limit: Instant, done: impl Fn(&World) -> bool) -> Result<(), Stall> {
        let mut at_once = 0;
        loop {
            self.ship();
            if done(self) {
                return Ok(());
            }
            let Some(next) = self.next() else {
                return Err(Stall::Silence);
            };
            if next > limit {
                return Err(Stall::TooLong);
            }
            at_once = if next <= self.now { at_once + 1 } else { 0 };
            self.events += 1;
            if self.events > MOST_EVENTS {
                return Err(Stall::TooBusy);
            }
            if at_once > MOST_AT_ONCE {
                return Err(Stall::BusyLoop);
            }
            self.now = self.now.max(next);
            self.step();
        }
    }

    fn step(&mut self) {
        let now = self.now;
        self.do_deeds();
        while let Some(Reverse(arrival)) = self.arrivals.peek() {
            if arrival.at > now {
                break;
            }
            let Some(Reverse(arrival)) = self.arrivals.pop() else {
                break;
            };
            let announces = self.seen.arrives(arrival.side, &arrival.packet, &self.hosts[arrival.side]);
            if announces {
                // What was refused may be tried again.
                self.hosts[arrival.side].opened.clear();
            }
            self.hosts[arrival.side].input(&arrival.packet, now);
            self.seen.look(arrival.side, &self.hosts[arrival.side]);
        }
        for host in &mut self.hosts {
            if host.next_time().is_some_and(|at| at <= now) {
                host.on_time(now);
            }
        }
        self.look();
    }

    fn look(&mut self) {
        for side in 0..2 {
            self.seen.look(side, &self.hosts[side]);
        }
        if !self.seen.whole && self.meddled {
            self.seen.several |= self.hosts.iter().any(Host::has_several);
            let whole = |at: &(SocketAddr, SocketAddr)| {
                !self.links[self.path_of(at.0.ip())].meddles() && self.hosts[1].carriers().any(|to| (to.1, to.0) == *at)
            };
            self.seen.whole = self.hosts[0].carriers().any(|at| whole(&at));
        }
    }

    /// The path is cut for good.
    pub fn is_dead(&self, path: usize) -> bool {
        self.links[path].cuts.iter().any(|(from, to)| *from <= self.now && *to == Instant::NEVER)
    }

    /// Both hosts have a subflow that does not need the first address of `side`.
    fn has_other_way(&self, side: usize) -> bool {
        let primary = self.hosts[side].setup.addrs[0];
        let mine = self.hosts[side].carriers().filter(|at| at.0.ip() != primary);
        mine.into_iter().any(|at| self.hosts[1 - side].carriers().any(|to| (to.1, to.0) == at))
    }
}
