//! Memory that is refused: nothing is lost, and the peer can send the piece again.

use alloc::vec::Vec;
use proptest::prelude::*;

use super::model::{first_doff, pieces};
use super::receiver::Receiver;
use crate::reass::Placement;

/// Every fourth byte missing, so that held ranges need several chunks; then the gaps.
fn gappy() -> Vec<(usize, usize)> {
    let held = (0..400).map(|i| (i * 4 + 1, i * 4 + 4)).rev();
    held.chain((0..400).map(|i| (i * 4, i * 4 + 1))).collect()
}

/// Runs a history; what was refused is sent again at the end, until it is taken.
fn run(receiver: &mut Receiver, pieces: &[(usize, usize)]) -> usize {
    let mut refused = Vec::new();
    for &(start, end) in pieces {
        if receiver.arrive(start, end) == Placement::NoMemory {
            refused.push((start, end));
        }
    }
    let refusals = refused.len();
    while let Some((start, end)) = refused.pop() {
        if receiver.arrive(start, end) == Placement::NoMemory {
            refused.insert(0, (start, end));
        }
    }
    refusals
}

#[test]
fn each_allocation_fails_in_turn() {
    let pieces = gappy();
    for n in 0.. {
        let mut receiver = Receiver::new(u64::MAX - 1600, 1600);
        receiver.pool.refuse_nth(n);
        run(&mut receiver, &pieces);
        assert_eq!(receiver.delivered(), 1600, "with request {n} refused");
        let untouched = receiver.pool.refusals() == 0;
        receiver.finish();
        if untouched {
            assert!(n >= 7, "only {n} requests: the history is too tame");
            return;
        }
    }
}

#[test]
fn in_order_data_asks_for_no_memory() {
    let mut receiver = Receiver::new(5, 3000);
    receiver.pool.set_limit(0);
    for start in (0..3000).step_by(100) {
        let placement = receiver.arrive(start, start + 100);
        assert_eq!(placement, Placement::Deliver { skip: 0, len: 100, cut: 0 });
    }
    assert_eq!((receiver.pool.refusals(), receiver.pool.peak()), (0, 0));
    receiver.finish();
}

#[test]
fn a_full_pool_still_lets_the_gap_be_filled() {
    let mut receiver = Receiver::new(5, 1600);
    receiver.pool.set_limit(8 * 1024);
    let held = gappy().iter().rev().skip(400).map(|&(s, e)| receiver.arrive(s, e)).collect::<Vec<_>>();
    assert!(held.contains(&Placement::NoMemory), "the limit did not bite");
    assert!(receiver.pool.peak() <= 8 * 1024);
    for start in (0..1600).step_by(10) {
        let placement = receiver.arrive(start, start + 10);
        assert!(!matches!(placement, Placement::NoMemory | Placement::BeyondWindow));
    }
    assert_eq!(receiver.delivered(), 1600);
    receiver.finish();
}

proptest! {
    #[test]
    fn memory_refused_at_random(
        first in first_doff(),
        pieces in pieces(),
        seed: u64,
        per_mille in 1..800u16,
    ) {
        let mut receiver = Receiver::new(first, 1500);
        receiver.pool.refuse_randomly(seed, per_mille);
        run(&mut receiver, &pieces);
        receiver.finish();
    }
}
