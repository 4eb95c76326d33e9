//! Tests of the range map and the range set, both against models.

mod set;

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;
use proptest::prelude::*;

use super::{InsertError, RangeMap, Span};
use crate::pool::{NoMemory, Pool};

type Model = BTreeMap<u64, (u64, u32)>;

#[derive(Clone, Debug)]
enum Op {
    Insert(u64, u64, u32),
    Remove(u64),
    PopFirst,
    PopLast,
    SetBounds(u64, u64, u64),
    SetValue(u64, u32),
    Look(u64, u64),
    Trim,
}

fn op() -> impl Strategy<Value = Op> {
    let x = 0..4000u64;
    let len = prop_oneof![10 => 1..20u64, 1 => 0..300u64];
    prop_oneof![
        30 => (x.clone(), len, any::<u32>()).prop_map(|(s, l, v)| Op::Insert(s, s + l, v)),
        10 => x.clone().prop_map(Op::Remove),
        3 => Just(Op::PopFirst),
        2 => Just(Op::PopLast),
        10 => (x.clone(), x.clone(), x.clone()).prop_map(|(s, a, b)| Op::SetBounds(s, a, b)),
        5 => (x.clone(), any::<u32>()).prop_map(|(s, v)| Op::SetValue(s, v)),
        10 => (x.clone(), x).prop_map(|(a, b)| Op::Look(a, b)),
        1 => Just(Op::Trim),
    ]
}

fn span((&start, &(end, value)): (&u64, &(u64, u32))) -> Span<u32> {
    Span { start, end, value }
}

fn overlaps(model: &Model, start: u64, end: u64) -> bool {
    model.range(..end).next_back().is_some_and(|(_, &(e, _))| e > start)
}

/// A key near `x` that is in the model, so that exact look-ups hit often.
fn near(model: &Model, x: u64) -> u64 {
    if x.is_multiple_of(4) { x } else { model.range(x..).next().map_or(x, |(&s, _)| s) }
}

fn insert(map: &mut RangeMap<u32>, model: &mut Model, (s, e, v): (u64, u64, u32), pool: &mut Pool) {
    let expected = if s >= e {
        Err(InsertError::Empty)
    } else if overlaps(model, s, e) {
        Err(InsertError::Overlap)
    } else {
        Ok(())
    };
    let got = map.insert(s, e, v, pool);
    if got != Err(InsertError::NoMemory) {
        assert_eq!(got, expected);
    }
    if got.is_ok() {
        model.insert(s, (e, v));
    }
}

fn set_bounds(map: &mut RangeMap<u32>, model: &mut Model, at: u64, (s, e): (u64, u64)) {
    let Some(&(old_end, v)) = model.get(&at) else {
        assert_eq!(map.set_bounds(at, s, e), Ok(false));
        return;
    };
    let below = model.range(..at).next_back().map_or(0, |(_, &(e, _))| e);
    let above = model.range(old_end..).next().map_or(u64::MAX, |(&s, _)| s);
    if s >= e {
        assert_eq!(map.set_bounds(at, s, e), Err(InsertError::Empty));
    } else if s < below || e > above {
        assert_eq!(map.set_bounds(at, s, e), Err(InsertError::Overlap));
    } else {
        assert_eq!(map.set_bounds(at, s, e), Ok(true));
        model.remove(&at);
        model.insert(s, (e, v));
    }
}

fn look(map: &RangeMap<u32>, model: &Model, a: u64, b: u64) {
    assert_eq!(map.floor(a), model.range(..=a).next_back().map(span));
    assert_eq!(map.ceiling(a), model.range(a..).next().map(span));
    let containing = model.range(..=a).next_back().filter(|(_, (e, _))| *e > a).map(span);
    assert_eq!(map.containing(a), containing);
    let overlap = model.iter().find(|(s, (e, _))| a < b && **s < b && *e > a).map(span);
    assert_eq!(map.first_overlap(a, b), overlap);
    assert!(map.iter_from(a).eq(model.range(a..).map(span)));
}

fn step(map: &mut RangeMap<u32>, model: &mut Model, op: Op, pool: &mut Pool) {
    match op {
        Op::Insert(s, e, v) => insert(map, model, (s, e, v), pool),
        Op::Remove(x) => {
            let x = near(model, x);
            let expected = model.remove(&x).map(|(end, value)| Span { start: x, end, value });
            assert_eq!(map.remove(x, pool), expected);
        }
        Op::PopFirst => {
            let expected = model.pop_first();
            assert_eq!(map.pop_first(pool), expected.as_ref().map(|(s, v)| span((s, v))));
        }
        Op::PopLast => {
            let expected = model.pop_last();
            assert_eq!(map.pop_last(pool), expected.as_ref().map(|(s, v)| span((s, v))));
        }
        Op::SetBounds(x, a, b) => {
            let x = near(model, x);
            let shift = |y: u64| if a % 3 == 0 { y } else { x + y % 8 };
            set_bounds(map, model, x, (shift(a), shift(b)));
        }
        Op::SetValue(x, v) => {
            let x = near(model, x);
            let expected = model.get_mut(&x).map(|m| m.1 = v);
            assert_eq!(map.get_mut(x).map(|m| *m = v), expected);
        }
        Op::Look(a, b) => look(map, model, a, b),
        Op::Trim => map.trim(pool),
    }
    let spans: Vec<Span<u32>> = model.iter().map(span).collect();
    assert_eq!(map.tree.audit(), spans);
    assert!(map.iter().eq(spans.iter().copied()));
    assert_eq!((map.first(), map.last()), (spans.first().copied(), spans.last().copied()));
    assert_eq!((map.len(), map.is_empty()), (spans.len(), spans.is_empty()));
    assert_eq!(map.covered(), spans.iter().map(Span::len).sum::<u64>());
}

