//! Tests.

use super::{Expired, Recovery, SILENT, once};
use crate::time::Instant;
use core::time::Duration;

const T0: Instant = Instant::from_millis(1_000_000);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_wait_is_twice_the_round_trip_within_bounds() {
    for (rtt, wait) in [(None, 1000), (Some(0), 300), (Some(150), 300), (Some(151), 302), (Some(40_000), 80_000)] {
        assert_eq!(once(rtt.map(ms)), ms(wait), "{rtt:?}");
    }
    assert_eq!(Recovery::new().timeout(Some(ms(40_000))), ms(60_000));
}

#[test]
fn it_doubles_until_a_data_ack_moves() {
    let mut recovery = Recovery::new();
    for wait in [400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000] {
        assert_eq!(recovery.timeout(Some(ms(200))), ms(wait));
        recovery.back_off();
    }
    assert_eq!(recovery.backoff(), 10);
    assert!(recovery.advanced(T0));
    assert!(!recovery.advanced(T0), "nothing to take back");
    assert_eq!(recovery.timeout(Some(ms(200))), ms(400));
    for _ in 0..1000 {
        recovery.back_off();
    }
    assert_eq!((recovery.backoff(), recovery.timeout(None)), (16, ms(60_000)));
}

#[test]
fn it_counts_from_the_last_data_ack_that_moved() {
    let mut recovery = Recovery::new();
    recovery.advanced(T0);
    assert_eq!(recovery.expired(Some(ms(200)), T0 + ms(399)), Expired::Early(T0 + ms(400)));
    assert_eq!(recovery.silent(), 0);
    assert_eq!(recovery.expired(Some(ms(200)), T0 + ms(400)), Expired::Late);
    assert_eq!(recovery.silent(), 1);
}

#[test]
fn a_silent_peer_is_given_up() {
    let mut recovery = Recovery::new();
    for _ in 0..SILENT {
        assert_eq!(recovery.expired(None, T0), Expired::Late);
    }
    assert_eq!(recovery.expired(None, T0), Expired::PeerGone);
    recovery.heard();
    assert_eq!(recovery.expired(None, T0), Expired::Late, "one word is enough");
}

#[test]
fn what_was_outstanding_is_recovered() {
    let mut recovery = Recovery::new();
    assert!(!recovery.is_recovering(1));
    recovery.begin(100);
    assert!(recovery.is_recovering(99));
    assert!(!recovery.is_recovering(100));
}
