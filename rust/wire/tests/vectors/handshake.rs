//! MP_CAPABLE and MP_JOIN.

use mptcp_wire::{CapableData, CapableFlags, MpCapable, MpJoin, MpOption, Subtype, Version};

use crate::{KEY_A, KEY_B, holds};

const fn capable(version: u8, flags: CapableFlags) -> MpCapable {
    MpCapable { version, flags, sender_key: None, receiver_key: None, data: None }
}

#[test]
fn mp_capable_syn_v1() {
    let option = capable(1, CapableFlags::HMAC_SHA);
    holds(&[30, 4, 0x01, 0x01], MpOption::Capable(option), Subtype::MpCapable);
}

#[test]
fn mp_capable_syn_ack_v1_and_syn_v0_carry_one_key() {
    for version in [Version::V1, Version::V0] {
        let option = MpCapable {
            sender_key: Some(KEY_A),
            ..capable(version as u8, CapableFlags::CHECKSUM | CapableFlags::HMAC_SHA)
        };
        holds(&[30, 12, version as u8, 0x81, 1, 2, 3, 4, 5, 6, 7, 8], MpOption::Capable(option), Subtype::MpCapable);
    }
}

#[test]
fn mp_capable_ack_carries_both_keys() {
    for version in [Version::V1, Version::V0] {
        let option = MpCapable {
            sender_key: Some(KEY_A),
            receiver_key: Some(KEY_B),
            ..capable(version as u8, CapableFlags::DENY_JOIN_ID0 | CapableFlags::HMAC_SHA)
        };
        holds(
            &[30, 20, version as u8, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18],
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
        data: Some(CapableData { len: 0x0564, csum: None }),
        ..capable(1, CapableFlags::HMAC_SHA)
    };
    holds(
        &[30, 22, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x05, 0x64],
        MpOption::Capable(option),
        Subtype::MpCapable,
    );
}

#[test]
fn mp_capable_with_data_and_checksum() {
    let option = MpCapable {
        sender_key: Some(KEY_A),
        receiver_key: Some(KEY_B),
        data: Some(CapableData { len: 0x0564, csum: Some(0xbeef) }),
        ..capable(1, CapableFlags::CHECKSUM | CapableFlags::HMAC_SHA)
    };
    holds(
        &[
            30, 24, 0x01, 0x81, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x05, 0x64,
            0xbe, 0xef,
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
    holds(&[30, 4, 0x0e, 0x1e], MpOption::Capable(option), Subtype::MpCapable);
}

#[test]
fn mp_join_syn() {
    for backup in [false, true] {
        holds(
            &[30, 12, 0x10 | u8::from(backup), 7, 0xde, 0xad, 0xbe, 0xef, 0x0a, 0x0b, 0x0c, 0x0d],
            MpOption::Join(MpJoin::Syn { backup, addr_id: 7, token: 0xdead_beef, nonce: 0x0a0b_0c0d }),
            Subtype::MpJoin,
        );
    }
}

#[test]
fn mp_join_syn_ack() {
    for backup in [false, true] {
        holds(
            &[30, 16, 0x10 | u8::from(backup), 9, 1, 2, 3, 4, 5, 6, 7, 8, 0x0a, 0x0b, 0x0c, 0x0d],
            MpOption::Join(MpJoin::SynAck { backup, addr_id: 9, hmac: 0x0102_0304_0506_0708, nonce: 0x0a0b_0c0d }),
            Subtype::MpJoin,
        );
    }
}

#[test]
fn mp_join_ack() {
    holds(
        &[30, 24, 0x10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
        MpOption::Join(MpJoin::Ack { hmac: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20] }),
        Subtype::MpJoin,
    );
}
