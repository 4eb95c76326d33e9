//! Where times begin and end.

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
