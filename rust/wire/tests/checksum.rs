//! The DSS checksum against known answers, and its independence of how the octets came.

use mptcp_wire::checksum::{Sum, dss_checksum, dss_checksum_ok};
use proptest::collection::vec;
use proptest::prelude::*;

fn sum(octets: &[u8]) -> Sum {
    let mut sum = Sum::new();
    sum.add_bytes(octets);
    sum
}

/// RFC 1071 as it stands: 16-bit words, carries brought round at the end.
fn plain_sum(octets: &[u8]) -> u16 {
    let mut total: u64 =
        octets.chunks(2).map(|word| u64::from(word[0]) << 8 | word.get(1).map_or(0, |low| u64::from(*low))).sum();
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    u16::try_from(total).unwrap()
}

/// RFC 8684 section 3.3.1 as it stands: the pseudo-header as octets, then the data.
fn plain_dss_checksum(dsn: u64, ssn: u32, len: u16, data: &[u8]) -> u16 {
    let mut octets = dsn.to_be_bytes().to_vec();
    octets.extend(ssn.to_be_bytes());
    octets.extend(len.to_be_bytes());
    octets.extend([0, 0]);
    octets.extend(data);
    !plain_sum(&octets)
}

#[test]
fn rfc_1071_example() {
    let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
    assert_eq!(sum(&octets).fold(), 0xddf2);
}

#[test]
fn short_pieces() {
    assert_eq!(Sum::new().fold(), 0);
    assert_eq!(sum(&[]), Sum::default());
    assert_eq!(sum(&[0x12]).fold(), 0x1200);
    assert_eq!(sum(&[0x12, 0x34, 0x56]).fold(), 0x6834);
    assert_eq!(sum(&[0xff, 0xff, 0x00, 0x01]).fold(), 0x0001);
    assert_eq!(sum(&[0xff; 6]).fold(), 0xffff);
}

#[test]
fn dss_known_answers() {
    // Worked out by hand. Words: 0102 0304 0506 0708 | 0000 0001 | 0004 | 0000 | 6162 6364 = 0xd4df.
    let payload = sum(b"abcd");
    assert_eq!(dss_checksum(0x0102_0304_0506_0708, 1, 4, payload), !0xd4df);
    // Words: 8000 0000 0000 ffff | ffff fffe | 0003 | 0000 | ff00 ff00 = 0x57dff, and 7dff + 5 = 7e04.
    let payload = sum(&[0xff, 0x00, 0xff]);
    assert_eq!(dss_checksum(0x8000_0000_0000_ffff, 0xffff_fffe, 3, payload), !0x7e04);
    // A DATA_FIN alone: SSN 0, length 1, no octets. Words: 0000 0000 0000 0010 | 0 | 0001.
    assert_eq!(dss_checksum(0x10, 0, 1, Sum::new()), !0x0011);
    assert!(dss_checksum_ok(0x10, 0, 1, 0xffee, Sum::new()));
    assert!(!dss_checksum_ok(0x10, 0, 1, 0xffed, Sum::new()));
}

#[test]
fn long_pieces_do_not_overflow() {
    let octets = vec![0xff; (1 << 20) * 2 + 3];
    assert_eq!(sum(&octets).fold(), plain_sum(&octets));
    let octets: Vec<u8> = (0..3_000_001_u32).map(|n| (n % 251) as u8).collect();
    assert_eq!(sum(&octets).fold(), plain_sum(&octets));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn chunking_does_not_matter(pieces in vec(vec(any::<u8>(), 0..40), 0..12)) {
        let whole = pieces.concat();
        let mut fed = Sum::new();
        let mut joined = Sum::new();
        for piece in &pieces {
            fed.add_bytes(piece);
            joined.combine(sum(piece));
        }
        prop_assert_eq!(fed.fold(), plain_sum(&whole));
        prop_assert_eq!(fed, sum(&whole));
        prop_assert_eq!(joined, fed);
    }

    #[test]
    fn combine_is_associative(
        a in vec(any::<u8>(), 0..9),
        b in vec(any::<u8>(), 0..9),
        c in vec(any::<u8>(), 0..9),
    ) {
        let mut left = sum(&a);
        left.combine(sum(&b));
        left.combine(sum(&c));
        let mut right = sum(&b);
        right.combine(sum(&c));
        let mut all = sum(&a);
        all.combine(right);
        prop_assert_eq!(left, all);
    }

    #[test]
    fn dss_checksum_is_that_of_the_octets(
        dsn in any::<u64>(),
        ssn in any::<u32>(),
        data in vec(any::<u8>(), 0..1500),
    ) {
        let len = u16::try_from(data.len()).unwrap();
        let csum = dss_checksum(dsn, ssn, len, sum(&data));
        prop_assert_eq!(csum, plain_dss_checksum(dsn, ssn, len, &data));
        prop_assert!(dss_checksum_ok(dsn, ssn, len, csum, sum(&data)));
    }

    #[test]
    fn one_changed_octet_is_noticed(
        data in vec(any::<u8>(), 1..1500),
        at in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let len = u16::try_from(data.len()).unwrap();
        let csum = dss_checksum(77, 1, len, sum(&data));
        let mut spoilt = data.clone();
        spoilt[at.index(data.len())] ^= change;
        prop_assert!(!dss_checksum_ok(77, 1, len, csum, sum(&spoilt)));
    }
}
