//! The range set against a table of booleans.

use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

use crate::pool::Pool;
use crate::range_map::RangeSet;

/// Numbers in the model: a little more than one chunk of ranges can be apart in it.
const SPACE: u64 = 400;

#[derive(Clone, Debug)]
enum Op {
    Insert(u64, u64),
    Subtract(u64, u64),
    RemoveBelow(u64),
    TakeFirst(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let len = prop_oneof![20 => 0..4u64, 1 => 0..120u64];
    prop_oneof![
        20 => (0..SPACE, len.clone()).prop_map(|(s, l)| Op::Insert(s, (s + l).min(SPACE))),
        8 => (0..SPACE, len).prop_map(|(s, l)| Op::Subtract(s, (s + l).min(SPACE))),
        1 => (0..SPACE).prop_map(Op::RemoveBelow),
        2 => (0..6u64).prop_map(Op::TakeFirst),
    ]
}

fn at(x: u64) -> usize {
    usize::try_from(x).unwrap()
}

fn runs(model: &[bool]) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for x in (0..SPACE).filter(|&x| model[at(x)]) {
        match runs.last_mut() {
            Some(run) if run.1 == x => run.1 = x + 1,
            _ => runs.push((x, x + 1)),
        }
    }
    runs
}

fn step(set: &mut RangeSet, model: &mut [bool], op: Op, pool: &mut Pool) {
    match op {
        Op::Insert(s, e) => {
            if set.insert(s, e, pool).is_ok() {
                model[at(s)..at(e)].fill(true);
            } else {
                let touched = (s.saturating_sub(1)..=e).any(|x| *model.get(at(x)).unwrap_or(&false));
                assert!(!touched, "refused though nothing new was needed");
            }
        }
        Op::Subtract(s, e) => {
            if set.subtract(s, e, pool).is_ok() {
                model[at(s)..at(e.max(s))].fill(false);
            }
        }
        Op::RemoveBelow(x) => {
            set.remove_below(x, pool);
            model[..at(x)].fill(false);
        }
        Op::TakeFirst(max) => {
            let expected = runs(model).first().map(|r| (r.0, r.1.min(r.0 + max))).filter(|_| max > 0);
            assert_eq!(set.take_first(max, pool), expected);
            if let Some((s, e)) = expected {
                model[at(s)..at(e)].fill(false);
            }
        }
    }
}

fn check(set: &RangeSet, model: &[bool]) {
    let runs = runs(model);
    set.audit();
    assert!(set.iter().eq(runs.iter().copied()), "{:?} is not {runs:?}", set.iter().collect::<Vec<_>>());
    assert_eq!((set.first(), set.last()), (runs.first().copied(), runs.last().copied()));
    assert_eq!((set.ranges(), set.is_empty()), (runs.len(), runs.is_empty()));
    assert_eq!(set.covered(), runs.iter().map(|r| r.1 - r.0).sum::<u64>());
    for x in 0..SPACE {
        assert_eq!(set.contains(x), model[at(x)]);
        let run = runs.iter().copied().find(|r| r.0 <= x && x < r.1);
        assert_eq!(set.containing(x), run);
        let within = runs.iter().copied().find(|r| r.0 < x + 9 && x < r.1);
        assert_eq!(set.first_within(x, x + 9), within.map(|r| (r.0.max(x), r.1.min(x + 9))));
    }
}

proptest! {
    #[test]
    fn does_what_a_table_does(
        ops in prop::collection::vec(op(), 1..300),
        seed: u64,
        per_mille in prop_oneof![Just(0u16), 1..900u16],
    ) {
        let mut pool = Pool::new(usize::MAX);
        pool.refuse_randomly(seed, per_mille);
        let (mut set, mut model) = (RangeSet::new(), vec![false; at(SPACE)]);
        for op in ops {
            step(&mut set, &mut model, op, &mut pool);
            check(&set, &model);
        }
        set.clear(&mut pool);
        prop_assert_eq!((pool.used(), set.ranges()), (0, 0));
    }
}

#[test]
fn a_refused_split_changes_nothing() {
    let mut pool = Pool::new(usize::MAX);
    let mut set = RangeSet::new();
    for x in 0..64 {
        set.insert(x * 10, x * 10 + 9, &mut pool).unwrap();
    }
    pool.set_limit(0);
    assert!(set.subtract(3, 5, &mut pool).is_err());
    assert_eq!((set.first(), set.ranges(), set.covered()), (Some((0, 9)), 64, 576));
    assert!(set.subtract(3, 10, &mut pool).is_ok());
    assert_eq!(set.first(), Some((0, 3)));
}

#[test]
fn the_end_of_the_space_merges_without_overflow() {
    let mut pool = Pool::new(usize::MAX);
    let mut set = RangeSet::new();
    set.insert(u64::MAX - 2, u64::MAX, &mut pool).unwrap();
    set.insert(0, 5, &mut pool).unwrap();
    set.insert(5, u64::MAX, &mut pool).unwrap();
    assert_eq!((set.first(), set.ranges()), (Some((0, u64::MAX)), 1));
    set.remove_below(u64::MAX, &mut pool);
    assert!(set.is_empty());
}
