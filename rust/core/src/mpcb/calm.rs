//! While nothing but data moves, each segment need not look for paths, signals and deadlines again.

use super::Mpcb;
use crate::time::Instant;

/// What the last look found: nothing to do before some time, unless something else than data moves.
#[derive(Debug)]
pub(super) struct Calm {
    /// The earliest deadline of any kind; `None`: look again.
    until: Option<Instant>,
    /// Grows with each change that option building may have to know of; see `sync_tx()`.
    changes: u32,
}

impl Calm {
    pub(super) const fn new() -> Self {
        Calm { until: None, changes: 1 }
    }

    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    pub(super) const fn changes(&self) -> u32 {
        self.changes
    }
}

impl Mpcb {
    /// Something else than data moved: a subflow's state, a signal, an address, the peer's first DSS.
    pub(super) fn stir(&mut self) {
        self.calm.until = None;
        self.calm.changes = self.calm.changes.wrapping_add(1);
    }

    /// Nothing is to be looked for at `now`.
    pub(super) fn is_calm(&self, now: Instant) -> bool {
        !self.timers.is_sooner() && self.calm.until.is_some_and(|until| now < until)
    }

    /// Everything was looked at and nothing is due.
    pub(super) fn settle(&mut self) {
        self.timers.seen();
        let plain = self.over.is_none() && self.fallback.is_none() && self.failing.is_none();
        self.calm.until = plain.then(|| self.deadline().unwrap_or(Instant::NEVER));
    }
}
