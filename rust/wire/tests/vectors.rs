//! Every form of every option, its octets written out by hand from the diagrams of RFC 8684 (and RFC 6824
//! where version 0 differs). Each must parse to the option beside it and be written as the same octets.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mptcp_wire::{
    AddAddr, AddAddrForm, AddrIds, CapableData, CapableFlags, DataSeq, Dss, DssMap, Key, MpCapable,
    MpFail, MpFastClose, MpJoin, MpOption, MpPrio, MpTcpRst, RstReason, Subtype, Version,
};

#[track_caller]
fn holds(octets: &[u8], option: MpOption, subtype: Subtype) {
    assert_eq!(MpOption::parse(octets), Ok(option));
    assert_eq!(option.wire_len(), octets.len());
    assert_eq!(option.subtype(), subtype);
    let mut written = [0xa5; 41];
    assert_eq!(option.emit(&mut written), Ok(octets.len()));
    let (option_octets, beyond) = written.split_at(octets.len());
    assert_eq!(option_octets, octets);
    assert!(beyond.iter().all(|octet| *octet == 0xa5));
}

const KEY_A: Key = Key(0x0102_0304_0506_0708);
const KEY_B: Key = Key(0x1112_1314_1516_1718);

const fn capable(version: u8, flags: CapableFlags) -> MpCapable {
    MpCapable {
        version,
        flags,
        sender_key: None,
        receiver_key: None,
        data: None,
    }
}

#[test]
fn mp_capable_syn_v1() {
    let option = capable(1, CapableFlags::HMAC_SHA);
    holds(
        &[30, 4, 0x01, 0x01],
        MpOption::Capable(option),
        Subtype::MpCapable,
    );
}

#[test]
fn mp_capable_syn_ack_v1_and_syn_v0_carry_one_key() {
    for version in [Version::V1, Version::V0] {
        let option = MpCapable {
            sender_key: Some(KEY_A),
            ..capable(
                version as u8,
                CapableFlags::CHECKSUM | CapableFlags::HMAC_SHA,
            )
        };
        holds(
            &[30, 12, version as u8, 0x81, 1, 2, 3, 4, 5, 6, 7, 8],
            MpOption::Capable(option),
            Subtype::MpCapable,
        );
    }
}

#[test]
fn mp_capable_ack_carries_both_keys() {
    for version in [Version::V1, Version::V0] {
        let option = MpCapable {
            sender_key: Some(KEY_A),
            receiver_key: Some(KEY_B),
            ..capable(
                version as u8,
                CapableFlags::DENY_JOIN_ID0 | CapableFlags::HMAC_SHA,
            )
        };
        holds(
            &[
                30,
                20,
                version as u8,
                0x21,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
                0x11,
                0x12,
                0x13,
                0x14,
                0x15,
                0x16,
                0x17,
                0x18,
            ],
            MpOption::Capable(option),
            Subtype::MpCapable,
        );
    }
}

#[test]
fn mp_capable_with_data() {
    let option = MpCapable {
        sender_key: Some(KEY_A),
        receiver_key: Some(KEY_B),
        data: Some(CapableData {
            len: 0x0564,
            csum: None,
        }),
        ..capable(1, CapableFlags::HMAC_SHA)
    };
    holds(
        &[
            30, 22, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
            0x18, 0x05, 0x64,
        ],
        MpOption::Capable(option),
        Subtype::MpCapable,
    );
}

#[test]
fn mp_capable_with_data_and_checksum() {
    let option = MpCapable {
        sender_key: Some(KEY_A),
        receiver_key: Some(KEY_B),
        data: Some(CapableData {
            len: 0x0564,
            csum: Some(0xbeef),
        }),
        ..capable(1, CapableFlags::CHECKSUM | CapableFlags::HMAC_SHA)
    };
    holds(
        &[
            30, 24, 0x01, 0x81, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
            0x18, 0x05, 0x64, 0xbe, 0xef,
        ],
        MpOption::Capable(option),
        Subtype::MpCapable,
    );
}

#[test]
fn mp_capable_keeps_flags_and_versions_of_the_future() {
    let option = capable(0xe, CapableFlags::from_bits_retain(0x1e));
    assert!(!option.flags.contains(CapableFlags::HMAC_SHA));
    assert_eq!(Version::from_wire(option.version), None);
    holds(
        &[30, 4, 0x0e, 0x1e],
        MpOption::Capable(option),
        Subtype::MpCapable,
    );
}

#[test]
fn mp_join_syn() {
    for backup in [false, true] {
        holds(
            &[
                30,
                12,
                0x10 | u8::from(backup),
                7,
                0xde,
                0xad,
                0xbe,
                0xef,
                0x0a,
                0x0b,
                0x0c,
                0x0d,
            ],
            MpOption::Join(MpJoin::Syn {
                backup,
                addr_id: 7,
                token: 0xdead_beef,
                nonce: 0x0a0b_0c0d,
            }),
            Subtype::MpJoin,
        );
    }
}

