//! Paths and what they do to packets.

use crate::packet::Packet;
use mptcp_core::rng::{Rng, SeededRng};
use mptcp_core::time::Instant;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

/// What one direction of a path does to options and payload, from a number of packets on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Middlebox {
    /// MPTCP options go from the n-th packet on.
    pub strip_after: Option<u64>,
    /// A byte of the payload of the n-th data packet is changed; `forever`: and of every later one.
    pub corrupt_after: Option<u64>,
    pub forever: bool,
}

/// One direction of a path.
#[derive(Clone, Debug)]
pub struct Direction {
    pub middlebox: Middlebox,
    busy_until: Instant,
    packets: u64,
    data_packets: u64,
    pub corrupted: u64,
}

#[derive(Clone, Debug)]
pub struct Link {
    pub delay: Duration,
    /// Random delay in addition, which reorders.
    pub jitter: Duration,
    /// Bytes in a second.
    pub rate: u64,
    /// Longest queue, as time.
    pub queue: Duration,
    pub loss_per_mille: u64,
    /// Of segments without payload, SYN, FIN and RST, from a time on.
    pub ack_loss: Option<(Instant, u64)>,
    pub duplicate_per_mille: u64,
    /// Nothing passes in these intervals.
    pub cuts: Vec<(Instant, Instant)>,
    /// Something on the way restarts then, and drops what belongs to flows that it saw begin before.
    pub forgets: Option<Instant>,
    forgotten: HashSet<(SocketAddr, SocketAddr)>,
    pub directions: [Direction; 2],
}

impl Link {
    pub fn new(delay: Duration, rate: u64) -> Self {
        let direction = Direction {
            middlebox: Middlebox::default(),
            busy_until: Instant::ZERO,
            packets: 0,
            data_packets: 0,
            corrupted: 0,
        };
        Link {
            delay,
            jitter: Duration::ZERO,
            rate,
            queue: Duration::from_millis(200),
            loss_per_mille: 0,
            ack_loss: None,
            duplicate_per_mille: 0,
            cuts: Vec::new(),
            forgets: None,
            forgotten: HashSet::new(),
            directions: [direction.clone(), direction],
        }
    }

    /// It changes packets.
    pub fn meddles(&self) -> bool {
        self.directions.iter().any(|d| d.middlebox != Middlebox::default())
    }

    pub fn is_cut(&self, now: Instant) -> bool {
        self.cuts.iter().any(|(from, to)| *from <= now && now < *to)
    }

    fn is_forgotten(&mut self, packet: &Packet, now: Instant) -> bool {
        let Some(at) = self.forgets else {
            return false;
        };
        let flow = (packet.from.min(packet.to), packet.from.max(packet.to));
        if now < at && packet.flags.syn {
            self.forgotten.insert(flow);
        }
        now >= at && self.forgotten.contains(&flow)
    }

    /// When copies of the packet arrive; it is changed on the way.
    pub fn carry(&mut self, way: usize, packet: &mut Packet, now: Instant, rng: &mut SeededRng) -> Vec<Instant> {
        if self.is_forgotten(packet, now) || self.is_cut(now) || rng.next_u64() % 1000 < self.loss_per_mille {
            return Vec::new();
        }
        let bare = packet.payload.is_empty() && !packet.flags.syn && !packet.flags.fin && !packet.flags.rst;
        let lossy = self.ack_loss.filter(|(from, _)| bare && *from <= now);
        if lossy.is_some_and(|(_, per_mille)| rng.next_u64() % 1000 < per_mille) {
            return Vec::new();
        }
        let direction = &mut self.directions[way];
        let start = direction.busy_until.max(now);
        if start - now > self.queue {
            return Vec::new();
        }
        let size = packet.payload.len() as u64 + 60;
        let sent = start + Duration::from_micros(size * 1_000_000 / self.rate.max(1));
        direction.busy_until = sent;
        direction.meddle(packet, rng);
        let jitter =
            |rng: &mut SeededRng, most: Duration| Duration::from_micros(rng.next_u64() % (most.as_micros() as u64 + 1));
        let copies = 1 + u64::from(rng.next_u64() % 1000 < self.duplicate_per_mille);
        (0..copies).map(|_| sent + self.delay + jitter(rng, self.jitter)).collect()
    }
}

impl Direction {
    fn meddle(&mut self, packet: &mut Packet, rng: &mut SeededRng) {
        self.packets += 1;
        if self.middlebox.strip_after.is_some_and(|after| self.packets > after) {
            packet.options.clear();
        }
        if packet.payload.is_empty() {
            return;
        }
        self.data_packets += 1;
        if let Some(after) = self.middlebox.corrupt_after
            && (self.data_packets == after || (self.middlebox.forever && self.data_packets > after))
        {
            let at = rng.next_u64() as usize % packet.payload.len();
            // Always upwards: two changes of one mapping must not cancel each other out in its checksum.
            packet.payload[at] = packet.payload[at].wrapping_add(1);
            self.corrupted += 1;
        }
    }
}
