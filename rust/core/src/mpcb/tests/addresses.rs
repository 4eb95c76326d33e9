//! The path manager at work: announcements that come, joins that begin.

use super::*;
use crate::config::{AddressList, LocalAddress};
use crate::crypto::add_addr_hmac;
use crate::output::SegOut;
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{AddAddr, AddAddrForm, AddrIds, CapableData, CapableFlags, MpCapable};
use std::string::{String, ToString};

/// The active opener, which the peer has answered.
fn active() -> Mpcb {
    let mut mpcb = opened(&Agreed { role: Role::Active, ..AGREED() }, 65_535);
    let ack = acks(&mpcb, 1);
    arrives(&mut mpcb, 1, 0, &[ack]);
    actions(&mut mpcb, NOW);
    mpcb
}

/// The peer's ADD_ADDR.
fn announced(mpcb: &Mpcb, id: u8, addr: &str) -> MpOption {
    let (theirs, ours) = (mpcb.agreed.remote.key, mpcb.agreed.local.key);
    let addr = addr.parse().unwrap();
    let hmac = add_addr_hmac(theirs, ours, id, addr, None);
    MpOption::AddAddr(AddAddr { addr_id: id, addr, port: None, form: AddAddrForm::Announce { hmac } })
}

/// The joins that begin now, by the addresses that they go to.
fn joins(mpcb: &mut Mpcb, now: Instant) -> Vec<String> {
    let opens =
        |action| if let Action::OpenSubflow { remote, .. } = action { Some(remote.ip().to_string()) } else { None };
    actions(mpcb, now).into_iter().filter_map(opens).collect()
}

#[test]
fn announcements_without_room_are_counted() {
    let mut mpcb = active();
    for id in 1..=20 {
        let add = announced(&mpcb, id, &std::format!("10.0.9.{id}"));
        arrives(&mut mpcb, 1, 0, &[add]);
    }
    assert_eq!((mpcb.stats.add_addr_received, mpcb.stats.refused_no_memory), (16, 4));
}

#[test]
fn announcements_of_addresses_that_nothing_can_join_are_counted() {
    let mut mpcb = active();
    for (id, addr) in [(1, "240.0.0.1"), (2, "0.1.2.3"), (3, "169.254.0.1")] {
        let add = announced(&mpcb, id, addr);
        arrives(&mut mpcb, 1, 0, &[add]);
    }
    assert_eq!((mpcb.stats.bad_options, mpcb.stats.add_addr_received), (3, 0));
    assert_eq!(joins(&mut mpcb, NOW).len(), 0);
}

#[test]
fn a_join_without_memory_begins_a_little_later() {
    let mut mpcb = active();
    let mut list = AddressList::EMPTY;
    list.push(LocalAddress { addr: "10.0.1.1".parse().unwrap(), backup: false }).unwrap();
    mpcb.addresses_changed(&list, NOW).unwrap();
    mpcb.pool.refuse_nth(0);
    assert_eq!(joins(&mut mpcb, NOW).len(), 0);
    for _ in 0..3 {
        assert_eq!(joins(&mut mpcb, NOW).len(), 0, "again at once");
    }
    let at = mpcb.next_timer().unwrap();
    assert!(at > NOW);
    mpcb.on_timer(at);
    assert_eq!(joins(&mut mpcb, at).len(), 1);
}

#[test]
fn the_first_address_is_not_joined_from_others_once_it_was_removed() {
    let mut mpcb = active();
    arrives(&mut mpcb, 1, 0, &[MpOption::RemoveAddr(AddrIds::from_slice(&[0]).unwrap())]);
    let mut list = AddressList::EMPTY;
    list.push(LocalAddress { addr: "10.0.1.1".parse().unwrap(), backup: false }).unwrap();
    mpcb.addresses_changed(&list, NOW).unwrap();
    assert_eq!(joins(&mut mpcb, NOW).len(), 0);
    let add = announced(&mpcb, 9, "10.0.1.9");
    arrives(&mut mpcb, 1, 0, &[add]);
    let to = joins(&mut mpcb, NOW);
    assert!(!to.is_empty() && to.iter().all(|to| to == "10.0.1.9"), "{to:?}");
}

