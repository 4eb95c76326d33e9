//! Both sides of the handshake against each other, and every reason to stay plain TCP.

use super::*;
use crate::crypto::KeyMaterial;
use mptcp_wire::{CapableData, DataSeq, Dss, Key};
use std::vec::Vec;

fn wire(options: &[MpOption]) -> Vec<u8> {
    let mut out = Vec::new();
    for option in options {
        let mut buf = [0; 40];
        let used = option.emit(&mut buf).unwrap();
        out.extend_from_slice(&buf[..used]);
    }
    out
}

fn material(version: Version, key: u64) -> KeyMaterial {
    KeyMaterial::derive(version, Key(key))
}

fn offer(version: Version) -> Offer {
    Offer { version, checksum: false, deny_join_id0: false, syn_tries: 2 }
}

const A: u64 = 0x1111;
const B: u64 = 0x2222;

fn respond(syn: &[u8], checksum: bool) -> Responder {
    let version = Responder::version_for(syn, true).unwrap();
    Responder::on_syn(syn, version, material(version, B), checksum, false).unwrap()
}

fn third_ack(version: Version, keys: (u64, u64), data: Option<CapableData>, flags: CapableFlags) -> Vec<u8> {
    wire(&[MpOption::Capable(MpCapable {
        version: version as u8,
        flags,
        sender_key: Some(Key(keys.0)),
        receiver_key: Some(Key(keys.1)),
        data,
    })])
}

fn syn_ack(version: u8, flags: CapableFlags, key: Option<u64>) -> Vec<u8> {
    let answer = MpCapable { version, flags, sender_key: key.map(Key), receiver_key: None, data: None };
    wire(&[MpOption::Capable(answer)])
}

fn refusal(verdict: SynAckVerdict) -> FallbackReason {
    match verdict {
        SynAckVerdict::PlainTcp(reason) => reason,
        SynAckVerdict::MultiPath(agreed) => panic!("agreed: {agreed:?}"),
    }
}

fn third_refusal(verdict: ThirdAckVerdict) -> FallbackReason {
    match verdict {
        ThirdAckVerdict::PlainTcp(reason) => reason,
        ThirdAckVerdict::MultiPath(agreed) => panic!("agreed: {agreed:?}"),
    }
}

#[test]
fn both_sides_agree_on_keys_tokens_and_checksums_in_both_versions() {
    for version in [Version::V0, Version::V1] {
        for (ours, theirs) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut opener = Opener::new(Offer { checksum: ours, ..offer(version) }, material(version, A));
            let syn = wire(&[opener.syn_option().unwrap()]);
            let responder = respond(&syn, theirs);
            let SynAckVerdict::MultiPath(active) = opener.on_syn_ack(&wire(&[responder.syn_ack_option()])) else {
                panic!("the opener refuses");
            };
            let mut flags = CapableFlags::HMAC_SHA;
            flags.set(CapableFlags::CHECKSUM, active.checksum);
            let ack = third_ack(version, (A, B), None, flags);
            let ThirdAckVerdict::MultiPath(passive) = responder.on_third_ack(&ack) else {
                panic!("the responder refuses");
            };
            assert_eq!((active.local, active.remote), (passive.remote, passive.local));
            assert_eq!((active.version, passive.version), (version, version));
            assert_eq!((active.checksum, passive.checksum), (ours || theirs, ours || theirs));
            assert_eq!((active.role, passive.role), (Role::Active, Role::Passive));
        }
    }
}

#[test]
fn a_syn_of_v1_carries_no_key_and_one_of_v0_does() {
    for (version, key) in [(Version::V0, Some(Key(A))), (Version::V1, None)] {
        let Some(MpOption::Capable(capable)) = Opener::new(offer(version), material(version, A)).syn_option() else {
            panic!("no MP_CAPABLE");
        };
        assert_eq!(capable.sender_key, key);
        assert_eq!(capable.version, version as u8);
    }
}

#[test]
fn syns_without_an_answer_end_in_plain_ones() {
    let mut opener = Opener::new(offer(Version::V1), material(Version::V1, A));
    assert!(opener.syn_option().is_some() && opener.syn_option().is_some());
    assert_eq!(opener.syn_option(), None);
}

#[test]
fn the_opener_refuses_what_it_cannot_continue() {
    let opener = Opener::new(offer(Version::V1), material(Version::V1, A));
    let hmac = CapableFlags::HMAC_SHA;
    assert_eq!(refusal(opener.on_syn_ack(&[])), FallbackReason::NoCapable);
    assert_eq!(refusal(opener.on_syn_ack(&syn_ack(0, hmac, Some(B)))), FallbackReason::Version);
    assert_eq!(refusal(opener.on_syn_ack(&syn_ack(2, hmac, Some(B)))), FallbackReason::Version);
    assert_eq!(refusal(opener.on_syn_ack(&syn_ack(1, hmac, None))), FallbackReason::BadKey);
    assert_eq!(refusal(opener.on_syn_ack(&syn_ack(1, CapableFlags::empty(), Some(B)))), FallbackReason::Algorithm);
    let extended = hmac | CapableFlags::EXTENSIBILITY;
    assert_eq!(refusal(opener.on_syn_ack(&syn_ack(1, extended, Some(B)))), FallbackReason::Algorithm);
    let both = third_ack(Version::V1, (B, A), None, hmac);
    assert_eq!(refusal(opener.on_syn_ack(&both)), FallbackReason::BadKey);
}

