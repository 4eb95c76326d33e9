//! Tests of the pool and its slab.

mod slab;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{NoMemory, Pool};

#[test]
fn charges_to_the_limit_and_not_beyond() {
    let mut pool = Pool::new(100);
    assert_eq!(pool.charge(60), Ok(()));
    assert_eq!(pool.charge(41), Err(NoMemory));
    assert_eq!(pool.charge(usize::MAX), Err(NoMemory));
    assert_eq!(pool.charge(40), Ok(()));
    assert_eq!((pool.used(), pool.peak(), pool.refusals()), (100, 100, 2));
    pool.release(70);
    assert_eq!((pool.used(), pool.peak()), (30, 100));
}

#[test]
fn a_lowered_limit_keeps_what_is_charged() {
    let mut pool = Pool::new(100);
    assert_eq!(pool.charge(60), Ok(()));
    pool.set_limit(50);
    assert_eq!((pool.used(), pool.limit()), (60, 50));
    assert_eq!(pool.charge(0), Err(NoMemory));
    pool.release(60);
    assert_eq!(pool.charge(50), Ok(()));
}

#[test]
fn refuses_the_nth_request_once() {
    let mut pool = Pool::new(100);
    pool.refuse_nth(1);
    assert_eq!(pool.charge(1), Ok(()));
    assert_eq!(pool.charge(1), Err(NoMemory));
    assert_eq!(pool.charge(1), Ok(()));
    assert_eq!((pool.used(), pool.refusals()), (2, 1));
}

#[test]
fn random_refusals_follow_seed_and_rate() {
    let refused = |seed, per_mille| -> Vec<bool> {
        let mut pool = Pool::new(0);
        pool.refuse_randomly(seed, per_mille);
        (0..10_000).map(|_| pool.charge(0).is_err()).collect()
    };
    assert_eq!(refused(7, 250), refused(7, 250));
    assert_ne!(refused(7, 250), refused(8, 250));
    let count = refused(0, 250).iter().filter(|&&r| r).count();
    assert!((2_200..2_800).contains(&count), "{count} of 10,000 at 250 per mille");
    assert!(!refused(1, 0).contains(&true));
}

#[test]
fn a_growing_vector_is_charged_by_capacity_and_asks_seldom() {
    let mut pool = Pool::new(usize::MAX);
    let mut v: Vec<u64> = Vec::new();
    let mut growths = 0;
    for i in 0..10_000 {
        let before = v.capacity();
        pool.reserve_vec(&mut v, 1).unwrap();
        growths += u32::from(v.capacity() != before);
        v.push(i);
        assert_eq!(pool.used(), v.capacity() * 8);
    }
    assert!(growths <= 13, "{growths} reallocations for 10,000 elements");
    pool.release_vec(v);
    assert_eq!(pool.used(), 0);
}

#[test]
fn a_refused_growth_changes_nothing() {
    let mut pool = Pool::new(32);
    let mut v: Vec<u64> = Vec::new();
    pool.reserve_vec(&mut v, 3).unwrap();
    v.extend([1, 2, 3, 4]);
    assert_eq!(pool.reserve_vec(&mut v, 1), Err(NoMemory));
    assert_eq!(pool.reserve_vec(&mut v, usize::MAX), Err(NoMemory));
    assert_eq!((v.as_slice(), v.capacity(), pool.used()), (&[1, 2, 3, 4][..], 4, 32));
    // The allocator itself refuses what no machine has.
    let mut rich = Pool::new(usize::MAX);
    assert_eq!(rich.reserve_vec(&mut v, usize::MAX / 16), Err(NoMemory));
    assert_eq!((rich.used(), rich.refusals()), (0, 1));
}

#[test]
fn a_mostly_empty_vector_shrinks_and_keeps_its_elements() {
    let mut pool = Pool::new(usize::MAX);
    let mut v: Vec<u32> = Vec::new();
    pool.reserve_vec(&mut v, 1000).unwrap();
    v.extend(0..300);
    pool.shrink_vec(&mut v);
    assert_eq!(v.capacity(), 1000, "more than a quarter in use: not worth a copy");
    v.truncate(100);
    pool.refuse_nth(0);
    pool.shrink_vec(&mut v);
    assert_eq!((v.capacity(), v.len()), (1000, 100), "a refused shrink leaves all as it was");
    pool.shrink_vec(&mut v);
    assert!(v.capacity() <= 200 && v.iter().copied().eq(0..100));
    assert_eq!(pool.used(), v.capacity() * 4);
    v.clear();
    pool.shrink_vec(&mut v);
    assert_eq!((v.capacity(), pool.used()), (0, 0));
}

#[test]
fn a_deque_grows_shrinks_and_gives_back() {
    let mut pool = Pool::new(usize::MAX);
    let mut v: VecDeque<u32> = VecDeque::new();
    for i in 0..1000 {
        pool.reserve_deque(&mut v, 1).unwrap();
        v.push_back(i);
        assert_eq!(pool.used(), v.capacity() * 4);
    }
    v.drain(..990);
    pool.shrink_deque(&mut v);
    assert!(v.capacity() <= 20 && v.iter().copied().eq(990..1000));
    assert_eq!(pool.used(), v.capacity() * 4);
    pool.release_deque(v);
    assert_eq!(pool.used(), 0);
}
