//! What is not an option of RFC 8684 is refused with its reason; what the RFC says to ignore is ignored.

use core::net::{IpAddr, Ipv4Addr};

use mptcp_wire::{
    AddAddr, AddAddrForm, CapableFlags, DataSeq, Dss, MpCapable, MpJoin, MpOption, MpPrio, MpTcpRst, NoRoom,
    ParseError, RstReason, Subtype,
};

/// An option of this subtype and length, all its other octets zero.
fn zeroed(third: u8, len: u8) -> Vec<u8> {
    let mut octets = vec![0; usize::from(len).max(3)];
    octets[..3].copy_from_slice(&[30, len, third]);
    octets
}

/// The lengths, of all 256, at which an option with this third octet is accepted.
fn accepted_lengths(third: u8) -> Vec<u8> {
    (0..=u8::MAX)
        .filter(|len| match MpOption::parse(&zeroed(third, *len)) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error, ParseError::BadLength, "length {len}");
                false
            }
        })
        .collect()
}

#[test]
fn lengths_are_those_of_the_diagrams() {
    assert_eq!(accepted_lengths(0x00), [12, 20]);
    for version in 1..=0xf {
        assert_eq!(accepted_lengths(version), [4, 12, 20, 22, 24]);
    }
    assert_eq!(accepted_lengths(0x10), [12, 16, 24]);
    assert_eq!(accepted_lengths(0x20), [4]);
    assert_eq!(accepted_lengths(0x30), [16, 18, 28, 30]);
    assert_eq!(accepted_lengths(0x31), [8, 10, 20, 22]);
    assert_eq!(accepted_lengths(0x40), (4..=40).collect::<Vec<u8>>());
    assert_eq!(accepted_lengths(0x50), [3, 4]);
    assert_eq!(accepted_lengths(0x60), [12]);
    assert_eq!(accepted_lengths(0x70), [12]);
    assert_eq!(accepted_lengths(0x80), [4]);
    assert_eq!(accepted_lengths(0xf0), (3..=255).collect::<Vec<u8>>());
}

#[test]
fn dss_lengths_follow_from_the_flags() {
    for flags in 0..=u8::MAX {
        let ack = [0, 4, 0, 8][usize::from(flags & 0x03)];
        let ack = if flags & 0x01 == 0 { 0 } else { ack };
        let map = match flags & 0x0c {
            0x04 => 10,
            0x0c => 14,
            _ => 0,
        };
        let plain = 4 + ack + map;
        let accepted: Vec<usize> = (4..=60u8)
            .filter(|len| {
                let mut octets = zeroed(0x20, *len);
                octets[3] = flags;
                MpOption::parse(&octets).is_ok()
            })
            .map(usize::from)
            .collect();
        if map == 0 {
            assert_eq!(accepted, [plain], "flags {flags:#04x}");
        } else {
            assert_eq!(accepted, [plain, plain + 2], "flags {flags:#04x}");
        }
    }
}

#[test]
fn dss_ignores_flags_that_mean_nothing() {
    // 'a' and 'm' without 'A' and 'M', 'F' without a mapping, and every reserved bit.
    assert_eq!(
        MpOption::parse(&[30, 8, 0x2f, 0xf9, 1, 2, 3, 4]),
        Ok(MpOption::Dss(Dss { data_ack: Some(DataSeq::Short(0x0102_0304)), map: None, data_fin: false }))
    );
    let empty = Dss { data_ack: None, map: None, data_fin: false };
    assert_eq!(MpOption::parse(&[30, 4, 0x20, 0x1a]), Ok(MpOption::Dss(empty)));
    let mut written = [0; 4];
    let fin_without_map = MpOption::Dss(Dss { data_fin: true, ..empty });
    assert_eq!(fin_without_map.emit(&mut written), Ok(4));
    assert_eq!(written, [30, 4, 0x20, 0x00]);
}

