//! Every knob at its edges; address lists there and back.

use core::time::Duration;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

#[test]
fn the_defaults_are_those_of_the_plan() {
    let config = Config::default();
    assert!(config.enable && !config.v0 && !config.single_packet_maps && !config.checksum);
    assert_eq!(config.offers(), Some(Version::V1));
    assert_eq!((config.max_subflows, config.timers.stale_loss_cnt), (8, 4));
    assert_eq!(config.reass_maxqueuelen, 16_384);
    assert_eq!(config.join_on_add_addr, JoinOnAddAddr::ActiveOpener);
    assert_eq!(config.scheduler.name(), "min_rtt");
    assert_eq!(config.timers.close, Duration::from_secs(60));
}

#[test]
fn every_knob_takes_its_range_and_nothing_else() {
    for (n, knob) in Knob::ALL.into_iter().enumerate() {
        assert_eq!(knob as usize, n);
        assert_eq!(Knob::from_number(n as u8), Some(knob));
        let (low, high) = (*knob.range().start(), *knob.range().end());
        let mut config = Config::DEFAULT;
        assert!(knob.range().contains(&config.get(knob)), "{}", knob.name());
        for value in [low, (low + high) / 2, high] {
            assert_eq!(config.set(knob, value), Ok(()));
            assert_eq!(config.get(knob), value, "{}", knob.name());
        }
        let before = config;
        for value in [low - 1, high + 1, i64::MIN, i64::MAX] {
            assert_eq!(config.set(knob, value), Err(OutOfRange { knob, value }));
            assert_eq!(config, before);
        }
    }
    assert_eq!(Knob::from_number(Knob::ALL.len() as u8), None);
}

#[test]
fn a_knob_changes_nothing_but_itself() {
    for knob in Knob::ALL {
        for end in [*knob.range().start(), *knob.range().end()] {
            let mut config = Config::DEFAULT;
            config.set(knob, end).unwrap();
            for other in Knob::ALL.into_iter().filter(|o| *o != knob) {
                assert_eq!(config.get(other), Config::DEFAULT.get(other));
            }
        }
    }
}

#[test]
fn a_refusal_says_what_would_do() {
    let refused = Config::DEFAULT.clone().set(Knob::MaxSubflows, 33);
    let text = refused.unwrap_err().to_string();
    assert_eq!(text, "max_subflows=33 is outside of 1 to 32");
}

/// The names of the sysctls below `net.inet.tcp.mptcp`, and what each takes at the least and at the most.
const KNOBS: [(Knob, &str, i64, i64); 19] = [
    (Knob::Enable, "enable", 0, 1),
    (Knob::Version, "version", 0, 1),
    (Knob::V0, "v0", 0, 1),
    (Knob::MaxSubflows, "max_subflows", 1, 32),
    (Knob::JoinOnAddAddr, "join_on_add_addr", 0, 2),
    (Knob::SinglePacketMaps, "single_packet_maps", 0, 1),
    (Knob::Checksum, "checksum", 0, 1),
    (Knob::AddAddrTimeout, "add_addr_timeout", 100, 120_000),
    (Knob::AddAddrRetries, "add_addr_retries", 1, 8),
    (Knob::CloseTimeout, "close_timeout", 1_000, 3_600_000),
    (Knob::StaleLossCnt, "stale_loss_cnt", 1, 255),
    (Knob::RejoinTimeout, "rejoin_timeout", 100, 3_600_000),
    (Knob::RejoinCap, "rejoin_cap", 100, 3_600_000),
    (Knob::RejoinRetries, "rejoin_retries", 0, 255),
    (Knob::JoinAckTimeout, "join_ack_timeout", 100, 120_000),
    (Knob::JoinAckRetries, "join_ack_retries", 1, 8),
    (Knob::DenyJoinId0, "deny_join_id0", 0, 1),
    (Knob::ShortDsn, "short_dsn", 0, 1),
    (Knob::ReassMaxQueueLen, "reass_maxqueuelen", 0, 500_000),
];

