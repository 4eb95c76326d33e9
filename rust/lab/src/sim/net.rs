//! Two hosts and the paths between them, in virtual time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use mptcp_core::time::Instant;

use super::trace::{Trace, packet_ends};
use super::witness::Witness;
use crate::host::Host;
use crate::link::{Direction, Path};

/// Hosts A and B and what is between them.
pub(super) struct Net<'a> {
    pub(super) hosts: [Host; 2],
    pub(super) paths: Vec<Path>,
    /// Which path an address is on. A packet takes the higher of its two addresses'.
    routes: HashMap<IpAddr, usize>,
    pub(super) trace: Trace<'a>,
    pub(super) witness: Witness,
    pub(super) packets: u64,
    /// Changes with every octet and every time of every packet.
    digest: DefaultHasher,
}

impl<'a> Net<'a> {
    pub(super) fn new(hosts: [Host; 2], paths: Vec<Path>, routes: &[(IpAddr, usize)], trace: Trace<'a>) -> Net<'a> {
        let routes = routes.iter().copied().collect();
        Net { hosts, paths, routes, trace, witness: Witness::default(), packets: 0, digest: DefaultHasher::new() }
    }

    /// Equal for equal runs.
    pub(super) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// Lets the hosts do what is due and moves packets. Returns whether there were any.
    pub(super) fn exchange(&mut self, now: Instant) -> bool {
        let mut any = false;
        for (side, direction) in Direction::BOTH.into_iter().enumerate() {
            self.hosts[side].poll(now);
            while let Some(packet) = self.hosts[side].packet_out() {
                any = true;
                self.packets += 1;
                (now, &packet).hash(&mut self.digest);
                let path = self.route(&packet);
                self.trace.sent(now, path, direction, &packet);
                self.witness.sent(direction, &packet);
                if let Some(path) = path {
                    self.paths[path].push(now, direction, packet);
                }
            }
        }
        for (n, path) in self.paths.iter_mut().enumerate() {
            while let Some((direction, packet)) = path.poll(now) {
                any = true;
                self.trace.arrived(now, n, direction, &packet);
                self.witness.arrived(direction, &packet);
                let to = match direction {
                    Direction::AToB => &mut self.hosts[1],
                    Direction::BToA => &mut self.hosts[0],
                };
                to.packet_in(now, &packet);
            }
        }
        any
    }

    /// A host has something to do at this very moment.
    pub(super) fn is_busy(&self) -> bool {
        self.hosts.iter().any(|h| h.next_wakeup() == Some(Instant::ZERO))
    }

    /// When something happens if nobody does anything before.
    pub(super) fn next_event(&self) -> Option<Instant> {
        let paths = self.paths.iter().filter_map(Path::next_due);
        paths.chain(self.hosts.iter().filter_map(Host::next_wakeup)).min()
    }

    fn route(&self, packet: &[u8]) -> Option<usize> {
        let (src, dst) = packet_ends(packet)?;
        Some(*self.routes.get(&src)?.max(self.routes.get(&dst)?))
    }
}
