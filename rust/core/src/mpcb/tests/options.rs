//! Options at the wrong time, of the wrong form, or from somebody else.

use super::*;
use crate::crypto::add_addr_hmac;
use mptcp_wire::{
    AddAddr, AddAddrForm, AddrIds, CapableData, CapableFlags, MpCapable, MpFastClose, MpJoin, MpPrio, MpTcpRst,
    RstReason,
};

/// A segment without payload behind the first 100 bytes, with these options in its header.
fn raw(mpcb: &mut Mpcb, flags: SegFlags, options: &[u8]) {
    let seg = SegIn { ssn: 101, len: 0, ack: 1, window: 65_535, flags };
    mpcb.segment_in(SF, &seg, options, NOW);
}

fn comes_with(mpcb: &mut Mpcb, flags: SegFlags, option: &MpOption) {
    let mut area = [0; 40];
    let used = option.emit(&mut area).unwrap();
    raw(mpcb, flags, &area[..used]);
}

const ACK: SegFlags = SegFlags { syn: false, ack: true, fin: false, rst: false };
const RST: SegFlags = SegFlags { rst: true, ..ACK };

/// Acknowledgements without DSS made us fall back in mid-connection.
fn fell_back() -> Mpcb {
    let mut mpcb = mapped();
    mpcb.fall_back(SF, FallbackReason::NoDss, NOW);
    actions(&mut mpcb, NOW);
    mpcb
}

fn announcement(mpcb: &Mpcb) -> AddAddr {
    let addr = "10.0.9.1".parse().unwrap();
    let hmac = add_addr_hmac(mpcb.agreed.remote.key, mpcb.agreed.local.key, 3, addr, None);
    AddAddr { addr_id: 3, addr, port: None, form: AddAddrForm::Announce { hmac } }
}

#[test]
fn after_a_fallback_only_the_end_of_the_connection_is_heeded() {
    let mut mpcb = fell_back();
    for option in [
        MpOption::AddAddr(announcement(&mpcb)),
        MpOption::RemoveAddr(AddrIds::from_slice(&[0]).unwrap()),
        MpOption::Prio(MpPrio { backup: true, addr_id: None }),
        MpOption::Join(MpJoin::Ack { hmac: [0; 20] }),
    ] {
        comes_with(&mut mpcb, ACK, &option);
    }
    let stats = *mpcb.stats();
    assert_eq!((stats.add_addr_received, stats.remove_addr_received, stats.prio_received), (0, 0, 0));
    assert_eq!((mpcb.subflow_state(SF), mpcb.ended()), (Some(SubflowState::Established), None));
    assert!(!mpcb.subflow_info(SF).unwrap().peer_backup);

    // A DSS that is cut short.
    raw(&mut mpcb, ACK, &[30, 4, 0x20, 0x04]);
    assert_eq!(mpcb.stats().bad_options, 1);
    let receiver_key = Key(mpcb.agreed.local.key.0 ^ 1);
    comes_with(&mut mpcb, ACK, &MpOption::FastClose(MpFastClose { receiver_key }));
    assert_eq!((mpcb.stats().bad_options, mpcb.stats().fastclose_received, mpcb.ended()), (2, 0, None));
    let receiver_key = mpcb.agreed.local.key;
    comes_with(&mut mpcb, ACK, &MpOption::FastClose(MpFastClose { receiver_key }));
    assert_eq!((mpcb.stats().fastclose_received, mpcb.ended()), (1, Some(ConnError::Reset)));
}

#[test]
fn mp_tcprst_counts_on_a_rst_only_before_and_after_a_fallback() {
    let rst = MpOption::TcpRst(MpTcpRst { transient: false, reason: RstReason::PROHIBITED });
    for mut mpcb in [mapped(), fell_back()] {
        comes_with(&mut mpcb, ACK, &rst);
        assert_eq!((mpcb.stats().rst_received, mpcb.get(SF).unwrap().refused_for_good), (0, false));
        comes_with(&mut mpcb, RST, &rst);
        assert_eq!((mpcb.stats().rst_received, mpcb.get(SF).unwrap().refused_for_good), (1, true));
    }
}

#[test]
fn an_address_that_somebody_else_announces_is_counted_and_not_taken() {
    let mut mpcb = mapped();
    let right = announcement(&mpcb);
    let AddAddrForm::Announce { hmac } = right.form else { panic!() };
    // A wrong HMAC, and the form of v0, which has none.
    for form in [AddAddrForm::Announce { hmac: hmac ^ 1 }, AddAddrForm::V0] {
        comes_with(&mut mpcb, ACK, &MpOption::AddAddr(AddAddr { form, ..right }));
    }
    assert_eq!((mpcb.stats().bad_hmacs, mpcb.stats().add_addr_received), (2, 0));
    comes_with(&mut mpcb, ACK, &MpOption::AddAddr(right));
    assert_eq!((mpcb.stats().bad_hmacs, mpcb.stats().add_addr_received), (2, 1));
}