/// The first data of v1's opener comes with MP_CAPABLE, after the third ACK too.
#[test]
fn flags_count_on_first_data_as_well() {
    for (flags, bad) in [(CapableFlags::HMAC_SHA, 0), (CapableFlags::HMAC_SHA | CapableFlags::EXTENSIBILITY, 1)] {
        let mut mpcb = passive();
        let (sender_key, receiver_key) = (Some(mpcb.agreed.remote.key), Some(mpcb.agreed.local.key));
        let data = Some(CapableData { len: 100, csum: None });
        arrives(
            &mut mpcb,
            1,
            100,
            &[MpOption::Capable(MpCapable { version: 1, flags, sender_key, receiver_key, data })],
        );
        assert_eq!(mpcb.stats.bad_options, bad, "{flags:?}");
        // Without a mapping, the first data makes it plain TCP.
        mpcb.mp_do_reass(SF, 100, NOW);
        assert_eq!(mpcb.fallback_reason().is_some(), bad == 1, "{flags:?}");
    }
}

#[test]
fn mp_prio_names_the_address_in_v0_only() {
    for (version, addr_id) in [(Version::V0, Some(0)), (Version::V1, None)] {
        let mut mpcb = opened(&Agreed { version, ..AGREED() }, 65_535);
        mpcb.set_backup(SF, true);
        let Some(MpOption::Prio(prio)) = mpcb.get(SF).unwrap().pending.prio else { panic!("no MP_PRIO") };
        assert_eq!((prio.backup, prio.addr_id), (true, addr_id), "{version:?}");
    }
}

#[test]
fn an_echo_is_no_announcement_of_ours() {
    let mut mpcb = active();
    let add = announced(&mpcb, 1, "10.0.9.1");
    arrives(&mut mpcb, 1, 0, &[add]);
    actions(&mut mpcb, NOW);
    let is_echo = |signal| matches!(signal, Some(MpOption::AddAddr(AddAddr { form: AddAddrForm::Echo, .. })));
    assert!(is_echo(mpcb.get(SF).unwrap().pending.signal));
    assert_eq!(mpcb.stats.add_addr_sent, 0);

    let mut mpcb = passive();
    let ack = acks(&mpcb, 1);
    arrives(&mut mpcb, 1, 0, &[ack]);
    let map = mapping(&mpcb, 1, 10);
    arrives(&mut mpcb, 1, 10, &[map]);
    let mut list = AddressList::EMPTY;
    list.push(LocalAddress { addr: "10.0.1.1".parse().unwrap(), backup: false }).unwrap();
    mpcb.addresses_changed(&list, NOW).unwrap();
    actions(&mut mpcb, NOW);
    assert_eq!(mpcb.stats.add_addr_sent, 1);
}

/// C says that the address that the connection was opened with takes no joins; v0 has no such flag.
#[test]
fn deny_join_id0_is_said_in_v1_only() {
    for (version, configured, said) in
        [(Version::V1, true, true), (Version::V1, false, false), (Version::V0, true, false)]
    {
        let mut mpcb = opened(&Agreed { version, role: Role::Active, ..AGREED() }, 65_535);
        mpcb.cfg.deny_join_id0 = configured;
        let mut tx = mpcb.subflow_tx(SF).unwrap();
        let flags = SegFlags { ack: true, ..SegFlags::default() };
        let mut area = [0; 40];
        let used = tx.options(&SegOut { ssn: 1, len: 0, flags }, 40, &mut area);
        let first = mptcp_options(&area[..used]).next();
        let Some(Ok(MpOption::Capable(capable))) = first else { panic!("{first:?}") };
        let has = capable.flags.contains(CapableFlags::DENY_JOIN_ID0);
        assert_eq!(has, said, "{version:?}, configured {configured}");
    }
}
