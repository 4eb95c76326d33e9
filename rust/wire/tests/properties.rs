//! Properties of all options: what is written is read back, nothing cut short passes, no bytes panic, and
//! nothing past an option's end has any influence.

use core::net::IpAddr;

use mptcp_wire::tcp_options::{TcpOptions, mptcp_options};
use mptcp_wire::{
    AddAddr, AddAddrForm, AddrIds, CapableData, CapableFlags, DataSeq, Dss, DssMap, Key, MpCapable, MpFail,
    MpFastClose, MpJoin, MpOption, MpPrio, MpTcpRst, ParseError, RstReason,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// Which keys and data an MP_CAPABLE has, and under which versions.
fn capable() -> impl Strategy<Value = MpOption> {
    let key = || any::<u64>().prop_map(Key);
    let data = (any::<u16>(), of(any::<u16>())).prop_map(|(len, csum)| CapableData { len, csum });
    let fields = prop_oneof![
        (1..=0xf_u8).prop_map(|version| (version, None, None, None)),
        (0..=0xf_u8, key()).prop_map(|(version, a)| (version, Some(a), None, None)),
        (0..=0xf_u8, key(), key()).prop_map(|(version, a, b)| (version, Some(a), Some(b), None)),
        (1..=0xf_u8, key(), key(), data).prop_map(|(version, a, b, data)| (version, Some(a), Some(b), Some(data))),
    ];
    (fields, any::<u8>()).prop_map(|((version, sender_key, receiver_key, data), flags)| {
        MpOption::Capable(MpCapable {
            version,
            flags: CapableFlags::from_bits_retain(flags),
            sender_key,
            receiver_key,
            data,
        })
    })
}

fn join() -> impl Strategy<Value = MpOption> {
    prop_oneof![
        any::<(bool, u8, u32, u32)>().prop_map(|(backup, addr_id, token, nonce)| MpJoin::Syn {
            backup,
            addr_id,
            token,
            nonce
        }),
        any::<(bool, u8, u64, u32)>().prop_map(|(backup, addr_id, hmac, nonce)| MpJoin::SynAck {
            backup,
            addr_id,
            hmac,
            nonce
        }),
        any::<[u8; 20]>().prop_map(|hmac| MpJoin::Ack { hmac }),
    ]
    .prop_map(MpOption::Join)
}

fn data_seq() -> impl Strategy<Value = DataSeq> {
    prop_oneof![any::<u32>().prop_map(DataSeq::Short), any::<u64>().prop_map(DataSeq::Long),]
}

fn dss() -> impl Strategy<Value = MpOption> {
    let map = (data_seq(), any::<(u32, u16)>(), of(any::<u16>())).prop_map(|(dsn, (ssn, len), csum)| DssMap {
        dsn,
        ssn,
        len,
        csum,
    });
    (of(data_seq()), of(map), any::<bool>())
        .prop_map(|(data_ack, map, fin)| MpOption::Dss(Dss { data_ack, map, data_fin: fin && map.is_some() }))
}

fn add_addr() -> impl Strategy<Value = MpOption> {
    let form = prop_oneof![
        Just(AddAddrForm::V0),
        Just(AddAddrForm::Echo),
        any::<u64>().prop_map(|hmac| AddAddrForm::Announce { hmac }),
    ];
    (any::<u8>(), any::<IpAddr>(), of(any::<u16>()), form)
        .prop_map(|(addr_id, addr, port, form)| MpOption::AddAddr(AddAddr { addr_id, addr, port, form }))
}

fn any_option() -> impl Strategy<Value = MpOption> {
    prop_oneof![
        capable(),
        join(),
        dss(),
        add_addr(),
        vec(any::<u8>(), 1..=AddrIds::MAX).prop_map(|ids| MpOption::RemoveAddr(AddrIds::from_slice(&ids).unwrap())),
        (any::<bool>(), of(any::<u8>())).prop_map(|(backup, addr_id)| MpOption::Prio(MpPrio { backup, addr_id })),
        any::<u64>().prop_map(|dsn| MpOption::Fail(MpFail { dsn })),
        any::<u64>().prop_map(|key| MpOption::FastClose(MpFastClose { receiver_key: Key(key) })),
        any::<(bool, u8)>()
            .prop_map(|(transient, reason)| MpOption::TcpRst(MpTcpRst { transient, reason: RstReason(reason) })),
        Just(MpOption::Experimental),
    ]
}

fn written(option: &MpOption) -> Vec<u8> {
    let mut octets = vec![0xa5; option.wire_len()];
    assert_eq!(option.emit(&mut octets), Ok(octets.len()));
    octets
}

/// Bytes that get past the head more often than chance would have them.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    (vec(any::<u8>(), 0..64), 0..48_u8, any::<bool>()).prop_map(|(mut bytes, len, as_is)| {
        if let (false, [kind, length, ..]) = (as_is, bytes.as_mut_slice()) {
            *kind = 30;
            *length = len;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096,
        // No file of seeds: a failure that is found here becomes a test of its own.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read_back(option in any_option(), beyond in vec(any::<u8>(), 0..8)) {
        let mut octets = written(&option);
        prop_assert!((3..=40).contains(&octets.len()));
        prop_assert_eq!(usize::from(octets[1]), octets.len());
        octets.extend(beyond);
        prop_assert_eq!(MpOption::parse(&octets), Ok(option));
    }

    #[test]
    fn every_truncation_is_refused(option in any_option()) {
        let octets = written(&option);
        for end in 0..octets.len() {
            prop_assert_eq!(MpOption::parse(&octets[..end]), Err(ParseError::Truncated));
        }
    }

    /// As [`every_truncation_is_refused`], but with a length octet that admits to it: that is either
    /// refused or a shorter form in its own right, which then is of that length.
    #[test]
    fn a_shortened_option_is_refused_or_whole(option in any_option(), end in 0..40_usize) {
        let mut octets = written(&option);
        octets.truncate(end);
        if let Some(len) = octets.get_mut(1) {
            *len = u8::try_from(end).unwrap();
        }
        match MpOption::parse(&octets) {
            Ok(MpOption::Experimental) => {}
            Ok(shorter) => prop_assert_eq!(shorter.wire_len(), octets.len()),
            Err(error) => prop_assert!(matches!(error, ParseError::Truncated | ParseError::BadLength)),
        }
    }

    #[test]
    fn any_bytes_parse_or_are_refused(bytes in likely_bytes()) {
        if let Ok(option) = MpOption::parse(&bytes) {
            // What was understood survives; what is reserved is zero, and stays so.
            let octets = written(&option);
            prop_assert_eq!(MpOption::parse(&octets), Ok(option));
            if option != MpOption::Experimental {
                prop_assert_eq!(octets.len(), usize::from(bytes[1]));
                for (out, back) in octets.iter().zip(&bytes) {
                    prop_assert_eq!(out & !back, 0, "a bit was written that was not read");
                }
            }
        }
    }

    #[test]
    fn nothing_past_the_end_matters(mut bytes in likely_bytes(), other in any::<u8>()) {
        // Kind and length are always looked at, whatever the length says.
        let end = bytes.get(1).map_or(usize::MAX, |len| usize::from(*len).max(2));
        if end <= bytes.len() {
            let whole = MpOption::parse(&bytes);
            bytes.truncate(end);
            prop_assert_eq!(MpOption::parse(&bytes), whole);
            bytes.extend([other; 40]);
            prop_assert_eq!(MpOption::parse(&bytes), whole);
        }
    }

    #[test]
    fn any_option_area_can_be_walked(area in vec(any::<u8>(), 0..=40)) {
        let mut octets = 0;
        let mut walk = TcpOptions::new(&area);
        while let Some(item) = walk.next() {
            match item {
                Ok((kind, option)) => {
                    prop_assert_eq!(kind, option[0]);
                    prop_assert_eq!(usize::from(option[1]), option.len());
                    octets += option.len();
                }
                Err(_) => prop_assert!(walk.next().is_none(), "an error ends the walk"),
            }
        }
        prop_assert!(octets <= area.len());
        prop_assert!(mptcp_options(&area).count() <= area.len() / 2 + 1);
    }

    #[test]
    fn options_are_found_among_others(
        options in vec((any_option(), 0..3_usize, any::<bool>()), 0..6),
    ) {
        let mut area = Vec::new();
        for (option, nops, timestamp) in &options {
            area.resize(area.len() + nops, 1);
            if *timestamp {
                area.extend([8, 10, 30, 3, 0x50, 30, 3, 0x50, 0, 0]);
            }
            area.extend(written(option));
        }
        area.extend([0, 30, 3, 0x50]);
        let found: Vec<_> = mptcp_options(&area).collect();
        let expected: Vec<_> = options.iter().map(|(option, ..)| Ok(*option)).collect();
        prop_assert_eq!(found, expected);
    }
}
