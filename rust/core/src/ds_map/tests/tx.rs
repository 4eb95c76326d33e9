//! Our maps against a plain list of maps.

use crate::ds_map::{DsMap, MapQueue, TxMaps};
use crate::pool::Pool;
use proptest::prelude::*;
use std::vec::Vec;

fn map(ssn: u64, doff: u64, len: u32) -> DsMap {
    DsMap { ssn, doff, len, csum: None }
}

/// Data offsets in the model lie below this.
const SPACE: u64 = 460;

/// A list of maps, every question answered by looking at all of them.
#[derive(Default)]
struct Model(Vec<DsMap>);

impl Model {
    fn newest_at(&self, doff: u64) -> Option<DsMap> {
        self.0.iter().rev().find(|map| map.doff <= doff && doff < map.doff_end()).copied()
    }

    fn carries(&self, doff: u64) -> bool {
        self.newest_at(doff).is_some()
    }

    fn first(&self, from: u64, to: u64, carried: bool) -> Option<u64> {
        (from..to).find(|doff| self.carries(*doff) == carried)
    }
}

fn compare(tx: &TxMaps, model: &Model, from_ssn: u64) {
    assert_eq!((tx.len(), tx.is_empty()), (model.0.len(), model.0.is_empty()));
    for doff in 0..SPACE {
        assert_eq!(tx.carries(doff), model.carries(doff), "byte {doff}");
        assert_eq!(tx.find_doff(doff).copied(), model.newest_at(doff), "byte {doff}");
        assert_eq!(tx.next_carried(doff), model.first(doff, SPACE, true), "from {doff}");
        let to = doff + 60;
        let gap = model.first(doff, to, false).map(|start| (start, model.first(start, to, true).unwrap_or(to)));
        assert_eq!(tx.first_gap(doff, to), gap, "{doff} to {to}");
    }
    assert_eq!(tx.first_gap(SPACE, SPACE), None);
    for ssn in from_ssn..from_ssn + 400 {
        let expected = model.0.iter().find(|map| map.ssn <= ssn && ssn < map.ssn_end());
        assert_eq!(tx.find(ssn), expected);
        assert!(tx.iter_from(ssn).eq(model.0.iter().filter(|map| map.ssn >= ssn)));
    }
}

/// One map: where it begins, its length, and how many bytes of the subflow are acknowledged after it.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Behind the map before: new data on the only path.
    Next,
    /// A little behind it: other paths carried what lies between.
    Ahead(u64),
    /// Anywhere: sent again.
    At(u64),
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![4 => Just(Place::Next), 3 => (0..9u64).prop_map(Place::Ahead), 3 => (0..400u64).prop_map(Place::At)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn does_what_a_list_does(
        steps in prop::collection::vec((place(), 1..50u32, 0..70u64), 1..60),
        seed: u64,
        per_mille in prop_oneof![3 => Just(0u16), 1 => 1..700u16],
    ) {
        let mut pool = Pool::new(1 << 20);
        pool.refuse_randomly(seed, per_mille);
        let (mut tx, mut model) = (TxMaps::new(), Model::default());
        let (mut next, mut acked, mut behind) = (1u64, 1u64, 1u64);
        for (place, len, ack) in steps {
            let doff = match place {
                Place::Next => behind,
                Place::Ahead(gap) => behind + gap,
                Place::At(doff) => doff,
            };
            let doff = if doff > 400 { doff % 400 } else { doff };
            let new = map(next, doff, len);
            let reserved = tx.reserve(doff, &mut pool).is_ok();
            if reserved {
                pool.refuse_randomly(seed, 0);
                let before = pool.peak();
                prop_assert!(tx.push(new, &mut pool), "memory was made");
                prop_assert_eq!(pool.peak(), before, "more memory was needed");
                pool.refuse_randomly(seed ^ next, per_mille);
                model.0.push(new);
                (next, behind) = (new.ssn_end(), new.doff_end());
            }
            acked = (acked + ack).min(next);
            let gone = model.0.iter().take_while(|map| map.ssn_end() <= acked).last().copied();
            prop_assert_eq!(tx.ack(acked, &mut pool), gone);
            model.0.retain(|map| map.ssn_end() > acked);
            compare(&tx, &model, acked.saturating_sub(2));
        }
        tx.clear(&mut pool);
        prop_assert_eq!((pool.used(), tx.len(), tx.next_carried(0)), (0, 0, None));
    }
}

