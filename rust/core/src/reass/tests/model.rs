//! Random and exhaustive arrivals: every byte once, in order, with the right content.

use alloc::vec::Vec;
use proptest::prelude::*;

use super::receiver::Receiver;
use crate::reass::Placement;

const STREAM: usize = 1500;

/// First offsets: as a connection begins, around what fits into 32 bits, and up to the end of the numbers.
pub(super) fn first_doff() -> impl Strategy<Value = u64> {
    let last = u64::MAX - u64::try_from(STREAM).unwrap();
    prop_oneof![
        Just(1),
        0..50u64,
        0..last,
        (0..1500u64).prop_map(move |d| last - d),
        (0..1500u64).prop_map(|d| (1 << 63) - d),
        (0..1500u64).prop_map(|d| (1 << 32) - d),
    ]
}

/// Pieces [start, end) of the stream: small, large, empty, anywhere.
pub(super) fn pieces() -> impl Strategy<Value = Vec<(usize, usize)>> {
    let len = prop_oneof![20 => 1..12usize, 6 => 1..100usize, 1 => 0..STREAM];
    let piece = (0..STREAM, len).prop_map(|(s, l)| (s, (s + l).min(STREAM)));
    prop::collection::vec(piece, 1..300)
}

proptest! {
    #[test]
    fn every_byte_once_in_order(first in first_doff(), pieces in pieces(), fill in any::<bool>()) {
        let mut receiver = Receiver::new(first, STREAM);
        for (start, end) in pieces {
            let _ = receiver.arrive(start, end);
        }
        if fill {
            for start in (0..STREAM).step_by(7) {
                let _ = receiver.arrive(start, (start + 7).min(STREAM));
            }
            prop_assert_eq!(receiver.delivered(), STREAM);
        }
        receiver.finish();
    }

    #[test]
    fn the_window_opens_while_pieces_arrive(
        first in first_doff(),
        pieces in pieces(),
        step in 0..20usize,
    ) {
        let mut receiver = Receiver::new(first, STREAM);
        receiver.edge = 0;
        for (start, end) in pieces {
            let _ = receiver.arrive(start, end);
            receiver.edge = (receiver.edge + step).min(STREAM);
        }
        receiver.finish();
    }
}

/// All sequences of four pieces on a stream of five bytes.
#[test]
fn all_short_histories() {
    let all: Vec<(usize, usize)> = (0..5).flat_map(|s| (s + 1..=5).map(move |e| (s, e))).collect();
    for &a in &all {
        for &b in &all {
            for &c in &all {
                for &d in &all {
                    let mut receiver = Receiver::new(u64::MAX - 5, 5);
                    for (start, end) in [a, b, c, d] {
                        let _ = receiver.arrive(start, end);
                    }
                    receiver.finish();
                }
            }
        }
    }
}

/// Segments of two paths, the second one late: the pattern of every real connection.
#[test]
fn two_paths_interleaved() {
    let mut receiver = Receiver::new(77, 3000);
    for block in 0..10 {
        let base = block * 300;
        for fast in [100, 200] {
            let placement = receiver.arrive(base + fast, base + fast + 100);
            assert_eq!(placement, Placement::Hold { skip: 0, len: 100, cut: 0 });
        }
        let placement = receiver.arrive(base, base + 100);
        assert_eq!(placement, Placement::Deliver { skip: 0, len: 100, cut: 0 });
        assert_eq!(receiver.delivered(), base + 300);
    }
    receiver.finish();
}
