//! What each scheduler gives to whom.

use super::*;
use crate::subflow::SubflowId;
use proptest::prelude::*;

fn path(id: u8, millis: u64, cwnd: u64, in_flight: u64) -> PathView {
    PathView { id: SubflowId(id), srtt: Duration::from_millis(millis), cwnd, in_flight, mss: 1000 }
}

fn buffer(unmapped: u64) -> BufferView {
    BufferView { unmapped, mappable: unmapped, sb_cc: unmapped, sb_hiwat: 1 << 20 }
}

fn ask(kind: SchedulerKind, me: usize, paths: &[PathView], buffer: &BufferView, want: u64) -> u64 {
    match share(kind, &paths[me], &mut paths.iter().copied(), buffer, want) {
        Share::Bytes(bytes) => bytes,
        Share::LeaveTo(other) => {
            let others = share(kind, &paths[usize::from(other.0)], &mut paths.iter().copied(), buffer, want);
            assert!(matches!(others, Share::Bytes(_)), "{other:?} leaves it to another one");
            0
        }
    }
}

#[test]
fn the_fastest_path_takes_what_it_can() {
    let paths = [path(0, 10, 10_000, 0), path(1, 100, 10_000, 0)];
    assert_eq!(ask(SchedulerKind::MinRtt, 0, &paths, &buffer(50_000), 10_000), 10_000);
}

#[test]
fn a_slow_path_leaves_the_end_to_the_fast_one() {
    let paths = [path(0, 10, 10_000, 10_000), path(1, 100, 10_000, 0)];
    // 50 kB take the fast path five rounds and the one under way: 60 ms, less than 100.
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &paths, &buffer(50_000), 10_000), 0);
    // 200 kB take it 210 ms: the slow path helps.
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &paths, &buffer(200_000), 10_000), 10_000);
    let near = [path(0, 60, 10_000, 10_000), path(1, 100, 10_000, 0)];
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &near, &buffer(10_000), 10_000), 10_000);
}

#[test]
fn what_the_fast_path_has_room_for_is_under_way_already() {
    // Half of its window is free: it takes all of the data with the round that begins now, 10 ms.
    let paths = [path(0, 10, 100_000, 50_000), path(1, 15, 10_000, 0)];
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &paths, &buffer(50_000), 10_000), 0);
    // One byte more takes it another round: 20 ms.
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &paths, &buffer(50_001), 10_000), 10_000);
    // As long as the other path: that one helps.
    let paths = [paths[0], path(1, 20, 10_000, 0)];
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &paths, &buffer(50_001), 10_000), 10_000);
}

#[test]
fn an_unmeasured_path_is_tried() {
    let paths = [path(0, 10, 10_000, 0), path(1, 0, 10_000, 0)];
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &paths, &buffer(1_000), 1_000), 1_000);
    // Nothing is left to it: nobody knows how long it would take.
    let paths = [path(0, 0, 10_000, 0), path(1, 100, 10_000, 0)];
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &paths, &buffer(1_000), 1_000), 1_000);
    let paths = [path(0, 0, 10_000, 0), path(1, 0, 10_000, 0)];
    assert_eq!(ask(SchedulerKind::MinRtt, 1, &paths, &buffer(1_000), 1_000), 1_000);
}

#[test]
fn round_robin_divides_a_full_buffer_with_one_mss_as_the_floor() {
    let paths = [path(0, 10, 90_000, 0), path(1, 100, 90_000, 0), path(2, 50, 90_000, 0)];
    let full = |unmapped| BufferView { unmapped, mappable: unmapped, sb_cc: 60_000, sb_hiwat: 60_000 };
    assert_eq!(ask(SchedulerKind::RoundRobin, 1, &paths, &full(30_000), 60_000), 10_000);
    assert_eq!(ask(SchedulerKind::RoundRobin, 1, &paths, &full(1_500), 60_000), 1_000);
    assert_eq!(ask(SchedulerKind::RoundRobin, 1, &paths, &full(700), 60_000), 700);
    // Not full: the application will write more soon.
    assert_eq!(ask(SchedulerKind::RoundRobin, 1, &paths, &buffer(30_000), 60_000), 30_000);
}

proptest! {
    #[test]
    fn nobody_gets_more_than_there_is_and_someone_gets_something(
        paths in proptest::collection::vec((0..300_u64, 1..200_000_u64, 0..200_000_u64), 1..8),
        unmapped in 1..1_000_000_u64,
        window in 1..1_000_000_u64,
        full in any::<bool>(),
        want in 1..70_000_u64,
    ) {
        let paths: std::vec::Vec<_> = paths.iter().enumerate()
            .map(|(n, (rtt, cwnd, flight))| path(n as u8, *rtt, *cwnd, *flight)).collect();
        let mappable = unmapped.min(window);
        let buffer = BufferView { unmapped, mappable, sb_cc: unmapped, sb_hiwat: if full { unmapped } else { unmapped + 1 } };
        for kind in SchedulerKind::ALL {
            let shares: std::vec::Vec<_> = (0..paths.len()).map(|me| ask(kind, me, &paths, &buffer, want)).collect();
            prop_assert!(shares.iter().all(|share| *share <= want.min(mappable)));
            // Else the connection would stand still.
            prop_assert!(shares.iter().any(|share| *share > 0), "{:?}", kind);
        }
    }
}