#[test]
fn mp_join_syn_ack() {
    for backup in [false, true] {
        holds(
            &[
                30,
                16,
                0x10 | u8::from(backup),
                9,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
                0x0a,
                0x0b,
                0x0c,
                0x0d,
            ],
            MpOption::Join(MpJoin::SynAck {
                backup,
                addr_id: 9,
                hmac: 0x0102_0304_0506_0708,
                nonce: 0x0a0b_0c0d,
            }),
            Subtype::MpJoin,
        );
    }
}

#[test]
fn mp_join_ack() {
    holds(
        &[
            30, 24, 0x10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
        ],
        MpOption::Join(MpJoin::Ack {
            hmac: [
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
            ],
        }),
        Subtype::MpJoin,
    );
}

#[test]
fn dss_data_ack_alone() {
    let short = Dss {
        data_ack: Some(DataSeq::Short(0x0102_0304)),
        map: None,
        data_fin: false,
    };
    holds(
        &[30, 8, 0x20, 0x01, 1, 2, 3, 4],
        MpOption::Dss(short),
        Subtype::Dss,
    );
    let long = Dss {
        data_ack: Some(DataSeq::Long(0x0102_0304_0506_0708)),
        ..short
    };
    holds(
        &[30, 12, 0x20, 0x03, 1, 2, 3, 4, 5, 6, 7, 8],
        MpOption::Dss(long),
        Subtype::Dss,
    );
}

#[test]
fn dss_map_alone() {
    let map = DssMap {
        dsn: DataSeq::Short(0x0102_0304),
        ssn: 0x2122_2324,
        len: 0x3132,
        csum: None,
    };
    let dss = |map| {
        MpOption::Dss(Dss {
            data_ack: None,
            map: Some(map),
            data_fin: false,
        })
    };
    holds(
        &[
            30, 14, 0x20, 0x04, 1, 2, 3, 4, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32,
        ],
        dss(map),
        Subtype::Dss,
    );
    holds(
        &[
            30, 16, 0x20, 0x04, 1, 2, 3, 4, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x41, 0x42,
        ],
        dss(DssMap {
            csum: Some(0x4142),
            ..map
        }),
        Subtype::Dss,
    );
    holds(
        &[
            30, 18, 0x20, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32,
        ],
        dss(DssMap {
            dsn: DataSeq::Long(0x0102_0304_0506_0708),
            ..map
        }),
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
            30, 28, 0x20, 0x1f, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
            0x18, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x41, 0x42,
        ],
        MpOption::Dss(dss),
        Subtype::Dss,
    );
}

#[test]
fn dss_mixed_widths_and_data_fin_without_data() {
    let dss = Dss {
        data_ack: Some(DataSeq::Short(0x0102_0304)),
        map: Some(DssMap {
            dsn: DataSeq::Long(0x1112_1314_1516_1718),
            ssn: 0,
            len: 1,
            csum: None,
        }),
        data_fin: true,
    };
    holds(
        &[
            30, 22, 0x20, 0x1d, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0, 0,
            0, 0, 0, 1,
        ],
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

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 33));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 3, 4, 5, 6));
const V6_OCTETS: [u8; 16] = [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6];
const HMAC_OCTETS: [u8; 8] = [0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58];
const ANNOUNCE: AddAddrForm = AddAddrForm::Announce {
    hmac: 0x5152_5354_5556_5758,
};

/// Each form is: head (length and the four bits), address ID, address, port, HMAC.
#[track_caller]
fn add_addr_holds(head: [u8; 3], addr: IpAddr, port: Option<u16>, form: AddAddrForm) {
    let mut octets = head.to_vec();
    octets.push(5);
    match addr {
        IpAddr::V4(_) => octets.extend([192, 0, 2, 33]),
        IpAddr::V6(_) => octets.extend(V6_OCTETS),
    }
    if port.is_some() {
        octets.extend([0x1f, 0x90]);
    }
    if form == ANNOUNCE {
        octets.extend(HMAC_OCTETS);
    }
    let option = AddAddr {
        addr_id: 5,
        addr,
        port,
        form,
    };
    holds(&octets, MpOption::AddAddr(option), Subtype::AddAddr);
}

#[test]
fn add_addr_announcements() {
    add_addr_holds([30, 16, 0x30], V4, None, ANNOUNCE);
    add_addr_holds([30, 18, 0x30], V4, Some(8080), ANNOUNCE);
    add_addr_holds([30, 28, 0x30], V6, None, ANNOUNCE);
    add_addr_holds([30, 30, 0x30], V6, Some(8080), ANNOUNCE);
}