proptest! {
    #[test]
    fn does_what_a_btree_does(
        ops in prop::collection::vec(op(), 1..400),
        seed: u64,
        per_mille in prop_oneof![Just(0u16), 1..900u16],
    ) {
        let mut pool = Pool::new(usize::MAX);
        pool.refuse_randomly(seed, per_mille);
        let (mut map, mut model) = (RangeMap::new(), Model::new());
        for op in ops {
            step(&mut map, &mut model, op, &mut pool);
        }
        map.clear(&mut pool);
        prop_assert!(map.is_empty() && map.covered() == 0 && map.first().is_none());
        prop_assert_eq!(pool.used(), 0);
    }
}

#[test]
fn an_unused_map_has_no_memory_and_refusal_changes_nothing() {
    let mut pool = Pool::new(0);
    let mut map: RangeMap<u32> = RangeMap::new();
    assert_eq!(map.insert(1, 2, 0, &mut pool), Err(InsertError::NoMemory));
    assert_eq!((map.len(), map.covered(), pool.used()), (0, 0, 0));
    assert_eq!(map.insert_reserved(1, 2, 0), Err(InsertError::NoMemory));
    assert_eq!(map.pop_first(&mut pool), None);
}

#[test]
fn a_range_that_is_not_inserted_says_why() {
    let mut pool = Pool::new(usize::MAX);
    let mut map = RangeMap::new();
    map.insert(10, 20, 0, &mut pool).unwrap();
    let why = |(start, end), map: &mut RangeMap<u32>, pool: &mut Pool| {
        map.insert(start, end, 0, pool).unwrap_err().to_string()
    };
    assert_eq!(why((5, 5), &mut map, &mut pool), "range is empty");
    assert_eq!(why((19, 30), &mut map, &mut pool), "range overlaps one that is there");
    let mut none = Pool::new(0);
    assert_eq!(why((20, 30), &mut RangeMap::new(), &mut none), "memory refused");
    assert_eq!(NoMemory.to_string(), "memory refused");
}

#[test]
fn a_reservation_outlasts_removals() {
    let mut pool = Pool::new(usize::MAX);
    let mut map = RangeMap::new();
    for x in 0..64u64 {
        map.insert(x, x + 1, x, &mut pool).unwrap();
    }
    map.reserve_one(&mut pool).unwrap();
    pool.set_limit(0);
    while map.pop_first(&mut pool).is_some() {}
    assert_eq!(map.insert_reserved(5, 6, 0), Ok(()));
}

#[test]
fn the_ends_of_sequence_space_are_ranges_too() {
    let mut pool = Pool::new(usize::MAX);
    let mut map = RangeMap::new();
    map.insert(u64::MAX - 1, u64::MAX, 1, &mut pool).unwrap();
    map.insert(0, 1, 2, &mut pool).unwrap();
    assert_eq!(map.insert(0, u64::MAX, 3, &mut pool), Err(InsertError::Overlap));
    assert_eq!(map.floor(u64::MAX).map(|s| s.value), Some(1));
    assert_eq!(map.ceiling(u64::MAX), None);
    assert_eq!(map.insert(1, u64::MAX - 1, 3, &mut pool), Ok(()));
    assert_eq!(map.covered(), u64::MAX);
}

/// Ascending, descending and scattered keys all leave a balanced tree; audit() checks the balance.
#[test]
fn many_ranges_in_bad_orders_stay_balanced() {
    let n = 20_000u64;
    let orders: [fn(u64) -> u64; 3] = [|i| i, |i| 19_999 - i, |i| (i * 7_919) % 20_000];
    for order in orders {
        let mut pool = Pool::new(usize::MAX);
        let mut map = RangeMap::new();
        for i in 0..n {
            let x = order(i) * 3;
            map.insert(x, x + 2, i, &mut pool).unwrap();
        }
        assert_eq!(map.tree.audit().len(), 20_000);
        for i in (0..n).filter(|i| i % 5 != 0) {
            assert!(map.remove(order(i) * 3, &mut pool).is_some());
        }
        assert_eq!((map.tree.audit().len(), map.covered()), (4_000, 8_000));
        let full = pool.peak();
        while map.pop_first(&mut pool).is_some() {}
        assert!(pool.used() < full / 50, "{} bytes for an empty map", pool.used());
    }
}