#[test]
fn each_knob_is_refused_by_its_name_and_with_its_range() {
    assert_eq!(KNOBS.map(|(knob, ..)| knob), Knob::ALL);
    for (knob, name, low, high) in KNOBS {
        for value in [low - 1, high + 1] {
            let refused = Config::DEFAULT.clone().set(knob, value).unwrap_err();
            assert_eq!(refused.to_string(), format!("{name}={value} is outside of {low} to {high}"));
        }
    }
}

#[test]
fn versions_spoken() {
    // enable, version, v0 -> offers, accepts v0, accepts v1
    let table = [
        (0, 1, 1, None, false, false),
        (1, 1, 0, Some(Version::V1), false, true),
        (1, 1, 1, Some(Version::V1), true, true),
        (1, 0, 0, Some(Version::V0), true, false),
        (1, 0, 1, Some(Version::V0), true, false),
    ];
    for (enable, version, v0, offers, accepts_v0, accepts_v1) in table {
        let mut config = Config::DEFAULT;
        config.set(Knob::Enable, enable).unwrap();
        config.set(Knob::Version, version).unwrap();
        config.set(Knob::V0, v0).unwrap();
        assert_eq!(config.offers(), offers);
        assert_eq!(config.accepts(Version::V0), accepts_v0);
        assert_eq!(config.accepts(Version::V1), accepts_v1);
    }
}

#[test]
fn who_joins_on_add_addr() {
    let mut config = Config::DEFAULT;
    for (n, active, passive) in [(0, false, false), (1, true, false), (2, true, true)] {
        config.set(Knob::JoinOnAddAddr, n).unwrap();
        assert_eq!(config.joins_on_add_addr(true), active);
        assert_eq!(config.joins_on_add_addr(false), passive);
    }
    assert_eq!((JoinOnAddAddr::from_number(-1), JoinOnAddAddr::from_number(3)), (None, None));
}

#[test]
fn schedulers_by_name() {
    let names: Vec<_> = SchedulerKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(SchedulerKind::list(), names.join(" "));
    for kind in SchedulerKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    assert_eq!(SchedulerKind::parse(b" round_robin\n"), Ok(SchedulerKind::RoundRobin));
    for bad in ["", "rr", "MIN_RTT", "min_rtt round_robin"] {
        assert_eq!(SchedulerKind::parse(bad.as_bytes()), Err(UnknownScheduler));
    }
    assert_eq!(UnknownScheduler.to_string(), "no such scheduler; there are: min_rtt round_robin");
}

#[test]
fn waits_double_up_to_the_cap_and_then_end() {
    let seconds = |n| Some(Duration::from_secs(n));
    let add_addr: Vec<_> = (0..6).map(|n| Timers::DEFAULT.add_addr.wait(n)).collect();
    let expected = [1, 2, 4, 8, 16].map(seconds);
    assert_eq!(add_addr[..5], expected);
    assert_eq!(add_addr[5], None);
    assert_eq!(Timers::DEFAULT.add_addr.last_wait(), Duration::from_secs(32));
    let rejoin: Vec<_> = (0..10).map(|n| Timers::DEFAULT.rejoin.wait(n)).collect();
    assert_eq!(rejoin, [1, 2, 4, 8, 16, 32, 64, 64, 64, 64].map(seconds));
}

proptest! {
    #[test]
    fn no_backoff_overflows_or_passes_its_cap(
        initial in any::<u64>(), cap in any::<u64>(), retries in any::<u8>(), done in any::<u8>(),
    ) {
        let [initial, cap] = [initial, cap].map(Duration::from_micros);
        let backoff = Backoff { initial, cap, retries };
        let wait = backoff.wait(done);
        prop_assert_eq!(wait.is_some(), done < retries);
        prop_assert!(wait.is_none_or(|w| w <= cap && w <= Duration::from_secs(3600)));
        prop_assert!(backoff.last_wait() <= cap);
    }
}

