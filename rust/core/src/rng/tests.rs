//! The seeded source, and sources that are lent.

use super::{Rng, SeededRng};

#[test]
fn the_published_sequence_of_splitmix64_comes_from_seed_zero() {
    let mut rng = SeededRng::new(0);
    assert_eq!(rng.next_u64(), 0xe220_a839_7b1d_cdaf);
    assert_eq!(rng.next_u64(), 0x6e78_9e6a_a1b9_65f4);
    assert_eq!(rng.next_u64(), 0x06c4_5d18_8009_454f);
}

#[test]
fn a_lent_source_goes_on_where_it_was() {
    let mut rng = SeededRng::new(7);
    let mut twin = rng.clone();
    let mut lent: &mut dyn Rng = &mut rng;
    let first = Rng::next_u64(&mut lent);
    assert_eq!(first, twin.next_u64());
    let mut lent: &mut dyn Rng = &mut rng;
    let second = Rng::next_u32(&mut lent);
    assert_eq!(second, (twin.next_u64() >> 32) as u32);
    assert_eq!(rng.next_u32(), (twin.next_u64() >> 32) as u32);
}
