//! While nothing but data moves, each segment need not look for paths, signals and deadlines again.

use super::Mpcb;
use crate::time::Instant;

/// What the last look found: nothing to do before some time, unless something else than data moves.
#[derive(Debug)]
pub(super) struct NextDue {
    /// The earliest deadline of any kind; `None`: look again.
    until: Option<Instant>,
    /// Grows with each change that option building may have to know of; see `sync_tx()`.
    changes: u32,
}

impl NextDue {
    pub(super) const fn new() -> Self {
        NextDue { until: None, changes: 1 }
    }

    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    pub(super) const fn changes(&self) -> u32 {
        self.changes
    }
}

impl Mpcb {
    /// Something else than data moved (a subflow's state, a signal, an address, the mode): what was found before no longer holds.
    pub(super) fn invalidate(&mut self) {
        self.due.until = None;
        self.due.changes = self.due.changes.wrapping_add(1);
    }

    /// Nothing is to be looked for at `now`.
    pub(super) fn nothing_due(&self, now: Instant) -> bool {
        !self.timers.is_sooner() && self.due.until.is_some_and(|until| now < until)
    }

    /// Everything was looked at and nothing is due before the next deadline.
    pub(super) fn note_next_due(&mut self) {
        self.timers.seen();
        self.due.until = self.mode.may_spread().then(|| self.deadline().unwrap_or(Instant::NEVER));
    }
}
