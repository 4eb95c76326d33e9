//! The slab against a map of what should be in it.

use alloc::vec::Vec;
use proptest::prelude::*;
use std::collections::HashMap;

use crate::pool::{NoMemory, Pool, Slab};

#[derive(Clone, Debug)]
enum Op {
    Insert(u64),
    /// Removes one of the live entries.
    Remove(prop::sample::Index),
    /// Removes about so many per cent of the live entries.
    Thin(u8),
    RemoveDead(u32),
    Reserve(u32),
    Trim,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        40 => any::<u64>().prop_map(Op::Insert),
        20 => any::<prop::sample::Index>().prop_map(Op::Remove),
        1 => (0..=100u8).prop_map(Op::Thin),
        4 => prop_oneof![0..2000u32, any::<u32>()].prop_map(Op::RemoveDead),
        2 => (0..200u32).prop_map(Op::Reserve),
        1 => Just(Op::Trim),
    ]
}

fn remove(slab: &mut Slab<u64>, live: &mut HashMap<u32, u64>, idx: u32, pool: &mut Pool) {
    assert_eq!(slab.get_mut(idx).copied(), live.get(&idx).copied());
    assert_eq!(slab.remove(idx, pool), live.remove(&idx));
    assert_eq!(slab.get(idx), None);
    assert_eq!(slab.get_mut(idx), None);
    assert_eq!(slab.remove(idx, pool), None, "removed twice");
    assert_eq!(slab.is_empty(), live.is_empty());
}

fn step(slab: &mut Slab<u64>, live: &mut HashMap<u32, u64>, op: Op, pool: &mut Pool) {
    let mut names: Vec<u32> = live.keys().copied().collect();
    names.sort_unstable();
    match op {
        Op::Insert(v) => {
            if let Ok(idx) = slab.insert(v, pool) {
                assert_eq!(live.insert(idx, v), None, "a live entry was overwritten");
            }
        }
        Op::Remove(pick) if !names.is_empty() => remove(slab, live, *pick.get(&names), pool),
        Op::Remove(_) => {}
        Op::Thin(percent) => {
            for idx in names.into_iter().filter(|i| (i * 37) % 100 < u32::from(percent)) {
                remove(slab, live, idx, pool);
            }
        }
        Op::RemoveDead(idx) => {
            if !live.contains_key(&idx) {
                assert_eq!(slab.remove(idx, pool), None);
            }
        }
        Op::Reserve(n) => {
            if slab.reserve(pool, n).is_ok() {
                let before = pool.refusals();
                pool.set_limit(0);
                for v in 0..u64::from(n) {
                    let idx = slab.insert(v, pool).expect("reserved");
                    assert_eq!(live.insert(idx, v), None);
                }
                pool.set_limit(usize::MAX);
                assert_eq!(pool.refusals(), before);
            }
        }
        Op::Trim => slab.trim(pool),
    }
    assert_eq!(slab.len(), live.len());
    assert!(live.iter().all(|(&i, v)| slab.get(i) == Some(v)));
}

proptest! {
    #[test]
    fn keeps_what_a_map_keeps(
        ops in prop::collection::vec(op(), 1..600),
        seed: u64,
        per_mille in prop_oneof![Just(0u16), 1..400u16],
    ) {
        let mut pool = Pool::new(usize::MAX);
        pool.refuse_randomly(seed, per_mille);
        let (mut slab, mut live) = (Slab::new(), HashMap::new());
        for op in ops {
            step(&mut slab, &mut live, op, &mut pool);
        }
        slab.clear(&mut pool);
        prop_assert_eq!(pool.used(), 0);
        prop_assert_eq!(slab.len(), 0);
    }
}

#[test]
fn an_unused_slab_has_no_memory() {
    let mut pool = Pool::new(0);
    let mut slab = Slab::new();
    assert_eq!(slab.insert(1u64, &mut pool), Err(NoMemory));
    assert_eq!((pool.used(), slab.len()), (0, 0));
}

#[test]
fn memory_goes_back_when_the_entries_go() {
    let mut pool = Pool::new(usize::MAX);
    let mut slab = Slab::new();
    let mut names: Vec<u32> = (0..100_000u64).map(|v| slab.insert(v, &mut pool).unwrap()).collect();
    let full = pool.used();
    assert!(full >= 800_000);
    let last = names.pop().unwrap();
    for idx in names {
        slab.remove(idx, &mut pool);
    }
    assert!(pool.used() < full / 8, "one survivor, at the far end, holds {} bytes", pool.used());
    slab.remove(last, &mut pool);
    assert!(pool.used() < 1024, "one spare chunk stays: {} bytes", pool.used());
    slab.trim(&mut pool);
    assert_eq!(pool.used(), 0);
}

#[test]
fn alternating_at_a_chunk_boundary_does_not_ask_the_pool() {
    let mut pool = Pool::new(usize::MAX);
    let mut slab = Slab::new();
    for v in 0..64u64 {
        slab.insert(v, &mut pool).unwrap();
    }
    let idx = slab.insert(64, &mut pool).unwrap();
    slab.remove(idx, &mut pool);
    pool.set_limit(0);
    for v in 0..1000 {
        let idx = slab.insert(v, &mut pool).expect("the spare chunk");
        assert_eq!(slab.remove(idx, &mut pool), Some(v));
    }
}
