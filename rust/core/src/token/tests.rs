//! The table against a plain map, and the making of tokens.

use std::collections::BTreeMap;
use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::rng::{Rng, SeededRng};

#[derive(Clone, Debug)]
enum Op {
    Insert(u32, u64),
    Remove(u32),
    Lookup(u32),
}

fn op() -> impl Strategy<Value = Op> {
    // Few tokens, so that operations meet; 1,500 of them, so that the table grows several times.
    let token = 0..1500_u32;
    prop_oneof![
        5 => (token.clone(), any::<u64>()).prop_map(|(t, h)| Op::Insert(t, h)),
        2 => token.clone().prop_map(Op::Remove),
        1 => token.prop_map(Op::Lookup),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn behaves_like_a_map(seed in any::<u64>(), ops in prop::collection::vec(op(), 0..4000)) {
        let mut table = TokenTable::new(seed);
        let mut model = BTreeMap::new();
        for op in ops {
            match op {
                Op::Insert(token, handle) => {
                    let expected = match model.entry(token) {
                        std::collections::btree_map::Entry::Occupied(_) => Err(InsertError::Duplicate),
                        std::collections::btree_map::Entry::Vacant(free) => {
                            free.insert(handle);
                            Ok(())
                        }
                    };
                    prop_assert_eq!(table.insert(token, handle), expected);
                }
                Op::Remove(token) => prop_assert_eq!(table.remove(token), model.remove(&token)),
                Op::Lookup(token) => {
                    prop_assert_eq!(table.lookup(token), model.get(&token).copied());
                }
            }
            prop_assert_eq!(table.len(), model.len());
            prop_assert_eq!(table.is_empty(), model.is_empty());
        }
        for token in 0..1500 {
            prop_assert_eq!(table.lookup(token), model.get(&token).copied());
        }
        let all: BTreeMap<_, _> = table.iter().collect();
        prop_assert_eq!(table.iter().count(), model.len());
        prop_assert_eq!(all, model);
    }
}

#[test]
fn every_token_stays_in_reach_while_the_table_doubles_and_empties() {
    let mut rng = SeededRng::new(1);
    let mut table = TokenTable::new(2);
    let tokens: Vec<u32> = (0..20_000).map(|_| rng.next_u32()).collect();
    for (i, token) in tokens.iter().enumerate() {
        table.insert(*token, i as u64).unwrap();
        let earlier = i / 2;
        assert_eq!(table.lookup(tokens[earlier]), Some(earlier as u64));
    }
    assert_eq!(table.len(), tokens.len());
    for (i, token) in tokens.iter().enumerate() {
        assert_eq!(table.remove(*token), Some(i as u64));
        assert_eq!(table.remove(*token), None);
    }
    assert!(table.is_empty());
}

#[test]
fn memory_stays_proportional_to_the_most_there_ever_was() {
    let mut rng = SeededRng::new(3);
    let mut table = TokenTable::new(4);
    assert_eq!(table.memory(), 0);
    let mut live = Vec::new();
    for round in 0..50_000_u64 {
        let token = rng.next_u32();
        table.insert(token, round).unwrap();
        live.push(token);
        if live.len() > 1000 {
            let gone = live.swap_remove(rng.next_u64() as usize % live.len());
            assert!(table.remove(gone).is_some());
        }
    }
    assert!(table.memory() <= 4096 * 16, "{} bytes", table.memory());
}

#[test]
fn without_memory_it_fills_what_it_has_and_goes_on_when_memory_is_back() {
    let mut table = TokenTable::new(10);
    table.refuse_growth(true);
    assert_eq!(table.insert(1, 1), Err(InsertError::NoMemory));
    assert_eq!((table.lookup(1), table.remove(1), table.len()), (None, None, 0));
    for size in [16_u32, 64, 1024] {
        // Up to the size in comfort, then to the brim without memory.
        table.refuse_growth(false);
        while table.memory() < size as usize * 16 {
            let token = table.len() as u32;
            table.insert(token, 7).unwrap();
        }
        table.refuse_growth(true);
        let full = loop {
            let token = table.len() as u32;
            if let Err(error) = table.insert(token, 7) {
                assert_eq!(error, InsertError::NoMemory);
                break token;
            }
        };
        assert!(full >= size / 16 * 15, "{full} of {size}");
        assert_eq!(table.insert(0, 7), Err(InsertError::Duplicate));
        assert!((0..full).all(|token| table.lookup(token) == Some(7)));
        assert_eq!(table.lookup(full), None);
        // A place that is given back can be had again.
        assert_eq!(table.remove(0), Some(7));
        assert_eq!(table.insert(0, 8), Ok(()));
        assert_eq!(table.remove(0), Some(8));
        assert_eq!(table.insert(0, 7), Ok(()));
    }
}

/// Gives the same numbers again and again.
struct Stuck(Vec<u64>, usize);

impl Rng for Stuck {
    fn next_u64(&mut self) -> u64 {
        self.1 += 1;
        self.0[(self.1 - 1) % self.0.len()]
    }
}

#[test]
fn a_token_in_use_or_a_zero_key_makes_it_draw_again() {
    for version in [Version::V0, Version::V1] {
        let mut table = TokenTable::new(5);
        let taken = KeyMaterial::derive(version, Key(77));
        table.insert(taken.token, 1).unwrap();
        let fresh = generate(version, &mut Stuck(std::vec![0, 77, 78], 0), &table);
        assert_eq!(fresh, Ok(KeyMaterial::derive(version, Key(78))));
    }
}

#[test]
fn a_broken_source_of_randomness_is_given_up() {
    let mut table = TokenTable::new(6);
    let taken = KeyMaterial::derive(Version::V1, Key(77));
    table.insert(taken.token, 1).unwrap();
    let mut stuck = Stuck(std::vec![77], 0);
    assert_eq!(generate(Version::V1, &mut stuck, &table), Err(NoUniqueToken));
    assert_eq!(stuck.1, TRIES as usize);
    assert_eq!(generate_for_both(&mut stuck, &table), Err(NoUniqueToken));
    assert_eq!(NoUniqueToken.to_string(), "no unused token in 8 keys: is the random source broken?");
}

#[test]
fn what_is_printed_of_a_table_keeps_its_seed_and_its_tokens_secret() {
    let mut table = TokenTable::new(0xdead_beef);
    table.insert(0x00c0_ffee, 1).unwrap();
    assert_eq!(std::format!("{table:?}"), "TokenTable { len: 1, .. }");
}

#[test]
fn a_token_that_is_not_taken_says_why() {
    assert_eq!(InsertError::Duplicate.to_string(), "the token belongs to a live connection");
    assert_eq!(InsertError::NoMemory.to_string(), "no memory for another token");
}

#[test]
fn a_key_for_both_versions_is_free_in_both() {
    let (mut rng, mut table) = (SeededRng::new(8), TokenTable::new(9));
    let first = KeyMaterial::derive(Version::V0, Key(rng.clone().next_u64()));
    table.insert(first.token, 1).unwrap();
    let (v0, v1) = generate_for_both(&mut rng, &table).unwrap();
    assert_ne!(v0.key, first.key);
    assert_eq!(v0, KeyMaterial::derive(Version::V0, v0.key));
    assert_eq!(v1, KeyMaterial::derive(Version::V1, v0.key));
}

#[test]
fn no_two_tokens_have_the_same_hash() {
    for seed in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
        let mut hashes: Vec<u64> = (0..50_000).map(|token| table::mix(token, seed)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 50_000, "seed {seed:#x}");
    }
}
