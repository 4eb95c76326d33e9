//! The map stores: those of the peer here, ours in `tx`.

mod tx;

use super::*;
use crate::pool::Pool;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    /// A peer whose maps agree with one another: whatever order and overlap, each byte's offset is found, and a map
    /// that contradicts is refused.
    #[test]
    fn rx_gives_every_byte_the_offset_that_was_recorded_first(
        steps in proptest::collection::vec((1..300_u64, 1..60_u64, prop_oneof![9 => Just(0_u64), 1 => 1..5_u64], 0..20_u64), 1..60),
    ) {
        let mut pool = Pool::new(1 << 20);
        let mut rx = RxMaps::new();
        let mut model = std::vec![None::<u64>; 400];
        for (ssn, len, lie, take) in steps {
            let doff = ssn + 1000 + lie;
            let range = ssn.max(rx.head())..ssn + len;
            let clash = range.clone().any(|at| model[at as usize].is_some_and(|known| known != doff + (at - ssn)));
            let fresh = range.clone().any(|at| model[at as usize].is_none());
            let recorded = rx.record(ssn, len, doff, None, &mut pool);
            prop_assert_ne!(recorded, Recorded::NoMemory);
            if !clash {
                prop_assert_eq!(recorded == Recorded::New, fresh, "{:?} at {}+{}", recorded, ssn, len);
                for at in range {
                    model[at as usize] = Some(doff + (at - ssn));
                }
            } else {
                // Parts that do not clash may have been kept: they count as recorded.
                for at in range {
                    let held = probe(&rx, at);
                    prop_assert!(model[at as usize].is_none_or(|known| held == Some(known)));
                    model[at as usize] = held;
                }
            }
            for _ in 0..take {
                let head = rx.head();
                let expected = model[head as usize];
                prop_assert_eq!(rx.at_head().map(|piece| piece.doff), expected);
                if expected.is_none() || head > 350 {
                    break;
                }
                rx.take(1, &mut pool);
            }
        }
        rx.clear(&mut pool);
        prop_assert_eq!(pool.used(), 0);
    }
}

/// The offset that a byte behind the head has.
fn probe(rx: &RxMaps, ssn: u64) -> Option<u64> {
    rx.offset_of(ssn)
}

#[test]
fn maps_that_continue_one_another_are_one() {
    let mut pool = Pool::new(1 << 16);
    let mut rx = RxMaps::new();
    for n in 0..1000 {
        assert_eq!(rx.record(1 + n * 100, 100, 5 + n * 100, None, &mut pool), Recorded::New);
    }
    assert_eq!(rx.len(), 1);
    assert_eq!(rx.record(1, 100, 5, None, &mut pool), Recorded::Old);
    assert_eq!(rx.record(1, 100, 6, None, &mut pool), Recorded::Conflict);
    rx.clear(&mut pool);
}

#[test]
fn a_checksum_keeps_its_map_whole() {
    let mut pool = Pool::new(1 << 16);
    let mut rx = RxMaps::new();
    let sum = |csum| Some(MapSum { csum, wire_len: 100 });
    assert_eq!(rx.record(1, 100, 1, sum(1), &mut pool), Recorded::New);
    assert_eq!(rx.record(101, 100, 101, sum(2), &mut pool), Recorded::New);
    assert_eq!(rx.len(), 2);
    assert_eq!(rx.record(1, 100, 1, sum(1), &mut pool), Recorded::Old, "sent again");
    assert_eq!(rx.record(1, 100, 1, sum(9), &mut pool), Recorded::Conflict);
    assert_eq!(rx.record(51, 100, 51, sum(3), &mut pool), Recorded::Conflict);
    assert_eq!(rx.at_head().and_then(|piece| piece.csum), sum(1));
    rx.verified();
    assert_eq!(rx.at_head().and_then(|piece| piece.csum), None);
    rx.take(100, &mut pool);
    assert_eq!(rx.at_head().and_then(|piece| piece.csum), sum(2));
    rx.clear(&mut pool);
}

#[test]
fn a_map_whose_front_was_thrown_away_cannot_be_verified() {
    let mut pool = Pool::new(1 << 16);
    let mut rx = RxMaps::new();
    rx.take(40, &mut pool);
    let sum = Some(MapSum { csum: 1, wire_len: 100 });
    assert_eq!(rx.record(1, 100, 1, sum, &mut pool), Recorded::Unverifiable);
    assert_eq!(rx.record(1, 100, 1, None, &mut pool), Recorded::New);
    assert_eq!(rx.at_head(), Some(RxPiece { doff: 41, len: 60, csum: None }));
    rx.clear(&mut pool);
}

#[test]
fn no_memory_is_refused() {
    let mut pool = Pool::new(0);
    let mut rx = RxMaps::new();
    assert_eq!(rx.record(1, 10, 1, None, &mut pool), Recorded::NoMemory);
    let mut tx = TxMaps::new();
    assert!(tx.reserve(1, &mut pool).is_err());
    assert!(!tx.push(DsMap { ssn: 1, doff: 1, len: 1, csum: None }, &mut pool), "no room was made");
}

#[test]
fn a_peer_may_let_so_many_maps_wait_and_no_more() {
    let mut pool = Pool::new(usize::MAX);
    let mut rx = RxMaps::new();
    // One byte each, and none continues the other.
    let map = |n: u64| (1 + 2 * n, 1, 1 + 3 * n);
    let most = u64::try_from(rx::MAX_MAPS).unwrap();
    for n in 1..=most {
        let (ssn, len, doff) = map(n);
        assert_eq!(rx.record(ssn, len, doff, None, &mut pool), Recorded::New);
    }
    let (ssn, len, doff) = map(most + 1);
    assert_eq!(rx.record(ssn, len, doff, None, &mut pool), Recorded::NoMemory);
    assert_eq!(rx.record(1, 2 * most, 1, None, &mut pool), Recorded::NoMemory, "one that fills the gaps");
    let (last_ssn, _, last_doff) = map(most);
    assert_eq!(rx.record(last_ssn + 1, 9, last_doff + 1, None, &mut pool), Recorded::New, "this needs no map more");
    assert_eq!(rx.len(), rx::MAX_MAPS);
    rx.take(3, &mut pool);
    assert_eq!((rx.len(), rx.head()), (rx::MAX_MAPS - 1, 4));
    assert_eq!(rx.record(ssn + 20, len, doff, None, &mut pool), Recorded::New, "there is room again");
    rx.clear(&mut pool);
    assert_eq!(pool.used(), 0);
}
