//! When a link is cut and when it heals.

use std::collections::VecDeque;

use mptcp_core::time::Instant;

/// A plan of cuts and heals, in the order of their times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outages {
    plan: VecDeque<(Instant, bool)>,
}

impl Outages {
    /// Adds a moment at which the link goes up or down. Of two at the same time the later added
    /// one wins.
    pub fn add(&mut self, at: Instant, up: bool) {
        let place = self.plan.partition_point(|(t, _)| *t <= at);
        self.plan.insert(place, (at, up));
    }

    /// The time of the next change.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.plan.front().map(|(t, _)| *t)
    }

    /// Takes the next change that is due by `now`: its time and whether the link is up after it.
    pub fn take_due(&mut self, now: Instant) -> Option<(Instant, bool)> {
        self.plan.front().filter(|(t, _)| *t <= now)?;
        self.plan.pop_front()
    }
}
