//! Which options leave on which segment, and what fits.

use super::*;
use crate::pool::Pool;
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{AddAddr, AddAddrForm, DataSeq, Dss, MpFail, MpJoin, MpTcpRst, RstReason};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::vec::Vec;

const IDSN: u64 = 0x1234_5678_9abc_def0;
const PEER: u64 = 0xfedc_ba98_7654_3210;

fn state(phase: Phase) -> TxState {
    TxState {
        phase,
        version: Version::V1,
        local_idsn: IDSN,
        remote_idsn: PEER,
        checksum: false,
        data_ack: 5,
        long_ack: true,
        long_dsn: true,
        fin: None,
        infinite: None,
        fail: None,
        reset: None,
        acked: 1,
        keep_data_ack: false,
    }
}

fn tx(state: TxState, maps: &[DsMap]) -> SubflowTx {
    let mut pool = Pool::new(1 << 20);
    let mut tx = SubflowTx::new(state);
    for map in maps {
        tx.reserve(&mut pool).unwrap();
        assert!(tx.push(*map));
    }
    tx
}

fn map(ssn: u64, doff: u64, len: u32, csum: Option<u16>) -> DsMap {
    DsMap { ssn, doff, len, csum }
}

fn build(tx: &mut SubflowTx, ssn: u32, len: u32, room: usize) -> Vec<MpOption> {
    let mut out = [0xaa; 40];
    let flags = SegFlags { ack: true, ..SegFlags::default() };
    let used = tx.options(&SegOut { ssn, len, flags }, room, &mut out);
    assert!(used <= room && used.is_multiple_of(4));
    assert!(out[used..].iter().all(|byte| *byte == 0xaa), "written beyond what was said");
    mptcp_options(&out[..used]).map(Result::unwrap).collect()
}

fn dss(options: &[MpOption]) -> Dss {
    match options {
        [MpOption::Dss(dss), ..] => *dss,
        other => panic!("no DSS first: {other:?}"),
    }
}

fn announcement(v6: bool) -> MpOption {
    let addr = if v6 { IpAddr::V6(Ipv6Addr::LOCALHOST) } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
    MpOption::AddAddr(AddAddr { addr_id: 1, addr, port: None, form: AddAddrForm::Announce { hmac: 7 } })
}

#[test]
fn every_width_of_dss_is_what_the_maps_say_and_fits_beside_timestamps() {
    for (long_ack, long_dsn, csum) in
        [(false, false, None), (true, false, Some(9)), (false, true, None), (true, true, Some(9))]
    {
        let state = TxState { long_ack, long_dsn, checksum: csum.is_some(), ..state(Phase::Established) };
        let mut tx = tx(state, &[map(1, 11, 100, csum), map(101, 500, 50, csum)]);
        for (ssn, start, doff, len) in [(1, 1, 11, 100), (60, 1, 11, 100), (101, 101, 500, 50)] {
            let dss = dss(&build(&mut tx, ssn, 10, 28));
            let sent = dss.map.unwrap();
            assert_eq!(
                (sent.dsn, sent.ssn, sent.len, sent.csum),
                (seq::wire_dsn(doff, IDSN, long_dsn), start, len, csum)
            );
            assert_eq!(dss.data_ack, Some(seq::wire_dsn(5, PEER, long_ack)));
            assert!(!dss.data_fin);
        }
        assert!(tx.data_option_len() <= 28);
    }
}

#[test]
fn the_mapping_goes_before_the_data_ack_where_room_is_short() {
    let mut tx = tx(state(Phase::Established), &[map(1, 1, 100, None)]);
    let dss = dss(&build(&mut tx, 1, 100, 20));
    assert!(dss.map.is_some() && dss.data_ack.is_none());
    assert_eq!(build(&mut tx, 1, 100, 8), []);
}

