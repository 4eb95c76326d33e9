//! The bound on held pieces: what it refuses, what it never refuses, and that nothing is lost by it.

use alloc::vec::Vec;
use proptest::prelude::*;

use super::model::{first_doff, pieces};
use super::receiver::Receiver;
use crate::reass::Placement;

const STREAM: usize = 1500;

/// Holds the odd bytes below `end`, one piece each, until the first is refused.
fn hold_odd_bytes(receiver: &mut Receiver, end: usize) -> usize {
    (1..end).step_by(2).take_while(|&at| receiver.arrive(at, at + 1) != Placement::QueueFull).count()
}

#[test]
fn no_more_pieces_are_held_than_may_be() {
    let mut receiver = Receiver::limited(1, STREAM, 10);
    assert_eq!(hold_odd_bytes(&mut receiver, STREAM), 10);
    assert_eq!((receiver.reass.held_ranges(), receiver.reass.held_bytes()), (10, 10));
    assert_eq!(receiver.arrive(100, 900), Placement::QueueFull, "however long");
    assert_eq!(receiver.arrive(1, 2), Placement::Duplicate, "what is held needs no place");
    receiver.edge = 30;
    assert_eq!(receiver.arrive(30, 31), Placement::BeyondWindow, "and what is refused anyway is refused as such");
    receiver.finish();
}

#[test]
fn what_fills_the_gap_is_always_taken() {
    let mut receiver = Receiver::limited(1, STREAM, 10);
    hold_odd_bytes(&mut receiver, STREAM);
    // Bytes 0, 2, .. 18 are missing.
    assert_eq!(receiver.arrive(0, 1), Placement::Deliver { skip: 0, len: 1, cut: 0 });
    assert_eq!((receiver.delivered(), receiver.reass.held_ranges()), (2, 9));
    assert_eq!(receiver.arrive(2, 3), Placement::Deliver { skip: 0, len: 1, cut: 0 });
    assert_eq!(receiver.arrive(4, 400), Placement::Deliver { skip: 0, len: 396, cut: 0 });
    assert_eq!((receiver.delivered(), receiver.reass.held_ranges()), (400, 0));
    receiver.finish();
}

#[test]
fn a_piece_that_was_refused_is_taken_when_it_comes_again() {
    let mut receiver = Receiver::limited(1, STREAM, 2);
    assert_eq!(hold_odd_bytes(&mut receiver, STREAM), 2);
    assert_eq!(receiver.arrive(5, 9), Placement::QueueFull);
    assert_eq!(receiver.arrive(5, 9), Placement::QueueFull, "nothing has changed");
    assert_eq!(receiver.arrive(0, 1), Placement::Deliver { skip: 0, len: 1, cut: 0 });
    assert_eq!(receiver.arrive(5, 9), Placement::Hold { skip: 0, len: 4, cut: 0 });
    assert_eq!(receiver.arrive(2, 3), Placement::Deliver { skip: 0, len: 1, cut: 0 });
    assert_eq!(receiver.arrive(4, 5), Placement::Deliver { skip: 0, len: 1, cut: 0 });
    assert_eq!(receiver.delivered(), 9);
    receiver.finish();
}

#[test]
fn a_piece_that_replaces_others_needs_no_place_of_its_own() {
    let mut receiver = Receiver::limited(1, STREAM, 3);
    assert_eq!(hold_odd_bytes(&mut receiver, STREAM), 3);
    // Bytes 1, 3 and 5 are held.
    assert_eq!(receiver.arrive(3, 5), Placement::QueueFull, "loses its front to 3, and replaces nothing");
    assert_eq!(receiver.arrive(4, 6), Placement::QueueFull, "loses its tail to 5, and replaces nothing");
    assert_eq!(receiver.arrive(2, 5), Placement::Hold { skip: 0, len: 3, cut: 0 });
    assert_eq!(receiver.reass.held_ranges(), 3, "one for one");
    assert_eq!(receiver.arrive(1, 30), Placement::Hold { skip: 1, len: 28, cut: 0 });
    assert_eq!(receiver.reass.held_ranges(), 2, "one for two");
    assert_eq!(receiver.arrive(40, 41), Placement::Hold { skip: 0, len: 1, cut: 0 });
    assert_eq!(receiver.arrive(50, 51), Placement::QueueFull);
    receiver.finish();
}

#[test]
fn with_nothing_held_all_arrives_in_order() {
    let mut receiver = Receiver::limited(1, STREAM, 0);
    assert_eq!(receiver.arrive(1, 2), Placement::QueueFull);
    for start in (0..STREAM).step_by(100) {
        assert_eq!(receiver.arrive(start, start + 100), Placement::Deliver { skip: 0, len: 100, cut: 0 });
    }
    assert_eq!(receiver.pool.peak(), 0);
    receiver.finish();
}

proptest! {
    /// The receiver judges each step; a peer that repeats what was refused gets all of it through.
    #[test]
    fn a_peer_that_repeats_gets_every_byte_through(
        first in first_doff(),
        pieces in pieces(),
        max_held in 0..12u32,
        per_mille in prop_oneof![Just(0u16), 1..400u16],
        seed: u64,
    ) {
        let mut receiver = Receiver::limited(first, STREAM, max_held);
        receiver.pool.refuse_randomly(seed, per_mille);
        let whole: Vec<_> = (0..STREAM).step_by(50).map(|start| (start, start + 50)).collect();
        for &(start, end) in pieces.iter().chain(&whole) {
            let _ = receiver.arrive(start, end);
        }
        prop_assert_eq!(receiver.delivered(), STREAM);
        receiver.finish();
    }
}