fn parse(text: &str) -> Result<AddressList, AddressError> {
    AddressList::parse(text.as_bytes())
}

#[test]
fn lists_read_back_as_they_were_written() {
    let texts = [
        "",
        "192.168.0.11",
        "192.168.0.11 10.0.0.20",
        "10.0.0.2,backup 2001:db8::2 127.0.0.1",
        "2001:db8::2,backup ::1 169.253.1.1",
    ];
    for text in texts {
        let list = parse(text).unwrap();
        assert_eq!(list.to_string(), text);
        assert_eq!(list.len(), text.split_whitespace().count());
    }
    let list: AddressList = "10.0.0.2,backup ::1".parse().unwrap();
    assert_eq!(format!("{list:?}"), format!("{:?}", list.iter().collect::<Vec<_>>()));
    assert!(!list.is_empty());
    for other in ["", "10.0.0.2,backup", "10.0.0.2 ::1", "::1 10.0.0.2,backup", "10.0.0.2,backup ::1 ::2"] {
        assert_ne!(list, parse(other).unwrap());
    }
    let list = parse("\t10.0.0.2,backup\n  2001:DB8:0::2 ").unwrap();
    assert_eq!(list.to_string(), "10.0.0.2,backup 2001:db8::2");
    assert!(list.get(0).unwrap().backup && !list.get(1).unwrap().backup);
    assert_eq!(list.get(2), None);
}

#[test]
fn zero_and_nothing_clear() {
    for text in ["", "0", " 0\n", " \t "] {
        assert!(parse(text).unwrap().is_empty());
    }
}

#[test]
fn a_bad_entry_is_named() {
    use AddressErrorKind as Kind;
    let table = [
        ("10.0.0.1 0", 1, 9..10, Kind::NotAnAddress),
        ("0 10.0.0.1", 0, 0..1, Kind::NotAnAddress),
        ("10.0.0.256", 0, 0..10, Kind::NotAnAddress),
        (" 10.0.0.1 x", 1, 10..11, Kind::NotAnAddress),
        ("10.0.0.1/24", 0, 0..11, Kind::NotAnAddress),
        ("10.0.0.1%em0", 0, 0..12, Kind::NotAnAddress),
        ("[::1]", 0, 0..5, Kind::NotAnAddress),
        (",backup", 0, 0..7, Kind::NotAnAddress),
        ("10.0.0.1,backups", 0, 0..16, Kind::UnknownFlag),
        ("10.0.0.1,", 0, 0..9, Kind::Comma),
        ("10.0.0.1,10.0.0.2", 0, 0..17, Kind::Comma),
        ("10.0.0.1,2001:db8::1", 0, 0..20, Kind::Comma),
        ("10.0.0.1, 10.0.0.2", 0, 0..9, Kind::Comma),
        ("10.0.0.1 , 10.0.0.2", 1, 9..10, Kind::Comma),
        ("10.0.0.1 10.0.0.2,backup,10.0.0.3", 1, 9..33, Kind::Comma),
        ("10.0.0.1,Backup", 0, 0..15, Kind::UnknownFlag),
        ("10.0.0.1,backup,backup", 0, 0..22, Kind::UnknownFlag),
        ("10.0.0.1 fe80::1", 1, 9..16, Kind::LinkLocal),
        ("10.0.0.1 fe80::1%em0", 1, 9..20, Kind::Zone),
        ("10.0.0.1 10.0.0.1,backup", 1, 9..24, Kind::Duplicate),
        ("2001:db8::1 2001:db8:0::1", 1, 12..25, Kind::Duplicate),
    ];
    for (text, index, range, kind) in table {
        let expected = AddressError { index, range, kind };
        assert_eq!(parse(text), Err(expected), "{text}");
    }
    let error = parse("10.0.0.1 x").unwrap_err().to_string();
    assert_eq!(error, "address 2 (at byte 9): not an IPv4 or IPv6 address");
}

