//! Numbers that wrap.

use super::*;

#[test]
fn expansion_picks_the_nearest() {
    assert_eq!(expand32(5, 0xffff_fff0), 0x1_0000_0005);
    assert_eq!(expand32(0xffff_fff0, 0x1_0000_0005), 0xffff_fff0);
    assert_eq!(expand32(7, 7), 7);
}

#[test]
fn offsets_survive_a_wrapping_idsn() {
    let idsn = u64::MAX - 3;
    for offset in [0_u64, 1, 3, 4, 5, 1 << 33] {
        for long in [false, true] {
            let wire = wire_dsn(offset, idsn, long);
            assert_eq!(data_offset(wire, idsn, offset), Some(offset));
        }
    }
}

#[test]
fn a_dsn_before_the_idsn_is_refused() {
    assert_eq!(data_offset(DataSeq::Long(99), 100, 1), None);
    assert_eq!(data_offset(DataSeq::Short(99), 100, 1), None);
}
