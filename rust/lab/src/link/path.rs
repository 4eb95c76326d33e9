//! A path between two hosts: a link each way, and the middleboxes on it.

use std::time::Duration;

use mptcp_core::time::Instant;

use super::middlebox::{Chain, MiddleboxSpec};
use super::{Direction, IpPacket, Link, LinkConfig, LinkReport};

/// The two links of a path and its middleboxes, from A's side to B's.
#[derive(Clone, Debug, Default)]
pub struct PathConfig {
    /// From A to B.
    pub a_to_b: LinkConfig,
    /// From B to A.
    pub b_to_a: LinkConfig,
    /// In the order in which a packet from A meets them. They stand before the link of the
    /// packet's direction.
    pub middleboxes: Vec<MiddleboxSpec>,
}

impl PathConfig {
    /// The same link both ways, no middleboxes.
    #[must_use]
    pub fn symmetric(link: LinkConfig) -> Self {
        PathConfig { a_to_b: link.clone(), b_to_a: link, middleboxes: Vec::new() }
    }
}

/// A path at work. See [`crate::link`] for the order of use.
#[derive(Debug)]
pub struct Path {
    links: [Link; 2],
    chain: Chain,
}

impl Path {
    /// An idle path; the seed fixes all random choices on it.
    #[must_use]
    pub fn new(cfg: PathConfig, seed: u64) -> Self {
        // Odd multiplier: distinct streams for the parts of a path and for neighbouring seeds.
        let part = |n: u64| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(n);
        Path {
            links: [Link::new(cfg.a_to_b, part(1)), Link::new(cfg.b_to_a, part(2))],
            chain: Chain::new(&cfg.middleboxes, part(3)),
        }
    }

    /// A host sent a packet at `now`.
    pub fn push(&mut self, now: Instant, direction: Direction, packet: Vec<u8>) {
        if self.chain.is_empty() {
            self.links[direction.index()].push(now, packet);
            return;
        }
        self.release(now);
        for packet in self.chain.pass(now, direction, IpPacket::parse(packet)) {
            self.links[direction.index()].push(now, packet.into_bytes());
        }
    }

    /// The next packet that has arrived by `now`, and the way it went: [`Direction::AToB`] means
    /// that it is for B. Of two that wait, the one that arrived first.
    pub fn poll(&mut self, now: Instant) -> Option<(Direction, Vec<u8>)> {
        self.release(now);
        let mut order = Direction::BOTH;
        order.sort_by_key(|d| self.links[d.index()].next_due().unwrap_or(Instant::NEVER));
        order.into_iter().find_map(|d| Some((d, self.links[d.index()].poll(now)?)))
    }

    /// When to call [`Path::poll`] next; `None`: not before another packet is pushed.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        let links = self.links.iter().filter_map(Link::next_due).min();
        links.into_iter().chain(self.chain.next_due()).min()
    }

    /// Plans a cut of both directions.
    pub fn cut(&mut self, at: Instant) {
        self.links.iter_mut().for_each(|l| l.cut(at));
    }

    /// Plans the end of a cut of both directions.
    pub fn heal(&mut self, at: Instant) {
        self.links.iter_mut().for_each(|l| l.heal(at));
    }

    /// Cuts or heals both directions at once.
    pub fn set_up(&mut self, now: Instant, up: bool) {
        self.links.iter_mut().for_each(|l| l.set_up(now, up));
    }

    /// The link of one direction: its counters and series.
    #[must_use]
    pub fn link(&self, direction: Direction) -> &Link {
        &self.links[direction.index()]
    }

    /// The link of one direction, to change it.
    pub fn link_mut(&mut self, direction: Direction) -> &mut Link {
        &mut self.links[direction.index()]
    }

    /// Starts both series anew with another interval.
    pub fn set_series_interval(&mut self, interval: Duration) {
        self.links.iter_mut().for_each(|l| l.set_series_interval(interval));
    }

    /// All about both links, A to B first; `number` is the path's in the report.
    #[must_use]
    pub fn reports(&self, number: usize) -> [LinkReport; 2] {
        Direction::BOTH.map(|direction| {
            let link = self.link(direction);
            let (config, series) = (link.config().clone(), link.series().clone());
            LinkReport { path: number, direction, config, counters: link.counters(), series }
        })
    }

    /// Nothing is on its way in either direction.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.next_due().is_none()
    }

    fn release(&mut self, now: Instant) {
        while let Some(due) = self.chain.next_due().filter(|due| *due <= now) {
            for (direction, packet) in self.chain.release(due) {
                self.links[direction.index()].push(due, packet.into_bytes());
            }
        }
    }
}
