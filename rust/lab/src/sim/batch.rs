//! Many seeds on all processors.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::clock::Clock;

use super::{Kind, Summary, Trace, replay_command, run};

/// Failures after which no further seeds are begun.
const MOST_FAILURES: usize = 20;
/// How often the caller is told how far it is.
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// A seed whose run was not as it must be.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What it was about.
    pub kind: Kind,
    /// What was not as it must be.
    pub what: String,
    /// The command that shows it.
    pub replay: String,
}

/// Sums over all runs that were as they must be.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Totals {
    /// Runs of each kind.
    pub runs: BTreeMap<Kind, u64>,
    /// Virtual time, in seconds.
    pub virtual_seconds: f64,
    /// See [`Summary`] for these.
    pub packets: u64,
    /// Octets that applications read.
    pub octets: u64,
    /// Connections opened.
    pub connections: u64,
    /// Ends of multipath connections.
    pub multipath: u64,
    /// Ends of connections that were or became plain TCP.
    pub plain: u64,
    /// Ends with an error.
    pub errors: u64,
    /// Subflows joined.
    pub joins: u64,
    /// Paths joined again.
    pub rejoins: u64,
    /// Maps given to another path.
    pub reinjections: u64,
    /// DSS checksums that failed.
    pub checksum_errors: u64,
    /// Requests for memory that were refused.
    pub refusals: u64,
}

impl Totals {
    fn add(&mut self, run: &Summary) {
        *self.runs.entry(run.kind).or_default() += 1;
        self.virtual_seconds += run.time.micros() as f64 / 1e6;
        self.packets += run.packets;
        self.octets += run.octets;
        self.connections += run.connections;
        self.multipath += run.multipath;
        self.plain += run.plain;
        self.errors += run.errors;
        self.joins += run.joins;
        self.rejoins += run.rejoins;
        self.reinjections += run.reinjections;
        self.checksum_errors += run.checksum_errors;
        self.refusals += run.refusals;
    }
}

/// What came of many seeds.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Batch {
    /// Seeds that were run.
    pub seeds: u64,
    /// Sums over those that were as they must be.
    pub totals: Totals,
    /// The others, by seed. Not all, if there were many: the batch ends early then.
    pub failures: Vec<Failure>,
}

impl Batch {
    fn take(&mut self, seed: u64, outcome: Result<Summary, String>) {
        self.seeds += 1;
        match outcome {
            Ok(run) => self.totals.add(&run),
            Err(what) => {
                let kind = super::Scenario::draw(seed).kind;
                self.failures.push(Failure { seed, kind, what, replay: replay_command(seed) });
                self.failures.sort_by_key(|failure| failure.seed);
            }
        }
    }
}

/// Runs every seed of `range` on `threads` threads. `watch` is called about five times a second, and after the
/// last one; where it returns false, no further seeds are begun.
pub fn run_seeds(range: Range<u64>, threads: usize, mut watch: impl FnMut(&Batch) -> bool) -> Batch {
    let next = AtomicU64::new(range.start);
    let stop = AtomicBool::new(false);
    let (sender, outcomes) = mpsc::channel();
    let mut batch = Batch::default();
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let sender = sender.clone();
            scope.spawn(|| {
                let sender = sender;
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= range.end || sender.send((seed, run(seed, Trace::none()))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let clock = Clock::start();
        let mut watched = clock.now();
        loop {
            match outcomes.recv_timeout(WATCH_EVERY) {
                Ok((seed, outcome)) => {
                    batch.take(seed, outcome);
                    if batch.failures.len() >= MOST_FAILURES {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if clock.now() < watched + WATCH_EVERY {
                continue;
            }
            watched = clock.now();
            if !watch(&batch) {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    watch(&batch);
    batch
}