#[test]
fn clip_never_crosses_a_map() {
    let plain = tx(state(Phase::Established), &[map(1, 1, 100, None), map(101, 101, 50, None)]);
    assert_eq!(plain.clip(1, 1000), 100);
    assert_eq!(plain.clip(90, 1000), 11);
    assert_eq!(plain.clip(101, 20), 20);
    assert_eq!(plain.clip(151, 20), 20, "unmapped");
}

#[test]
fn clip_separates_what_lies_below_an_infinite_mapping_from_what_it_covers() {
    // Maps that are gone already: only the place of the infinite mapping is known.
    let plain = tx(TxState { infinite: Some((101, 301)), ..state(Phase::Fallback) }, &[]);
    assert_eq!(plain.clip(1, 1000), 100);
    assert_eq!(plain.clip(51, 20), 20);
    assert_eq!(plain.clip(100, 1000), 1);
    assert_eq!(plain.clip(101, 1000), 1000);
    assert_eq!(tx(state(Phase::Fallback), &[]).clip(1, 1000), 1000);
}

#[test]
fn a_data_fin_rides_on_segments_without_payload() {
    let state = TxState { fin: Some(301), checksum: true, ..state(Phase::Established) };
    let mut tx = tx(state, &[map(1, 201, 100, Some(1))]);
    let on_ack = dss(&build(&mut tx, 101, 0, 40));
    let sent = on_ack.map.unwrap();
    assert!(on_ack.data_fin);
    assert_eq!((sent.dsn, sent.ssn, sent.len), (DataSeq::Long(IDSN.wrapping_add(301)), 0, 1));
    assert!(sent.csum.is_some());
    assert!(!dss(&build(&mut tx, 1, 100, 40)).data_fin);
}

#[test]
fn mp_capable_until_the_peer_confirms() {
    let phase = Phase::CapableAck { local: Key(1), remote: Key(2), deny_join_id0: true };
    let mut first = tx(state(phase), &[map(1, 1, 100, None)]);
    for (len, data) in [(0, None), (50, Some(100))] {
        let options = build(&mut first, 1, len, 28);
        let [MpOption::Capable(capable)] = options[..] else {
            panic!("no MP_CAPABLE: {options:?}");
        };
        assert_eq!((capable.sender_key, capable.receiver_key), (Some(Key(1)), Some(Key(2))));
        assert_eq!(capable.data.map(|data| u32::from(data.len)), data);
    }
    // Behind the first segment the mapping is in a DSS.
    assert_eq!(dss(&build(&mut first, 51, 50, 28)).map.unwrap().len, 100);
    // v0 has no data in MP_CAPABLE.
    first.state.version = Version::V0;
    assert!(dss(&build(&mut first, 1, 50, 28)).map.is_some());
}

#[test]
fn a_data_fin_takes_turns_with_mp_capable() {
    let phase = Phase::CapableAck { local: Key(1), remote: Key(2), deny_join_id0: false };
    let mut tx = tx(TxState { fin: Some(1), ..state(phase) }, &[]);
    for _ in 0..3 {
        assert!(matches!(build(&mut tx, 1, 0, 40)[..], [MpOption::Capable(_)]));
        assert!(dss(&build(&mut tx, 1, 0, 40)).data_fin);
    }
}

#[test]
fn a_signal_leaves_once_on_an_ack_beside_the_dss_or_instead_of_it() {
    for (v6, room, beside) in [(false, 40, true), (false, 28, true), (true, 40, true), (true, 28, false)] {
        let mut tx = tx(state(Phase::Established), &[map(1, 1, 10, None)]);
        tx.signal = Some(announcement(v6));
        assert_eq!(build(&mut tx, 1, 10, 40).len(), 1, "not on data");
        let options = build(&mut tx, 11, 0, room);
        assert_eq!(options.len(), if beside { 2 } else { 1 }, "v6 {v6} room {room}: {options:?}");
        assert_eq!(options.last(), Some(&announcement(v6)));
        assert!(tx.signal_sent && tx.signal.is_none());
        assert!(matches!(build(&mut tx, 11, 0, room)[..], [MpOption::Dss(_)]));
    }
}

