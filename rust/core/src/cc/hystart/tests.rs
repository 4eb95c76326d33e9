//! When slow start is left.

use super::*;

/// Rounds of `acks` acknowledgements each, with the given round trips, ms. What each round's last one said.
fn rounds(state: &mut HyStart, from: u32, acks: u32, rtts: &[u32]) -> std::vec::Vec<Verdict> {
    let mut at = from;
    let mut said = std::vec::Vec::new();
    for rtt in rtts {
        let mut last = Verdict::Whole;
        for _ in 0..acks {
            at = at.wrapping_add(1);
            last = state.acked(at, at.wrapping_add(acks), Some(*rtt));
        }
        said.push(last);
    }
    said
}

#[test]
fn steady_round_trips_never_end_it() {
    let mut state = HyStart::default();
    assert!(rounds(&mut state, 1, 10, &[20; 50]).iter().all(|said| *said == Verdict::Whole));
    // Up to the threshold is noise: 4 ms at least, an eighth, 16 ms at most.
    for (base, noise) in [(1, 3), (80, 9), (400, 15)] {
        let mut state = HyStart::default();
        let said = rounds(&mut state, 1, 10, &[base, base + noise, base, base + noise]);
        assert!(said.iter().all(|said| *said == Verdict::Whole), "{base} and {noise}");
    }
}

#[test]
fn a_growing_round_trip_ends_it_after_five_careful_rounds() {
    // The sequence number wraps in the middle.
    let mut state = HyStart::default();
    let said = rounds(&mut state, u32::MAX - 35, 10, &[20, 20, 24, 25, 26, 27, 28, 29]);
    assert_eq!(said[..2], [Verdict::Whole; 2]);
    assert_eq!(said[2..7], [Verdict::Part(4); 5]);
    assert_eq!(said[7], Verdict::Ended);
}

#[test]
fn a_round_trip_that_falls_back_lets_it_go_on() {
    let mut state = HyStart::default();
    let said = rounds(&mut state, 1, 10, &[20, 30, 31, 20, 20, 20, 20, 20, 20, 20]);
    assert_eq!(said[1..3], [Verdict::Part(4); 2]);
    assert!(said[3..].iter().all(|said| *said == Verdict::Whole), "{said:?}");
}

#[test]
fn too_few_samples_say_nothing() {
    let mut state = HyStart::default();
    assert!(rounds(&mut state, 1, 7, &[20, 60, 90]).iter().all(|said| *said == Verdict::Whole));
    let mut state = HyStart::default();
    for at in 1..100 {
        assert_eq!(state.acked(at, at + 10, None), Verdict::Whole);
    }
}

#[test]
fn any_words_are_taken() {
    let mut state =
        HyStart { begun: 7, round_end: 9, samples: NONE, least: 3, before: NONE - 1, rounds: NONE, baseline: 2 };
    assert_eq!(state.acked(10, 5, Some(NONE)), Verdict::Ended);
    assert_eq!(state.acked(10, 5, Some(0)), Verdict::Ended);
}