#[test]
fn reserved_bits_are_ignored() {
    let mut syn = zeroed(0x1e, 12);
    syn[3] = 7;
    let join = MpJoin::Syn { backup: false, addr_id: 7, token: 0, nonce: 0 };
    assert_eq!(MpOption::parse(&syn), Ok(MpOption::Join(join)));

    let mut ack = zeroed(0x1f, 24);
    ack[3] = 0xff;
    let join = MpJoin::Ack { hmac: [0; 20] };
    assert_eq!(MpOption::parse(&ack), Ok(MpOption::Join(join)));

    for (third, len) in [(0x60, 12), (0x70, 12)] {
        let mut octets = zeroed(third | 0x0f, len);
        octets[3] = 0xff;
        assert_eq!(MpOption::parse(&octets), MpOption::parse(&zeroed(third, len)));
    }
    assert_eq!(MpOption::parse(&zeroed(0x4f, 5)), MpOption::parse(&zeroed(0x40, 5)));
    let prio = MpPrio { backup: false, addr_id: None };
    assert_eq!(MpOption::parse(&[30, 3, 0x5e]), Ok(MpOption::Prio(prio)));
    let rst = MpTcpRst { transient: false, reason: RstReason::MIDDLEBOX };
    assert_eq!(MpOption::parse(&[30, 4, 0x8e, 6]), Ok(MpOption::TcpRst(rst)));
}

#[test]
fn add_addr_nibble_decides_what_the_length_leaves_open() {
    for nibble in 0..=0xf_u8 {
        let form = |len| match MpOption::parse(&zeroed(0x30 | nibble, len)) {
            Ok(MpOption::AddAddr(AddAddr { form, .. })) => Some(form),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert_eq!(error, ParseError::BadLength);
                None
            }
        };
        let echo = nibble & 1 != 0;
        let bare = |family| match (echo, nibble == family) {
            (true, _) => Some(AddAddrForm::Echo),
            (false, true) => Some(AddAddrForm::V0),
            (false, false) => None,
        };
        let announce = (!echo).then_some(AddAddrForm::Announce { hmac: 0 });
        for (ipv4, ipv6) in [(8, 20), (10, 22)] {
            assert_eq!(form(ipv4), bare(4), "nibble {nibble}");
            assert_eq!(form(ipv6), bare(6), "nibble {nibble}");
        }
        for len in [16, 18, 28, 30] {
            assert_eq!(form(len), announce, "nibble {nibble}");
        }
    }
}

#[test]
fn heads_that_lead_nowhere() {
    assert_eq!(MpOption::parse(&[]), Err(ParseError::Truncated));
    assert_eq!(MpOption::parse(&[30]), Err(ParseError::Truncated));
    assert_eq!(MpOption::parse(&[30, 3]), Err(ParseError::Truncated));
    assert_eq!(MpOption::parse(&[30, 2, 0x20]), Err(ParseError::BadLength));
    assert_eq!(MpOption::parse(&[30, 0, 0x20]), Err(ParseError::BadLength));
    assert_eq!(MpOption::parse(&[8, 10, 0, 0, 0, 0, 0, 0, 0, 0]), Err(ParseError::NotMptcp));
    for subtype in 0x9..=0xe {
        assert_eq!(MpOption::parse(&[30, 4, subtype << 4, 0]), Err(ParseError::UnknownSubtype(subtype)));
        assert_eq!(Subtype::from_wire(subtype), None);
    }
}

#[test]
fn absent_fields_end_the_option() {
    // A receiver's key or data without what must precede it cannot be written, and is not.
    let capable = MpCapable {
        version: 1,
        flags: CapableFlags::HMAC_SHA,
        sender_key: None,
        receiver_key: Some(mptcp_wire::Key(1)),
        data: Some(mptcp_wire::CapableData { len: 1, csum: None }),
    };
    let mut written = [0; 40];
    assert_eq!(MpOption::Capable(capable).emit(&mut written), Ok(4));
    assert_eq!(written[..4], [30, 4, 0x01, 0x01]);
}

#[test]
fn emit_without_room_writes_nothing() {
    let option = MpOption::AddAddr(AddAddr {
        addr_id: 1,
        addr: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: Some(80),
        form: AddAddrForm::Announce { hmac: 1 },
    });
    for room in 0..option.wire_len() {
        let mut written = vec![0xa5; room];
        assert_eq!(option.emit(&mut written), Err(NoRoom));
        assert!(written.iter().all(|octet| *octet == 0xa5));
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let said: Vec<String> =
        [ParseError::NotMptcp, ParseError::Truncated, ParseError::BadLength, ParseError::UnknownSubtype(0xb)]
            .iter()
            .map(ToString::to_string)
            .collect();
    assert_eq!(
        said,
        [
            "not an MPTCP option",
            "option is cut short",
            "length impossible for this option",
            "unknown MPTCP subtype 0xb",
        ]
    );
    let error: &dyn core::error::Error = &NoRoom;
    assert_eq!(error.to_string(), "no room for the option");
}