#[test]
fn joins_send_their_option_and_no_data() {
    let third = MpOption::Join(MpJoin::Ack { hmac: [3; 20] });
    let mut tx = tx(state(Phase::JoinAck(third)), &[]);
    assert!(tx.holds_data());
    assert_eq!(build(&mut tx, 1, 0, 28), [third]);
    let syn = MpOption::Join(MpJoin::Syn { backup: false, addr_id: 1, token: 2, nonce: 3 });
    tx.state.phase = Phase::JoinSyn(syn);
    let mut out = [0; 40];
    let flags = SegFlags { syn: true, ..SegFlags::default() };
    let used = tx.options(&SegOut { ssn: 0, len: 0, flags }, 20, &mut out);
    assert_eq!(mptcp_options(&out[..used]).map(Result::unwrap).collect::<Vec<_>>(), [syn]);
}

#[test]
fn a_reset_says_why() {
    let rst = MpOption::TcpRst(MpTcpRst { transient: true, reason: RstReason::MIDDLEBOX });
    let fail = MpOption::Fail(MpFail { dsn: 9 });
    let mut tx = tx(TxState { reset: Some(rst), fail: Some(fail), ..state(Phase::Established) }, &[]);
    let mut out = [0; 40];
    let flags = SegFlags { rst: true, ..SegFlags::default() };
    let used = tx.options(&SegOut { ssn: 1, len: 0, flags }, 40, &mut out);
    assert_eq!(mptcp_options(&out[..used]).map(Result::unwrap).collect::<Vec<_>>(), [fail, rst]);
}

#[test]
fn fallback_is_silent_but_for_the_infinite_mapping() {
    let mut quiet = tx(state(Phase::Fallback), &[]);
    assert_eq!(build(&mut quiet, 1, 10, 40), []);
    assert_eq!(build(&mut quiet, 1, 0, 40), []);
    assert_eq!(quiet.data_option_len(), 0);
    for (checksum, csum) in [(false, None), (true, Some(0))] {
        let state = TxState { infinite: Some((101, 301)), checksum, ..state(Phase::Fallback) };
        let mut tx = tx(state, &[map(1, 201, 100, csum), map(101, 301, 100, csum)]);
        assert!(tx.data_option_len() > 0);
        let old = dss(&build(&mut tx, 1, 100, 28));
        assert_eq!(old.map.unwrap().len, 100);
        let infinite = dss(&build(&mut tx, 101, 100, 28)).map.unwrap();
        assert_eq!((infinite.dsn, infinite.ssn), (DataSeq::Long(IDSN.wrapping_add(301)), 101));
        assert_eq!((infinite.len, infinite.csum), (0, csum));
    }
    let fail = MpOption::Fail(MpFail { dsn: 9 });
    let mut told = tx(TxState { fail: Some(fail), keep_data_ack: true, ..state(Phase::Fallback) }, &[]);
    assert!(matches!(build(&mut told, 1, 0, 40)[..], [MpOption::Dss(Dss { map: None, .. }), MpOption::Fail(_)]));
}

#[test]
fn a_syn_outside_of_a_join_carries_nothing() {
    let capable = Phase::CapableAck { local: Key(1), remote: Key(2), deny_join_id0: false };
    for phase in [capable, Phase::Established, Phase::Fallback] {
        let mut tx = tx(state(phase), &[]);
        let flags = SegFlags { syn: true, ack: true, ..SegFlags::default() };
        let mut out = [0; 40];
        assert_eq!(tx.options(&SegOut { ssn: 0, len: 0, flags }, 40, &mut out), 0, "{phase:?}");
    }
}

#[test]
fn no_payload_carries_a_data_fin_of_its_own() {
    let mut tx = tx(TxState { fin: Some(101), ..state(Phase::Established) }, &[map(1, 1, 100, None)]);
    let unmapped = dss(&build(&mut tx, 101, 10, 40));
    assert!(!unmapped.data_fin && unmapped.map.is_none());
}
