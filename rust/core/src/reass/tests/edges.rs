//! Single rules, one test each.

use super::receiver::Receiver;
use crate::pool::Pool;
use crate::reass::{NotHeld, Placement, Ready, Reass};

const FAR: u64 = 1 << 40;

/// Nothing received, `rcv_nxt` expected; as many pieces as anybody likes.
fn unlimited(rcv_nxt: u64) -> (Reass, Pool) {
    (Reass::new(rcv_nxt, u32::MAX), Pool::new(usize::MAX))
}

fn hold(reass: &mut Reass, pool: &mut Pool, doff: u64, len: u32, token: u64) {
    assert_eq!(reass.arrive(doff, len, FAR, pool), Placement::Hold { skip: 0, len, cut: 0 });
    assert_eq!(reass.next_superseded(pool), None);
    assert_eq!(reass.hold(doff, len, token), Ok(()));
}

#[test]
fn a_piece_is_trimmed_at_both_ends() {
    let mut receiver = Receiver::new(0, 100);
    assert_eq!(receiver.arrive(10, 20), Placement::Hold { skip: 0, len: 10, cut: 0 });
    assert_eq!(receiver.arrive(30, 40), Placement::Hold { skip: 0, len: 10, cut: 0 });
    assert_eq!(receiver.arrive(15, 35), Placement::Hold { skip: 5, len: 10, cut: 5 });
    assert_eq!(receiver.arrive(0, 15), Placement::Deliver { skip: 0, len: 10, cut: 5 });
    assert_eq!(receiver.delivered(), 40);
    assert_eq!(receiver.arrive(35, 45), Placement::Deliver { skip: 5, len: 5, cut: 0 });
    assert_eq!(receiver.arrive(0, 45), Placement::Duplicate);
    receiver.finish();
}

#[test]
fn superseded_tokens_come_back_lowest_first() {
    let (mut reass, mut pool) = unlimited(0);
    hold(&mut reass, &mut pool, 10, 5, 1);
    hold(&mut reass, &mut pool, 20, 5, 2);
    hold(&mut reass, &mut pool, 50, 5, 3);
    let placement = reass.arrive(5, 25, FAR, &mut pool);
    assert_eq!(placement, Placement::Hold { skip: 0, len: 25, cut: 0 });
    assert_eq!(reass.next_superseded(&mut pool), Some(1));
    assert_eq!(reass.next_superseded(&mut pool), Some(2));
    assert_eq!(reass.next_superseded(&mut pool), None);
    assert_eq!(reass.hold(5, 25, 4), Ok(()));
    assert_eq!((reass.held_ranges(), reass.held_bytes()), (2, 30));
    assert_eq!(reass.drain(&mut pool), Some(3));
    assert_eq!(reass.drain(&mut pool), Some(4));
    assert_eq!(reass.drain(&mut pool), None);
    assert_eq!(pool.used(), 0);
}

#[test]
fn a_caller_that_forgets_the_superseded_loses_nothing() {
    let (mut reass, mut pool) = unlimited(0);
    hold(&mut reass, &mut pool, 10, 5, 1);
    let placement = reass.arrive(5, 20, FAR, &mut pool);
    assert_eq!(placement, Placement::Hold { skip: 0, len: 20, cut: 0 });
    assert_eq!(reass.hold(5, 20, 2), Err(NotHeld(2)));
    assert_eq!((reass.held_ranges(), reass.held_bytes()), (1, 5));
    assert_eq!(reass.next_superseded(&mut pool), None, "its replacement was not taken");
    let placement = reass.arrive(0, 20, FAR, &mut pool);
    assert_eq!(placement, Placement::Deliver { skip: 0, len: 20, cut: 0 });
    assert_eq!(reass.next_ready(&mut pool), Some(Ready { token: 1, skip: 5, len: 0 }));
    assert_eq!((reass.next_ready(&mut pool), reass.rcv_nxt()), (None, 20));
}

#[test]
fn hold_without_leave_is_refused() {
    let (mut reass, mut pool) = unlimited(100);
    assert_eq!(reass.hold(200, 5, 1), Err(NotHeld(1)), "nothing was reserved");
    hold(&mut reass, &mut pool, 300, 5, 2);
    assert_eq!(reass.hold(100, 5, 3), Err(NotHeld(3)), "in order");
    assert_eq!(reass.hold(99, 5, 3), Err(NotHeld(3)), "behind");
    assert_eq!(reass.hold(302, 5, 3), Err(NotHeld(3)), "held already");
    assert_eq!(reass.hold(200, 0, 3), Err(NotHeld(3)), "no bytes");
    assert_eq!((reass.held_ranges(), reass.rcv_nxt()), (1, 100));
}

#[test]
fn the_window_cuts_the_tail_and_refuses_the_rest() {
    let mut receiver = Receiver::new(u64::MAX - 100, 100);
    receiver.edge = 20;
    assert_eq!(receiver.arrive(20, 30), Placement::BeyondWindow);
    assert_eq!(receiver.arrive(15, 30), Placement::Hold { skip: 0, len: 5, cut: 10 });
    assert_eq!(receiver.arrive(0, 30), Placement::Deliver { skip: 0, len: 15, cut: 15 });
    assert_eq!(receiver.delivered(), 20);
    assert_eq!(receiver.arrive(10, 20), Placement::Duplicate, "also with the window closed");
    assert_eq!(receiver.arrive(10, 21), Placement::BeyondWindow, "a zero-window probe");
    receiver.finish();
}