/// Both ends of the blocks, and their neighbours: `None` may carry a subflow.
const ADDRESSES: [(&str, Option<AddressErrorKind>); 43] = [
    ("0.0.0.0", Some(AddressErrorKind::Unspecified)),
    ("0.0.0.1", Some(AddressErrorKind::Reserved)),
    ("0.255.255.255", Some(AddressErrorKind::Reserved)),
    ("1.0.0.0", None),
    ("10.0.0.1", None),
    ("100.64.0.1", None),
    ("126.255.255.255", None),
    ("127.0.0.1", None),
    ("127.255.255.254", None),
    ("128.0.0.1", None),
    ("169.253.255.255", None),
    ("169.254.0.0", Some(AddressErrorKind::LinkLocal)),
    ("169.254.255.255", Some(AddressErrorKind::LinkLocal)),
    ("169.255.0.0", None),
    ("172.16.0.1", None),
    ("192.0.2.1", None),
    ("192.168.0.1", None),
    ("198.18.0.1", None),
    ("198.51.100.1", None),
    ("203.0.113.1", None),
    ("223.255.255.255", None),
    ("224.0.0.0", Some(AddressErrorKind::Multicast)),
    ("239.255.255.255", Some(AddressErrorKind::Multicast)),
    ("240.0.0.0", Some(AddressErrorKind::Reserved)),
    ("255.255.255.254", Some(AddressErrorKind::Reserved)),
    ("255.255.255.255", Some(AddressErrorKind::Broadcast)),
    ("::", Some(AddressErrorKind::Unspecified)),
    ("::1", None),
    ("::fffe:0:0", None),
    ("::ffff:0.0.0.0", Some(AddressErrorKind::Ipv4Mapped)),
    ("::ffff:10.0.0.1", Some(AddressErrorKind::Ipv4Mapped)),
    ("::ffff:127.0.0.1", Some(AddressErrorKind::Ipv4Mapped)),
    ("::1:0:0:0", None),
    ("64:ff9b::a00:1", None),
    ("2001:db8::1", None),
    ("2002:a00:1::1", None),
    ("fd00::1", None),
    ("fe7f:ffff::1", None),
    ("fe80::1", Some(AddressErrorKind::LinkLocal)),
    ("febf:ffff::1", Some(AddressErrorKind::LinkLocal)),
    ("fec0::1", None),
    ("ff00::1", Some(AddressErrorKind::Multicast)),
    ("ff02::1", Some(AddressErrorKind::Multicast)),
];

#[test]
fn which_addresses_a_subflow_may_have_at_either_end() {
    for (text, refused) in ADDRESSES {
        let addr: core::net::IpAddr = text.parse().unwrap();
        assert_eq!(parse(text).err().map(|error| error.kind), refused, "{text} in mp_addresses");
        // What the peer announces: loopback only where the connection runs over it.
        for primary in ["10.0.0.1", "2001:db8::1", "127.0.0.1", "::1"] {
            let primary: core::net::IpAddr = primary.parse().unwrap();
            let expected = refused.is_none() && (!addr.is_loopback() || primary.is_loopback());
            assert_eq!(is_joinable(addr, primary), expected, "{text} beside {primary}");
        }
    }
}

#[test]
fn each_refusal_of_an_address_says_what_is_wrong_with_it() {
    let table = [
        ("10.0.0.1,backups", "the only flag is \",backup\", once"),
        ("::", "the unspecified address cannot carry a subflow"),
        ("224.0.0.1", "a multicast address cannot carry a subflow"),
        ("255.255.255.255", "a broadcast address cannot carry a subflow"),
        ("240.0.0.1", "an address of a reserved block cannot carry a subflow"),
        ("::ffff:10.0.0.1", "IPv4-mapped; write the IPv4 address"),
        ("169.254.0.1", "a link-local address cannot be used"),
        ("fe80::1%em0", "addresses with a zone cannot be used"),
        ("10.0.0.9", "this address is in the list already"),
    ];
    for (entry, why) in table {
        let error = parse(&format!("10.0.0.9 {entry}")).unwrap_err();
        assert_eq!(error.to_string(), format!("address 2 (at byte 9): {why}"), "{entry}");
    }
}