#[test]
fn add_addr_echoes() {
    add_addr_holds([30, 8, 0x31], V4, None, AddAddrForm::Echo);
    add_addr_holds([30, 10, 0x31], V4, Some(8080), AddAddrForm::Echo);
    add_addr_holds([30, 20, 0x31], V6, None, AddAddrForm::Echo);
    add_addr_holds([30, 22, 0x31], V6, Some(8080), AddAddrForm::Echo);
}

#[test]
fn add_addr_of_version_0() {
    add_addr_holds([30, 8, 0x34], V4, None, AddAddrForm::V0);
    add_addr_holds([30, 10, 0x34], V4, Some(8080), AddAddrForm::V0);
    add_addr_holds([30, 20, 0x36], V6, None, AddAddrForm::V0);
    add_addr_holds([30, 22, 0x36], V6, Some(8080), AddAddrForm::V0);
}

#[test]
fn add_addr_leaves_mapped_addresses_mapped() {
    let mapped = Ipv4Addr::new(192, 0, 2, 33).to_ipv6_mapped();
    let option = MpOption::AddAddr(AddAddr {
        addr_id: 1,
        addr: IpAddr::V6(mapped),
        port: None,
        form: AddAddrForm::Echo,
    });
    assert_eq!(option.wire_len(), 20);
    let mut written = [0; 20];
    assert_eq!(option.emit(&mut written), Ok(20));
    assert_eq!(MpOption::parse(&written), Ok(option));
}

#[test]
fn remove_addr() {
    let one = AddrIds::from_slice(&[7]).unwrap();
    holds(
        &[30, 4, 0x40, 7],
        MpOption::RemoveAddr(one),
        Subtype::RemoveAddr,
    );
    let three = AddrIds::from_slice(&[7, 0, 255]).unwrap();
    assert_eq!(three.iter().collect::<Vec<_>>(), [7, 0, 255]);
    assert_eq!(three.iter().len(), 3);
    holds(
        &[30, 6, 0x40, 7, 0, 255],
        MpOption::RemoveAddr(three),
        Subtype::RemoveAddr,
    );
    let mut fullest = vec![30, 40, 0x40];
    fullest.extend([9; AddrIds::MAX]);
    holds(
        &fullest,
        MpOption::RemoveAddr(AddrIds::from_slice(&[9; AddrIds::MAX]).unwrap()),
        Subtype::RemoveAddr,
    );
}

#[test]
fn addr_ids_take_one_to_37() {
    assert_eq!(AddrIds::from_slice(&[]), None);
    assert_eq!(AddrIds::from_slice(&[1; 38]), None);
    assert_eq!(AddrIds::from_slice(&[1; 256 + 3]), None);
    let ids = AddrIds::from_slice(&[3, 1]).unwrap();
    assert_eq!(ids.as_slice(), [3, 1]);
    assert_ne!(ids, AddrIds::from_slice(&[3, 1, 0]).unwrap());
    assert_eq!(format!("{ids:?}"), "AddrIds([3, 1])");
}

#[test]
fn mp_prio() {
    let prio = |backup, addr_id| MpOption::Prio(MpPrio { backup, addr_id });
    holds(&[30, 3, 0x50], prio(false, None), Subtype::MpPrio);
    holds(&[30, 3, 0x51], prio(true, None), Subtype::MpPrio);
    holds(&[30, 4, 0x51, 6], prio(true, Some(6)), Subtype::MpPrio);
}

#[test]
fn mp_fail() {
    holds(
        &[30, 12, 0x60, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        MpOption::Fail(MpFail {
            dsn: 0x0102_0304_0506_0708,
        }),
        Subtype::MpFail,
    );
}

#[test]
fn mp_fastclose() {
    holds(
        &[30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        MpOption::FastClose(MpFastClose {
            receiver_key: KEY_A,
        }),
        Subtype::MpFastClose,
    );
}

#[test]
fn mp_tcprst() {
    let reasons = [
        RstReason::UNSPECIFIED,
        RstReason::MPTCP_ERROR,
        RstReason::NO_RESOURCES,
        RstReason::PROHIBITED,
        RstReason::TOO_MUCH_DATA,
        RstReason::BAD_PERFORMANCE,
        RstReason::MIDDLEBOX,
        RstReason(0xc3),
    ];
    for (value, reason) in [0, 1, 2, 3, 4, 5, 6, 0xc3].into_iter().zip(reasons) {
        for transient in [false, true] {
            holds(
                &[30, 4, 0x80 | u8::from(transient), value],
                MpOption::TcpRst(MpTcpRst { transient, reason }),
                Subtype::MpTcpRst,
            );
        }
    }
}

#[test]
fn experimental_is_recognised_and_written_bare() {
    holds(
        &[30, 3, 0xf0],
        MpOption::Experimental,
        Subtype::Experimental,
    );
    assert_eq!(
        MpOption::parse(&[30, 6, 0xf7, 1, 2, 3]),
        Ok(MpOption::Experimental)
    );
}