#[test]
fn empty_and_ancient_pieces_are_duplicates() {
    let (mut reass, mut pool) = unlimited(10);
    assert_eq!(reass.arrive(10, 0, FAR, &mut pool), Placement::Duplicate);
    assert_eq!(reass.arrive(500, 0, FAR, &mut pool), Placement::Duplicate);
    assert_eq!(reass.arrive(FAR, 0, FAR, &mut pool), Placement::Duplicate, "empty comes before beyond the window");
    assert_eq!(reass.arrive(5, 5, FAR, &mut pool), Placement::Duplicate);
    assert_eq!(reass.arrive(0, 1, FAR, &mut pool), Placement::Duplicate);
    assert_eq!(reass.arrive(u64::MAX - 1, 1, FAR, &mut pool), Placement::BeyondWindow);
    assert_eq!(reass.arrive(u64::MAX, 1, FAR, &mut pool), Placement::Duplicate, "no such byte");
    assert_eq!((reass.rcv_nxt(), reass.held_ranges(), pool.used()), (10, 0, 0));
}

#[test]
fn a_piece_that_runs_over_the_end_of_the_numbers_is_cut_there() {
    let (mut reass, mut pool) = unlimited(1);
    let start = u64::MAX - 10;
    let placement = reass.arrive(start, 30, u64::MAX, &mut pool);
    assert_eq!(placement, Placement::Hold { skip: 0, len: 10, cut: 20 });
    assert_eq!(reass.next_superseded(&mut pool), None);
    assert_eq!(reass.hold(start, 30, 7), Err(NotHeld(7)), "not what was asked for");
    assert_eq!(reass.hold(start, 10, 7), Ok(()));
    let (mut reass, mut pool) = unlimited(start);
    assert_eq!(reass.arrive(start, 30, u64::MAX, &mut pool), Placement::Deliver { skip: 0, len: 10, cut: 20 });
    assert!(reass.take_data_fin(u64::MAX));
    assert_eq!(reass.rcv_nxt(), u64::MAX, "there is no number behind it");
}

#[test]
fn a_data_fin_waits_for_the_data_before_it() {
    let (mut reass, mut pool) = unlimited(7);
    assert!(!reass.take_data_fin(9));
    assert_eq!(reass.arrive(7, 2, FAR, &mut pool), Placement::Deliver { skip: 0, len: 2, cut: 0 });
    assert!(reass.take_data_fin(9));
    assert!(!reass.take_data_fin(9), "taken once");
    assert_eq!(reass.rcv_nxt(), 10);
    assert_eq!(reass.arrive(9, 1, FAR, &mut pool), Placement::Duplicate);
}

#[test]
fn settled_is_when_nothing_is_to_be_fetched() {
    let (mut reass, mut pool) = unlimited(0);
    assert!(reass.is_settled());
    hold(&mut reass, &mut pool, 10, 5, 1);
    assert!(reass.is_settled(), "held behind a gap");
    assert_eq!(reass.arrive(8, 20, FAR, &mut pool), Placement::Hold { skip: 0, len: 20, cut: 0 });
    assert!(!reass.is_settled(), "a piece is superseded");
    assert_eq!(reass.next_superseded(&mut pool), Some(1));
    assert!(!reass.is_settled(), "perhaps another one");
    assert_eq!(reass.next_superseded(&mut pool), None);
    assert!(reass.is_settled());
    assert_eq!(reass.hold(8, 20, 2), Ok(()));
    assert_eq!(reass.arrive(0, 8, FAR, &mut pool), Placement::Deliver { skip: 0, len: 8, cut: 0 });
    assert_eq!(reass.next_superseded(&mut pool), None);
    assert!(!reass.is_settled(), "the held piece has become in-order");
    assert_eq!(reass.next_ready(&mut pool), Some(Ready { token: 2, skip: 0, len: 20 }));
    assert!(reass.is_settled());
}

#[test]
fn the_longest_piece_is_counted_right() {
    let (mut reass, mut pool) = unlimited(0);
    hold(&mut reass, &mut pool, 5, u32::MAX, 1);
    let placement = reass.arrive(0, u32::MAX, FAR, &mut pool);
    assert_eq!(placement, Placement::Deliver { skip: 0, len: 5, cut: u32::MAX - 5 });
    assert_eq!(reass.next_ready(&mut pool), Some(Ready { token: 1, skip: 0, len: u32::MAX }));
    assert_eq!(reass.rcv_nxt(), u64::from(u32::MAX) + 5);
}

#[test]
fn a_hundred_thousand_ranges_leave_no_memory_behind() {
    let (mut reass, mut pool) = unlimited(0);
    for i in 1..=100_000 {
        hold(&mut reass, &mut pool, i * 2, 1, i);
    }
    let full = pool.used();
    // The odd bytes, and 0: each fills a gap and frees the range behind it.
    assert_eq!(reass.arrive(0, 2, FAR, &mut pool), Placement::Deliver { skip: 0, len: 2, cut: 0 });
    for i in 1..=100_000 {
        assert_eq!(reass.next_ready(&mut pool), Some(Ready { token: i, skip: 0, len: 1 }));
        let placement = reass.arrive(i * 2 + 1, 1, FAR, &mut pool);
        assert_eq!(placement, Placement::Deliver { skip: 0, len: 1, cut: 0 });
    }
    assert!(pool.used() < full / 100, "{} bytes of {full} kept", pool.used());
    reass.trim(&mut pool);
    assert_eq!(pool.used(), 0);
}