#[test]
fn maps_that_continue_one_another_need_no_memory_but_their_own() {
    let mut pool = Pool::new(usize::MAX);
    let mut tx = TxMaps::new();
    let mut used = 0;
    for n in 0..1000u64 {
        let map = map(1 + n * 100, 7 + n * 100, 100);
        tx.reserve(map.doff, &mut pool).unwrap();
        assert!(tx.push(map, &mut pool));
        used = used.max(tx.len().next_power_of_two() * size_of::<DsMap>());
        assert!(pool.used() <= used.max(4 * size_of::<DsMap>()), "{} bytes after {n}", pool.used());
        if n >= 10 {
            tx.ack(1 + (n - 10) * 100, &mut pool);
        }
    }
    assert_eq!((tx.next_carried(0), tx.first_gap(100_000, 200_000)), (Some(7 + 989 * 100), Some((100_007, 200_000))));
    tx.clear(&mut pool);
    assert_eq!(pool.used(), 0);
}

#[test]
fn a_byte_that_two_maps_carry_stays_until_both_are_acknowledged() {
    let mut pool = Pool::new(usize::MAX);
    let mut tx = TxMaps::new();
    for new in [map(1, 100, 50), map(51, 300, 50), map(101, 110, 20), map(121, 500, 10)] {
        tx.reserve(new.doff, &mut pool).unwrap();
        assert!(tx.push(new, &mut pool));
    }
    assert_eq!(tx.find_doff(115).map(|map| map.ssn), Some(101), "the newest");
    assert_eq!((tx.find_doff(105).map(|map| map.ssn), tx.find_doff(140).map(|map| map.ssn)), (Some(1), Some(1)));
    assert_eq!(tx.first_gap(0, 1000), Some((0, 100)));
    assert_eq!(tx.first_gap(120, 1000), Some((150, 300)));
    tx.ack(51, &mut pool);
    assert_eq!((tx.next_carried(0), tx.first_gap(110, 400), tx.carries(140)), (Some(110), Some((130, 300)), false));
    tx.ack(121, &mut pool);
    assert_eq!((tx.next_carried(0), tx.first_gap(0, 510)), (Some(500), Some((0, 500))));
    tx.clear(&mut pool);
}

/// A stretch that was sent again from its first byte, up to its last byte, in its middle, and whole.
#[test]
fn the_newest_of_two_stretches_with_a_common_end_counts() {
    for (doff, len) in [(100, 20), (130, 20), (110, 20), (100, 50), (90, 60), (100, 60)] {
        let mut pool = Pool::new(usize::MAX);
        let (mut tx, mut model) = (TxMaps::new(), Model::default());
        // What is behind moves the stretch before it to the older ones.
        for (doff, len) in [(100, 50), (300, 10), (doff, len), (400, 10)] {
            let new = map(model.0.last().map_or(1, DsMap::ssn_end), doff, len);
            tx.reserve(doff, &mut pool).unwrap();
            assert!(tx.push(new, &mut pool));
            model.0.push(new);
        }
        while let Some(oldest) = model.0.first().copied() {
            compare(&tx, &model, oldest.ssn);
            assert_eq!(tx.ack(oldest.ssn_end(), &mut pool), Some(oldest));
            model.0.remove(0);
        }
        compare(&tx, &model, 1);
        tx.clear(&mut pool);
        assert_eq!(pool.used(), 0);
    }
}

#[test]
fn a_queue_lets_go_of_maps_that_are_acknowledged_whole() {
    let mut pool = Pool::new(usize::MAX);
    let mut queue = MapQueue::new();
    assert!(!queue.push(map(1, 1, 10)), "no room was made");
    for new in [map(1, 1, 10), map(11, 11, 10)] {
        queue.reserve(&mut pool).unwrap();
        assert!(queue.push(new));
    }
    queue.ack(10);
    assert_eq!(queue.len(), 2);
    queue.ack(20);
    assert_eq!((queue.len(), queue.find(1), queue.find(11)), (1, None, Some(&map(11, 11, 10))));
    queue.ack(21);
    assert!(queue.is_empty());
    queue.clear(&mut pool);
    assert_eq!(pool.used(), 0);
}

#[test]
fn memory_for_maps_out_of_order_is_bounded_and_comes_back() {
    let mut pool = Pool::new(usize::MAX);
    let mut tx = TxMaps::new();
    for n in 0..10_000u64 {
        let doff = 1 + 20 * ((n * 7_919) % 10_000);
        tx.reserve(doff, &mut pool).unwrap();
        assert!(tx.push(map(1 + 10 * n, doff, 10), &mut pool));
    }
    assert!(pool.used() < 10_000 * 200, "{} bytes", pool.used());
    assert_eq!((tx.first_gap(1, u64::MAX), tx.next_carried(12)), (Some((11, 21)), Some(21)));
    let full = pool.used();
    tx.ack(u64::MAX, &mut pool);
    assert!(tx.is_empty() && tx.next_carried(0).is_none());
    assert!(pool.used() < full, "nothing came back");
    tx.clear(&mut pool);
    assert_eq!(pool.used(), 0);
}
