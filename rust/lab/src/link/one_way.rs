//! One link in one direction.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use mptcp_core::time::Instant;
use rand::{RngExt, SeedableRng};

use super::{LinkConfig, LinkCounters, LinkRng, Outages, PPM, Series};

/// A link in one direction: rate, queue, delay and everything that can go wrong on it.
///
/// A packet that is pushed waits in the queue until the link has sent those before it, takes
/// `size / rate` to be sent, and arrives `delay` plus jitter later. Random choices are made when it
/// is pushed.
#[derive(Debug)]
pub struct Link {
    cfg: LinkConfig,
    rng: LinkRng,
    up: bool,
    outages: Outages,
    /// When the last accepted packet will have been sent.
    free_at: Instant,
    /// What integer division left over of the last sending time, in 1/`rate_bps` microseconds.
    carry: u64,
    /// Packets not yet sent: when each will have been, and its size.
    queue: VecDeque<(Instant, usize)>,
    queued_bytes: usize,
    /// Packets on the link by arrival time; the number keeps those of one time in order.
    in_flight: BTreeMap<(Instant, u64), Vec<u8>>,
    next_number: u64,
    /// Arrival of the last packet that was not held back: none may arrive before it.
    last_arrival: Instant,
    counters: LinkCounters,
    series: Series,
}

impl Link {
    /// An idle link that is up. The seed fixes all its random choices.
    #[must_use]
    pub fn new(cfg: LinkConfig, seed: u64) -> Self {
        Link {
            cfg,
            rng: LinkRng::seed_from_u64(seed),
            up: true,
            outages: Outages::default(),
            free_at: Instant::ZERO,
            carry: 0,
            queue: VecDeque::new(),
            queued_bytes: 0,
            in_flight: BTreeMap::new(),
            next_number: 0,
            last_arrival: Instant::ZERO,
            counters: LinkCounters::default(),
            series: Series::new(Duration::from_millis(100)),
        }
    }

    /// Plans a cut: packets that have not arrived by then are lost, and all that are pushed while
    /// the link is down.
    pub fn cut(&mut self, at: Instant) {
        self.outages.add(at, false);
    }

    /// Plans the end of a cut.
    pub fn heal(&mut self, at: Instant) {
        self.outages.add(at, true);
    }

    /// Cuts or heals the link at once. Planned changes that are due by `now` happen before it.
    pub fn set_up(&mut self, now: Instant, up: bool) {
        self.apply_outages(now);
        self.switch(now, up);
    }

    /// Whether the link is up, as of the last call that told it the time.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &LinkConfig {
        &self.cfg
    }

    /// Changes the configuration from the next packet on; those on the link keep their times.
    pub fn set_config(&mut self, cfg: LinkConfig) {
        self.carry = 0;
        self.cfg = cfg;
    }

    /// Puts a packet on the link at `now`. It may be dropped: see [`Link::counters`].
    pub fn push(&mut self, now: Instant, packet: Vec<u8>) {
        self.apply_outages(now);
        self.counters.offered += 1;
        if !self.up {
            self.counters.dropped_cut += 1;
            return;
        }
        self.let_go_sent(now);
        let size = packet.len();
        let limit = self.cfg.queue_bytes;
        if limit != 0 && self.queued_bytes != 0 && self.queued_bytes.saturating_add(size) > limit {
            self.counters.dropped_queue += 1;
            return;
        }
        let sent = self.enqueue(now, size);
        // Lost packets take their room on the link: they are lost at its far end.
        if self.chance(self.cfg.loss_ppm) {
            self.counters.dropped_loss += 1;
            return;
        }
        let arrival = self.arrival(sent);
        if self.chance(self.cfg.duplicate_ppm) {
            self.counters.duplicated += 1;
            self.fly(arrival, packet.clone());
        }
        self.fly(arrival, packet);
    }

    /// The next packet that has arrived by `now`, in order of arrival.
    pub fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.apply_outages(now);
        let first = self.in_flight.first_entry()?;
        let (arrival, _) = *first.key();
        if arrival > now {
            return None;
        }
        let packet = first.remove();
        self.counters.delivered += 1;
        self.counters.delivered_bytes += packet.len() as u64;
        self.series.add(arrival, packet.len());
        Some(packet)
    }

    /// When the next packet arrives. `None`: nothing is on the link. A cut before that time makes
    /// [`Link::poll`] return `None` then.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.in_flight.keys().next().map(|(at, _)| *at)
    }

    /// Packets on the link: waiting, being sent, or on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Bytes that wait to be sent at `now`, the packet being sent included.
    pub fn backlog(&mut self, now: Instant) -> usize {
        self.let_go_sent(now);
        self.queued_bytes
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> LinkCounters {
        self.counters
    }

    /// Bytes that arrived in each interval.
    #[must_use]
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// Starts an empty series with another interval.
    pub fn set_series_interval(&mut self, interval: Duration) {
        self.series = Series::new(interval);
    }

    fn chance(&mut self, ppm: u32) -> bool {
        ppm != 0 && self.rng.random_ratio(ppm.min(PPM), PPM)
    }

    fn enqueue(&mut self, now: Instant, size: usize) -> Instant {
        if self.free_at < now {
            self.free_at = now;
            self.carry = 0;
        }
        let (takes, carry) = self.cfg.transmission(size, self.carry);
        self.carry = carry;
        self.free_at = self.free_at + takes;
        self.queue.push_back((self.free_at, size));
        self.queued_bytes += size;
        self.counters.queue_peak_bytes = self.counters.queue_peak_bytes.max(self.queued_bytes);
        self.free_at
    }

    fn arrival(&mut self, sent: Instant) -> Instant {
        let jitter = match u64::try_from(self.cfg.jitter.as_micros()) {
            Ok(0) | Err(_) => 0,
            Ok(max) => self.rng.random_range(0..=max),
        };
        let arrival = sent + self.cfg.delay + Duration::from_micros(jitter);
        if self.chance(self.cfg.reorder_ppm) {
            self.counters.reordered += 1;
            return arrival.max(self.last_arrival) + self.cfg.reorder_delay;
        }
        self.last_arrival = self.last_arrival.max(arrival);
        self.last_arrival
    }

    fn fly(&mut self, arrival: Instant, packet: Vec<u8>) {
        self.in_flight.insert((arrival, self.next_number), packet);
        self.next_number += 1;
    }

    fn let_go_sent(&mut self, now: Instant) {
        while let Some((_, size)) = self.queue.front().filter(|(sent, _)| *sent <= now) {
            self.queued_bytes -= size;
            self.queue.pop_front();
        }
    }

    fn apply_outages(&mut self, now: Instant) {
        while let Some((at, up)) = self.outages.take_due(now) {
            self.switch(at, up);
        }
    }

    /// A cut loses what arrives after it; what arrived before may still be polled.
    fn switch(&mut self, at: Instant, up: bool) {
        if self.up && !up {
            let lost = self.in_flight.split_off(&(at + Duration::from_micros(1), 0));
            self.counters.dropped_cut += lost.len() as u64;
            self.queue.clear();
            self.queued_bytes = 0;
            self.free_at = at;
            self.carry = 0;
            self.last_arrival = self.last_arrival.min(at);
        }
        self.up = up;
    }
}
