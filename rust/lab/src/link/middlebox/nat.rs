//! Network address translation for the hosts on A's side.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use mptcp_core::time::Instant;

use super::Middlebox;
use crate::link::{Direction, Segment};

/// The addresses that B sees instead of A's. A family without one is not translated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NatSpec {
    /// Public IPv4 address.
    pub v4: Option<Ipv4Addr>,
    /// Public IPv6 address.
    pub v6: Option<Ipv6Addr>,
    /// A mapping that carried nothing for so long is forgotten: segments from B are then dropped,
    /// and those from A get a new port. Zero: never.
    pub idle: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Mapping {
    inside: SocketAddr,
    used: Instant,
}

/// First port that is given out.
const FIRST_PORT: u16 = 20_000;

/// An address and port dependent NAT: every connection from A gets its own public port, and only
/// the host that it went to may use it.
#[derive(Debug)]
pub struct Nat {
    spec: NatSpec,
    next_port: u16,
    /// By A's address and B's: the public address.
    outward: HashMap<(SocketAddr, SocketAddr), SocketAddr>,
    /// By the public address and B's.
    inward: HashMap<(SocketAddr, SocketAddr), Mapping>,
}

impl Nat {
    /// A NAT without mappings.
    #[must_use]
    pub fn new(spec: NatSpec) -> Self {
        Nat { spec, next_port: FIRST_PORT, outward: HashMap::new(), inward: HashMap::new() }
    }

    fn public(&self, family: IpAddr) -> Option<IpAddr> {
        match family {
            IpAddr::V4(_) => self.spec.v4.map(IpAddr::V4),
            IpAddr::V6(_) => self.spec.v6.map(IpAddr::V6),
        }
    }

    fn expire(&mut self, now: Instant) {
        let idle = self.spec.idle;
        if !idle.is_zero() {
            self.inward.retain(|_, m| now.since(m.used) < idle);
            let inward = &self.inward;
            self.outward.retain(|(_, remote), public| inward.contains_key(&(*public, *remote)));
        }
    }

    /// The next port that is free towards this remote host; `None` when all are in use.
    fn allocate(&mut self, address: IpAddr, remote: SocketAddr) -> Option<SocketAddr> {
        for _ in FIRST_PORT..=u16::MAX {
            let public = SocketAddr::new(address, self.next_port);
            self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
            if !self.inward.contains_key(&(public, remote)) {
                return Some(public);
            }
        }
        None
    }

    fn outgoing(&mut self, now: Instant, segment: &mut Segment) -> Option<()> {
        let (inside, remote) = (segment.source(), segment.destination());
        let Some(address) = self.public(inside.ip()) else {
            return Some(());
        };
        let public = match self.outward.get(&(inside, remote)) {
            Some(public) => *public,
            None => self.allocate(address, remote)?,
        };
        self.outward.insert((inside, remote), public);
        self.inward.insert((public, remote), Mapping { inside, used: now });
        segment.set_source(public);
        Some(())
    }

    fn incoming(&mut self, now: Instant, segment: &mut Segment) -> Option<()> {
        let (remote, public) = (segment.source(), segment.destination());
        if self.public(public.ip()) != Some(public.ip()) {
            return Some(());
        }
        let mapping = self.inward.get_mut(&(public, remote))?;
        mapping.used = now;
        segment.set_destination(mapping.inside);
        Some(())
    }
}

impl Middlebox for Nat {
    fn pass(&mut self, now: Instant, way: Direction, mut segment: Segment, out: &mut Vec<Segment>) {
        self.expire(now);
        let translated = match way {
            Direction::AToB => self.outgoing(now, &mut segment),
            Direction::BToA => self.incoming(now, &mut segment),
        };
        if translated.is_some() {
            out.push(segment);
        }
    }
}