#[test]
fn a_comma_between_addresses_is_answered_with_blanks() {
    let error = parse("10.0.0.1,10.0.0.2").unwrap_err().to_string();
    assert_eq!(error, "address 1 (at byte 0): separate addresses with blanks, not with commas");
}

#[test]
fn thirty_two_addresses_fit_and_no_more() {
    let text = |n: usize| -> String {
        let all: Vec<_> = (1..=n).map(|i| format!("10.0.0.{i}")).collect();
        all.join(" ")
    };
    assert_eq!(parse(&text(MAX_ADDRESSES)).unwrap().len(), 32);
    let error = parse(&text(MAX_ADDRESSES + 1)).unwrap_err();
    assert_eq!((error.index, error.kind), (32, AddressErrorKind::TooMany));
    let message = AddressErrorKind::TooMany.to_string();
    assert!(message.contains(&MAX_ADDRESSES.to_string()));
}

/// Entries that are often right, so that long lists come through.
fn entry() -> impl Strategy<Value = String> {
    let good = prop_oneof![
        any::<[u8; 4]>().prop_map(|a| core::net::Ipv4Addr::from(a).to_string()),
        any::<[u8; 16]>().prop_map(|a| core::net::Ipv6Addr::from(a).to_string()),
    ];
    prop_oneof![
        6 => good.clone(),
        2 => good.prop_map(|a| format!("{a},backup")),
        1 => "[0-9a-f:.,% ]{0,20}",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        match AddressList::parse(&bytes) {
            Ok(list) => prop_assert_eq!(parse(&list.to_string()), Ok(list)),
            Err(error) => prop_assert!(bytes.get(error.range).is_some_and(|e| !e.is_empty())),
        }
    }

    #[test]
    fn likely_strings_are_read_back_or_their_bad_entry_is_named(
        entries in prop::collection::vec(entry(), 0..40),
    ) {
        let text = entries.join(" ");
        match parse(&text) {
            Ok(list) => {
                prop_assert_eq!(parse(&list.to_string()), Ok(list.clone()));
                let clears = text.trim() == "0";
                let count = if clears { 0 } else { text.split_whitespace().count() };
                prop_assert_eq!(list.len(), count);
            }
            Err(error) => {
                let named = &text[error.range.clone()];
                prop_assert_eq!(text.split_whitespace().nth(error.index), Some(named));
                // All before it is good, and with it the list is bad.
                prop_assert!(text[..error.range.start].trim() == "0" || parse(&text[..error.range.start]).is_ok());
                // (That "0" does not stand alone shows only behind it.)
                prop_assert!(named == "0" || parse(&text[..error.range.end]).is_err());
            }
        }
    }
}

#[test]
fn an_address_is_taken_out_of_the_list() {
    let list = AddressList::parse(b"10.0.0.1 10.0.0.2,backup fd00::1").unwrap();
    for (index, left) in [
        (0, "10.0.0.2,backup fd00::1"),
        (1, "10.0.0.1 fd00::1"),
        (2, "10.0.0.1 10.0.0.2,backup"),
        (3, "10.0.0.1 10.0.0.2,backup fd00::1"),
        (usize::MAX, "10.0.0.1 10.0.0.2,backup fd00::1"),
    ] {
        let mut list = list.clone();
        assert_eq!(list.remove(index), index < 3);
        assert_eq!(list, AddressList::parse(left.as_bytes()).unwrap(), "without {index}");
    }
}