#[test]
fn a_handshake_option_in_mid_connection_is_a_bad_one() {
    let mut mpcb = mapped();
    let token = mpcb.agreed.local.token;
    let syn = MpJoin::Syn { backup: false, addr_id: 5, token, nonce: 1 };
    let syn_ack = MpJoin::SynAck { backup: false, addr_id: 5, hmac: 0, nonce: 1 };
    for (n, join) in [syn, syn_ack].into_iter().enumerate() {
        comes_with(&mut mpcb, ACK, &MpOption::Join(join));
        assert_eq!(mpcb.stats().bad_options, 1 + n as u64);
    }
    comes_with(&mut mpcb, ACK, &MpOption::Experimental);
    assert_eq!(mpcb.stats().bad_options, 2, "private use");
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Established));
}

#[test]
fn a_checksum_that_was_not_agreed_or_a_missing_one_breaks_the_subflow() {
    for (checksum, csum) in [(true, None), (false, Some(0))] {
        let mut mpcb = opened(&Agreed { checksum, ..AGREED() }, 65_535);
        let map = Some(DssMap { dsn: wire_dsn(1, mpcb.agreed.remote.idsn, true), ssn: 1, len: 100, csum });
        arrives(&mut mpcb, 1, 100, &[MpOption::Dss(Dss { data_ack: None, map, data_fin: false })]);
        assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting), "DSS, agreed {checksum}");

        let mut mpcb = opened(&Agreed { checksum, ..AGREED() }, 65_535);
        let capable = MpOption::Capable(MpCapable {
            version: 1,
            flags: CapableFlags::HMAC_SHA,
            sender_key: Some(mpcb.agreed.remote.key),
            receiver_key: Some(mpcb.agreed.local.key),
            data: Some(CapableData { len: 100, csum }),
        });
        arrives(&mut mpcb, 1, 100, &[capable]);
        assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting), "MP_CAPABLE, agreed {checksum}");
        assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Discard { len: 100 });
    }
}

#[test]
fn an_infinite_map_counts_with_data_and_where_it_says_what_came_before() {
    let mut mpcb = mapped();
    let infinite = mapping(&mpcb, 101, 0);
    arrives(&mut mpcb, 101, 0, &[infinite]);
    assert_eq!((mpcb.stats().bad_options, mpcb.fallback_reason()), (1, None), "nothing to map");
    let dsn = wire_dsn(51, mpcb.agreed.remote.idsn, true);
    let other =
        MpOption::Dss(Dss { data_ack: None, map: Some(DssMap { dsn, ssn: 101, len: 0, csum: None }), data_fin: false });
    arrives(&mut mpcb, 101, 100, &[other]);
    assert_eq!((mpcb.subflow_state(SF), mpcb.fallback_reason()), (Some(SubflowState::Resetting), None));
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Discard { len: 100 });

    let mut mpcb = mapped();
    arrives(&mut mpcb, 101, 100, &[infinite]);
    assert_eq!(mpcb.fallback_reason(), Some(FallbackReason::PeerFailed));
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { skip: 0, len: 100, cut: 0 });
}

#[test]
fn of_two_maps_that_contradict_each_other_the_first_holds() {
    let mut mpcb = mapped();
    let first = mapping(&mpcb, 101, 100);
    arrives(&mut mpcb, 151, 50, &[first]);
    let lie = Some(DssMap { dsn: wire_dsn(90, mpcb.agreed.remote.idsn, true), ssn: 101, len: 100, csum: None });
    arrives(&mut mpcb, 101, 50, &[MpOption::Dss(Dss { data_ack: None, map: lie, data_fin: false })]);
    assert_eq!(mpcb.stats().maps_conflicting, 1);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { skip: 0, len: 100, cut: 0 });
}

#[test]
fn bytes_whose_only_map_contradicts_another_break_the_subflow_after_a_while() {
    let mut mpcb = opened(&Agreed { checksum: true, ..AGREED() }, 65_535);
    // Checksums cover whole maps, and these overlap: half of the second one cannot be verified.
    for (ssn, len) in [(51, 50), (1, 100)] {
        let dsn = wire_dsn(u64::from(ssn), mpcb.agreed.remote.idsn, true);
        let map = Some(DssMap { dsn, ssn, len, csum: Some(1) });
        arrives(&mut mpcb, ssn, 50, &[MpOption::Dss(Dss { data_ack: None, map, data_fin: false })]);
    }
    assert_eq!(mpcb.stats().maps_conflicting, 1);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Wait);
    let at = mpcb.next_timer().expect("they wait for ever");
    mpcb.on_timer(at);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting));
    assert_eq!(mpcb.mp_do_reass(SF, 100, at), RxStep::Discard { len: 100 });
    let why = MpOption::TcpRst(MpTcpRst { transient: true, reason: RstReason::MPTCP_ERROR });
    assert_eq!(mpcb.subflow_tx(SF).unwrap().state.reset, Some(why));
}
