//! What a link did, in numbers.

use std::time::Duration;

use mptcp_core::time::Instant;

use super::{Direction, LinkConfig};

/// Packets and bytes of one link. Every packet that went in is in exactly one of `queued` (still on
/// the link), `delivered` and the four `dropped_*`; copies made by duplication count as extra.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LinkCounters {
    /// Packets that were pushed.
    pub offered: u64,
    /// Packets that came out, copies included.
    pub delivered: u64,
    /// Bytes of IP packets that came out, copies included.
    pub delivered_bytes: u64,
    /// Extra copies that were made.
    pub duplicated: u64,
    /// Packets that were held back for others to pass.
    pub reordered: u64,
    /// Dropped because the queue was full.
    pub dropped_queue: u64,
    /// Dropped by random loss.
    pub dropped_loss: u64,
    /// Dropped because the link was cut, before or while they were on it.
    pub dropped_cut: u64,
    /// Highest number of bytes that waited in the queue.
    pub queue_peak_bytes: usize,
}

/// Bytes delivered in each interval since the start of time, for plots.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Series {
    interval_us: u64,
    bytes: Vec<u64>,
}

/// A series stops growing here: 100,000 intervals of 100 ms are nearly three hours.
const MAX_INTERVALS: usize = 100_000;

impl Series {
    /// An empty series of intervals of this length (at least a microsecond).
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        let interval_us = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX).max(1);
        Series { interval_us, bytes: Vec::new() }
    }

    /// Counts `bytes` into the interval of `at`.
    pub fn add(&mut self, at: Instant, bytes: usize) {
        let Ok(slot) = usize::try_from(at.micros() / self.interval_us) else {
            return;
        };
        if slot >= MAX_INTERVALS {
            return;
        }
        if slot >= self.bytes.len() {
            self.bytes.resize(slot + 1, 0);
        }
        self.bytes[slot] += bytes as u64;
    }

    /// Length of an interval.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_micros(self.interval_us)
    }

    /// Bytes of each interval from time zero to the last one in which anything arrived.
    #[must_use]
    pub fn bytes(&self) -> &[u64] {
        &self.bytes
    }
}

/// All about one link of a path, for whoever writes a report.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LinkReport {
    /// Number of the path.
    pub path: usize,
    /// Direction of the link.
    pub direction: Direction,
    /// What it was like at the end.
    pub config: LinkConfig,
    /// What it did.
    pub counters: LinkCounters,
    /// When it delivered how much.
    pub series: Series,
}