const B_FLAG: CapableFlags = CapableFlags::EXTENSIBILITY;
const H: CapableFlags = CapableFlags::HMAC_SHA;
/// D, which nobody has defined.
const D: CapableFlags = CapableFlags::from_bits_retain(0x10);

/// RFC 8684 section 3.1: flag B, or no algorithm that we know, is plain TCP. A SYN may propose others beside H; the
/// SYN/ACK has chosen, and the third ACK goes by that choice.
#[test]
fn flags_of_all_three_segments_in_both_versions() {
    let table = [
        (H, true, true),
        (H | CapableFlags::CHECKSUM, true, true),
        (H | CapableFlags::DENY_JOIN_ID0, true, true),
        (H | D, true, false),
        (D, false, false),
        (CapableFlags::empty(), false, false),
        (H | B_FLAG, false, false),
        (B_FLAG, false, false),
        (CapableFlags::CHECKSUM, false, false),
    ];
    for version in [Version::V0, Version::V1] {
        let key = (version == Version::V0).then_some(A);
        for (flags, in_syn, later) in table {
            let expected = |good: bool| if good { None } else { Some(FallbackReason::Algorithm) };
            let syn = syn_ack(version as u8, flags, key);
            assert_eq!(Responder::version_for(&syn, true).err(), expected(in_syn), "SYN {version:?} {flags:?}");
            let opener = Opener::new(offer(version), material(version, A));
            let answer = match opener.on_syn_ack(&syn_ack(version as u8, flags, Some(B))) {
                SynAckVerdict::MultiPath(_) => None,
                SynAckVerdict::PlainTcp(reason) => Some(reason),
            };
            assert_eq!(answer, expected(later), "SYN/ACK {version:?} {flags:?}");
            let responder = respond(&syn_ack(version as u8, H, key), false);
            let ack = match responder.on_third_ack(&third_ack(version, (A, B), None, flags)) {
                ThirdAckVerdict::MultiPath(_) => None,
                ThirdAckVerdict::PlainTcp(reason) => Some(reason),
            };
            assert_eq!(ack, expected(later), "third ACK {version:?} {flags:?}");
        }
    }
}

/// Flag A of the third ACK confirms the decision. Data in its place is judged as well.
#[test]
fn a_third_ack_that_does_not_confirm_checksums_is_plain_tcp() {
    let data = CapableData { len: 77, csum: None };
    for version in [Version::V0, Version::V1] {
        let key = (version == Version::V0).then_some(A);
        for (theirs, ours) in [(CapableFlags::CHECKSUM, false), (CapableFlags::empty(), true)] {
            let responder = respond(&syn_ack(version as u8, H | theirs, key), ours);
            for data in [None, Some(data).filter(|_| version == Version::V1)] {
                let ack = third_ack(version, (A, B), data, H);
                assert_eq!(third_refusal(responder.on_third_ack(&ack)), FallbackReason::BadKey);
            }
        }
    }
    // Nobody asked for them, but the peer uses them: section 3.1 has one side's wish decide.
    let responder = respond(&syn_ack(1, H, None), false);
    let ack = third_ack(Version::V1, (A, B), None, H | CapableFlags::CHECKSUM);
    assert!(matches!(responder.on_third_ack(&ack), ThirdAckVerdict::MultiPath(agreed) if agreed.checksum));
    // A cookie's SYN is not known any more; its third ACK must fit our own wish.
    let ack = third_ack(Version::V1, (A, B), None, H);
    let rebuilt = Responder::from_cookie(&ack, material(Version::V1, B), Version::V1, true).unwrap();
    assert_eq!(third_refusal(rebuilt.on_third_ack(&ack)), FallbackReason::BadKey);
}

#[test]
fn flag_c_of_either_side_reaches_the_other_in_v1_only() {
    for (version, expected) in [(Version::V0, false), (Version::V1, true)] {
        let wishes = Offer { deny_join_id0: true, ..offer(version) };
        let syn = wire(&[Opener::new(wishes, material(version, A)).syn_option().unwrap()]);
        let responder = Responder::on_syn(&syn, version, material(version, B), false, true).unwrap();
        let opener = Opener::new(wishes, material(version, A));
        let SynAckVerdict::MultiPath(active) = opener.on_syn_ack(&wire(&[responder.syn_ack_option()])) else {
            panic!("the opener refuses");
        };
        let ack = third_ack(version, (A, B), None, CapableFlags::HMAC_SHA);
        let ThirdAckVerdict::MultiPath(passive) = responder.on_third_ack(&ack) else {
            panic!("the responder refuses");
        };
        assert_eq!((active.peer_denies_id0, passive.peer_denies_id0), (expected, expected));
    }
}

