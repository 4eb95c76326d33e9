//! The one place where the lab asks what time it is.

use std::time;

use mptcp_core::time::Instant;

/// A monotonic clock that starts at zero. Copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: time::Instant,
}

impl Clock {
    /// A clock that shows zero now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the lab's clock: everything else is told")]
    pub fn start() -> Self {
        Clock { start: time::Instant::now() }
    }

    /// The time of day.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "for reports alone: nothing is measured by it")]
    pub fn time_of_day() -> time::SystemTime {
        time::SystemTime::now()
    }

    /// Time since the start.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::ZERO + self.start.elapsed()
    }
}
