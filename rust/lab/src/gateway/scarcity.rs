//! Out of descriptors or memory: new connections wait, and nobody spins on a listener that stays ready.

use std::io::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mptcp_core::time::Instant;

/// How long new connections wait, unless one of the gateway's own ends before: others may have given back what is
/// missing.
const REST: Duration = Duration::from_millis(100);
/// Between two lines that say so.
const SILENCE: Duration = Duration::from_secs(10);

/// How often new connections had to wait, for whoever looks at the gateway from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits(Arc<AtomicU64>);

impl Waits {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether new connections are accepted now.
#[derive(Debug, Default)]
pub(super) struct Scarcity {
    until: Option<Instant>,
    silent_until: Option<Instant>,
    waits: Waits,
}

impl Scarcity {
    pub(super) fn new(waits: Waits) -> Scarcity {
        Scarcity { waits, ..Scarcity::default() }
    }

    /// A connection could not be accepted because of `error`.
    pub(super) fn begin(&mut self, now: Instant, error: &Error) {
        self.until = Some(now + REST);
        let waits = self.waits.0.fetch_add(1, Ordering::Relaxed) + 1;
        if self.silent_until.is_none_or(|at| at <= now) {
            self.silent_until = Some(now + SILENCE);
            eprintln!("gateway: new connections wait ({waits} waits so far): {error}");
        }
    }

    /// Something was given back: whoever waits is looked at now.
    pub(super) fn end(&mut self) {
        self.until = self.until.and(Some(Instant::ZERO));
    }

    /// When to try again; past times mean at once.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Whether new connections still wait. A wait that is over is forgotten.
    pub(super) fn lasts(&mut self, now: Instant) -> bool {
        self.until = self.until.filter(|at| *at > now);
        self.until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_by_time_or_when_something_is_given_back() {
        let waits = Waits::default();
        let mut scarcity = Scarcity::new(waits.clone());
        let start = Instant::from_micros(1_000_000);
        assert!(!scarcity.lasts(start));
        for n in 1..=3 {
            scarcity.begin(start, &Error::from_raw_os_error(24));
            assert!(scarcity.lasts(start) && waits.count() == n);
        }
        assert!(!scarcity.lasts(start + REST));
        assert_eq!(scarcity.until(), None, "nothing to wake up for");
        scarcity.end();
        assert_eq!(scarcity.until(), None, "nobody waits");
        scarcity.begin(start, &Error::from_raw_os_error(24));
        scarcity.end();
        assert_eq!(scarcity.until(), Some(Instant::ZERO));
        assert!(!scarcity.lasts(start) && scarcity.until().is_none());
    }
}