#[test]
fn the_version_of_the_answer() {
    let syn = |version, flags, key| syn_ack(version, flags, key);
    let hmac = CapableFlags::HMAC_SHA;
    assert_eq!(Responder::version_for(&syn(1, hmac, None), false), Ok(Version::V1));
    // A newer peer is answered with what we have.
    assert_eq!(Responder::version_for(&syn(3, hmac, None), false), Ok(Version::V1));
    assert_eq!(Responder::version_for(&syn(0, hmac, Some(A)), true), Ok(Version::V0));
    assert_eq!(Responder::version_for(&syn(0, hmac, Some(A)), false), Err(FallbackReason::Version));
    assert_eq!(Responder::version_for(&[], true), Err(FallbackReason::NoCapable));
    assert_eq!(Responder::version_for(&syn(1, hmac, Some(A)), true), Err(FallbackReason::BadKey));
    assert_eq!(Responder::version_for(&syn(1, CapableFlags::empty(), None), true), Err(FallbackReason::Algorithm));
    let extended = hmac | CapableFlags::EXTENSIBILITY;
    assert_eq!(Responder::version_for(&syn(1, extended, None), true), Err(FallbackReason::Algorithm));
}

#[test]
fn the_responder_refuses_wrong_and_missing_keys() {
    let syn = syn_ack(1, CapableFlags::HMAC_SHA, None);
    let responder = respond(&syn, false);
    let hmac = CapableFlags::HMAC_SHA;
    assert_eq!(third_refusal(responder.on_third_ack(&[])), FallbackReason::NoCapableInAck);
    let wrong_echo = third_ack(Version::V1, (A, B ^ 1), None, hmac);
    assert_eq!(third_refusal(responder.on_third_ack(&wrong_echo)), FallbackReason::BadKey);
    let one_key = syn_ack(1, hmac, Some(A));
    assert_eq!(third_refusal(responder.on_third_ack(&one_key)), FallbackReason::BadKey);
    let other_version = third_ack(Version::V0, (A, B), None, hmac);
    assert_eq!(third_refusal(responder.on_third_ack(&other_version)), FallbackReason::BadKey);
    // v1 needs the keys; a DSS proves nothing.
    let dss = wire(&[MpOption::Dss(Dss { data_ack: Some(DataSeq::Long(1)), map: None, data_fin: false })]);
    assert_eq!(third_refusal(responder.on_third_ack(&dss)), FallbackReason::NoCapableInAck);
}

#[test]
fn v0_takes_a_dss_for_the_third_ack_and_holds_to_the_syns_key() {
    let responder = respond(&syn_ack(0, CapableFlags::HMAC_SHA, Some(A)), false);
    let dss = wire(&[MpOption::Dss(Dss { data_ack: Some(DataSeq::Short(1)), map: None, data_fin: false })]);
    let ThirdAckVerdict::MultiPath(agreed) = responder.on_third_ack(&dss) else {
        panic!("the responder refuses");
    };
    assert_eq!(agreed.remote, material(Version::V0, A));
    let other = third_ack(Version::V0, (A ^ 1, B), None, CapableFlags::HMAC_SHA);
    assert_eq!(third_refusal(responder.on_third_ack(&other)), FallbackReason::BadKey);
}

#[test]
fn first_data_comes_with_its_mapping() {
    let responder = respond(&syn_ack(1, CapableFlags::HMAC_SHA, None), false);
    let data = CapableData { len: 77, csum: None };
    let ack = third_ack(Version::V1, (A, B), Some(data), CapableFlags::HMAC_SHA);
    let ThirdAckVerdict::MultiPath(agreed) = responder.on_third_ack(&ack) else {
        panic!("the responder refuses");
    };
    assert_eq!(agreed.first_data, Some(data));
}

#[test]
fn a_cookie_restores_the_responder() {
    let ack = third_ack(Version::V1, (A, B), None, CapableFlags::HMAC_SHA | CapableFlags::CHECKSUM);
    let rebuilt = Responder::from_cookie(&ack, material(Version::V1, B), Version::V1, false).unwrap();
    assert_eq!(rebuilt.local(), material(Version::V1, B));
    let ThirdAckVerdict::MultiPath(agreed) = rebuilt.on_third_ack(&ack) else {
        panic!("the responder refuses");
    };
    assert!(agreed.checksum);
    assert_eq!(agreed.remote, material(Version::V1, A));
    assert_eq!(Responder::from_cookie(&[], material(Version::V1, B), Version::V1, false), None);
}
