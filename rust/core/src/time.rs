//! Time as the caller tells it: core has no clock.

use core::ops::{Add, Sub};
use core::time::Duration;

/// A point in time, in microseconds since an arbitrary start that the caller chose (kernel: uptime;
/// lab: start of the program; simulator: zero). It never goes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The caller's start of time.
    pub const ZERO: Instant = Instant(0);
    /// Later than any time a caller can reach; used for "never".
    pub const NEVER: Instant = Instant(u64::MAX);

    /// From microseconds since the caller's start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Instant(micros)
    }

    /// From milliseconds since the caller's start.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Instant(millis.saturating_mul(1000))
    }

    /// Microseconds since the caller's start.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Time since `earlier`; zero where `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    /// Saturates at [`Instant::NEVER`].
    fn add(self, d: Duration) -> Instant {
        let micros = u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        Instant(self.0.saturating_add(micros))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The same as [`Instant::since`]: saturates at zero.
    fn sub(self, earlier: Instant) -> Duration {
        self.since(earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;
    use core::time::Duration;

    #[test]
    fn times_are_microseconds_of_the_caller() {
        assert_eq!(Instant::from_micros(1_500).micros(), 1_500);
        assert_eq!(Instant::from_millis(2), Instant::from_micros(2_000));
        assert_eq!((Instant::ZERO.micros(), Instant::NEVER.micros()), (0, u64::MAX));
        assert!(Instant::from_micros(1_999) < Instant::from_millis(2));
    }

    #[test]
    fn a_difference_never_goes_below_zero() {
        let (early, late) = (Instant::from_micros(10), Instant::from_micros(12));
        for (from, to, passed) in [(early, late, 2), (late, early, 0), (late, late, 0)] {
            assert_eq!(to.since(from), Duration::from_micros(passed));
            assert_eq!(to - from, Duration::from_micros(passed));
        }
    }

    #[test]
    fn nothing_is_later_than_never() {
        assert_eq!(Instant::from_millis(u64::MAX), Instant::NEVER);
        assert_eq!(Instant::from_micros(u64::MAX - 1) + Duration::from_micros(2), Instant::NEVER);
        assert_eq!(Instant::ZERO + Duration::MAX, Instant::NEVER, "more microseconds than 64 bits hold");
        assert_eq!(Instant::from_micros(3) + Duration::from_nanos(1_999), Instant::from_micros(4), "rounded down");
    }
}
