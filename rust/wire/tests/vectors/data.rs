//! DSS.

use mptcp_wire::{DataSeq, Dss, DssMap, MpOption, Subtype};

use crate::holds;

#[test]
fn dss_data_ack_alone() {
    let short = Dss { data_ack: Some(DataSeq::Short(0x0102_0304)), map: None, data_fin: false };
    holds(&[30, 8, 0x20, 0x01, 1, 2, 3, 4], MpOption::Dss(short), Subtype::Dss);
    let long = Dss { data_ack: Some(DataSeq::Long(0x0102_0304_0506_0708)), ..short };
    holds(&[30, 12, 0x20, 0x03, 1, 2, 3, 4, 5, 6, 7, 8], MpOption::Dss(long), Subtype::Dss);
}

#[test]
fn dss_map_alone() {
    let map = DssMap { dsn: DataSeq::Short(0x0102_0304), ssn: 0x2122_2324, len: 0x3132, csum: None };
    let dss = |map| MpOption::Dss(Dss { data_ack: None, map: Some(map), data_fin: false });
    holds(&[30, 14, 0x20, 0x04, 1, 2, 3, 4, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32], dss(map), Subtype::Dss);
    holds(
        &[30, 16, 0x20, 0x04, 1, 2, 3, 4, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x41, 0x42],
        dss(DssMap { csum: Some(0x4142), ..map }),
        Subtype::Dss,
    );
    holds(
        &[30, 18, 0x20, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32],
        dss(DssMap { dsn: DataSeq::Long(0x0102_0304_0506_0708), ..map }),
        Subtype::Dss,
    );
}

#[test]
fn dss_with_everything_is_28_octets() {
    let dss = Dss {
        data_ack: Some(DataSeq::Long(0x0102_0304_0506_0708)),
        map: Some(DssMap {
            dsn: DataSeq::Long(0x1112_1314_1516_1718),
            ssn: 0x2122_2324,
            len: 0x3132,
            csum: Some(0x4142),
        }),
        data_fin: true,
    };
    holds(
        &[
            30, 28, 0x20, 0x1f, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21, 0x22,
            0x23, 0x24, 0x31, 0x32, 0x41, 0x42,
        ],
        MpOption::Dss(dss),
        Subtype::Dss,
    );
}

#[test]
fn dss_mixed_widths_and_data_fin_without_data() {
    let dss = Dss {
        data_ack: Some(DataSeq::Short(0x0102_0304)),
        map: Some(DssMap { dsn: DataSeq::Long(0x1112_1314_1516_1718), ssn: 0, len: 1, csum: None }),
        data_fin: true,
    };
    holds(
        &[30, 22, 0x20, 0x1d, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0, 0, 0, 0, 0, 1],
        MpOption::Dss(dss),
        Subtype::Dss,
    );
}

#[test]
fn dss_infinite_mapping() {
    let octets = [30, 14, 0x20, 0x04, 1, 2, 3, 4, 0x21, 0x22, 0x23, 0x24, 0, 0];
    let Ok(MpOption::Dss(Dss { map: Some(map), .. })) = MpOption::parse(&octets) else {
        panic!("not a mapping");
    };
    assert!(map.is_infinite());
    assert!(!DssMap { len: 1, ..map }.is_infinite());
    assert_eq!(map.dsn.low(), 0x0102_0304);
    assert_eq!(DataSeq::Long(0x1112_1314_1516_1718).low(), 0x1516_1718);
}
