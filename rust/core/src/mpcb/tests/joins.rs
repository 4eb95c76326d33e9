//! MP_JOIN, opened by the peer and by us: what is verified, counted and remembered, and what it brings back.

use super::*;
use crate::config::{AddressList, Backoff, LocalAddress};
use crate::crypto::join_hmac;
use crate::error::JoinRefusal;
use crate::mpcb::timer::Timer;
use crate::rng::SeededRng;
use core::net::SocketAddr;
use mptcp_wire::{AddrIds, MpJoin, MpTcpRst, RstReason};

const PEER_NONCE: u32 = 0x1122_3344;

pub(super) fn emitted(option: &MpOption) -> ([u8; 40], usize) {
    let mut area = [0; 40];
    let used = option.emit(&mut area).unwrap();
    (area, used)
}

fn local() -> SocketAddr {
    "10.0.0.1:1".parse().unwrap()
}

/// The peer's SYN with MP_JOIN from its address `id`.
pub(super) fn syn(mpcb: &mut Mpcb, id: u8) -> Result<JoinRequest, JoinRefusal> {
    let token = mpcb.agreed.local.token;
    let (area, used) = emitted(&MpOption::Join(MpJoin::Syn { backup: false, addr_id: id, token, nonce: PEER_NONCE }));
    let remote = SocketAddr::from(([10, 0, 1, id], 7));
    mpcb.join_syn(&area[..used], local(), remote, &mut SeededRng::new(3))
}

/// The peer's third ACK to our SYN/ACK.
pub(super) fn third_ack(mpcb: &Mpcb, request: &JoinRequest) -> MpOption {
    let MpOption::Join(MpJoin::SynAck { nonce, .. }) = request.syn_ack_option() else { panic!("no MP_JOIN") };
    let (ours, theirs) = (mpcb.agreed.local.key, mpcb.agreed.remote.key);
    let hmac = join_hmac(mpcb.agreed.version, theirs, ours, PEER_NONCE, nonce).trunc160();
    MpOption::Join(MpJoin::Ack { hmac })
}

/// A passive opener whose peer has joined from its address 5; the option of the third ACK.
fn joined() -> (Mpcb, SubflowId, MpOption) {
    let mut mpcb = mapped();
    let request = syn(&mut mpcb, 5).unwrap();
    let ack = third_ack(&mpcb, &request);
    let (area, used) = emitted(&ack);
    let sf = mpcb.join_third_ack(&request, &area[..used], NOW).unwrap();
    (mpcb, sf, ack)
}

#[test]
fn a_joined_subflow_goes_with_the_address_that_its_syn_named() {
    let (mut mpcb, sf, _) = joined();
    assert_eq!(mpcb.subflow_info(sf).unwrap().remote_id, 5);
    arrives(&mut mpcb, 101, 0, &[MpOption::RemoveAddr(AddrIds::from_slice(&[5]).unwrap())]);
    assert_ne!(mpcb.subflow_state(sf), None);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Established));
}

#[test]
fn a_third_ack_that_comes_again_is_answered_again() {
    let (mut mpcb, sf, ack) = joined();
    assert_eq!(told(&mut mpcb), [sf], "the fourth packet");
    comes(&mut mpcb, sf, (1, 0, 1), &[ack], NOW);
    assert_eq!(told(&mut mpcb), [sf]);
    // One that we opened ourselves owes no such answer.
    mpcb.get_mut(sf).unwrap().ends.initiator = true;
    comes(&mut mpcb, sf, (1, 0, 1), &[ack], NOW);
    assert_eq!(told(&mut mpcb), []);
}

#[test]
fn max_subflows_bounds_the_joins_of_the_peer() {
    let mut mpcb = mapped();
    mpcb.cfg.max_subflows = 2;
    let request = syn(&mut mpcb, 5).unwrap();
    join(&mut mpcb);
    assert_eq!(syn(&mut mpcb, 6), Err(JoinRefusal::NoResources));
    let (area, used) = emitted(&third_ack(&mpcb, &request));
    assert_eq!(
        mpcb.join_third_ack(&request, &area[..used], NOW),
        Err(JoinRefusal::NoResources),
        "the last place is taken"
    );
    assert_eq!(mpcb.stats.joins_failed, 1, "its peer had proved who it is");
    // One that is being reset leaves its place.
    mpcb.reset_subflow(SF, RstReason::UNSPECIFIED, true);
    assert!(syn(&mut mpcb, 6).is_ok());
}

/// An active opener that has begun a join from 10.0.1.1.
fn joining() -> (Mpcb, SubflowId) {
    let mut mpcb = opened(&Agreed { role: Role::Active, ..AGREED() }, 65_535);
    let ack = acks(&mpcb, 1);
    arrives(&mut mpcb, 1, 0, &[ack]);
    let mut list = AddressList::EMPTY;
    list.push(LocalAddress { addr: "10.0.1.1".parse().unwrap(), backup: false }).unwrap();
    mpcb.addresses_changed(&list, NOW).unwrap();
    let opens = opens(&mut mpcb, NOW);
    assert_eq!(opens.len(), 1);
    (mpcb, opens[0])
}

fn opens(mpcb: &mut Mpcb, now: Instant) -> Vec<SubflowId> {
    polled(mpcb, now, |action| if let Action::OpenSubflow { sf, .. } = action { Some(sf) } else { None })
}

/// Joins that begin within an hour.
fn opens_later(mpcb: &mut Mpcb) -> usize {
    let mut opened = 0;
    while let Some(at) = mpcb.next_timer().filter(|at| *at < NOW + Duration::from_secs(3600)) {
        mpcb.on_timer(at);
        opened += opens(mpcb, at).len();
        if opened > 0 {
            break;
        }
    }
    opened
}

/// A SYN/ACK to our join, with these options.
fn answered(mpcb: &mut Mpcb, sf: SubflowId, option: &[MpOption]) -> SegVerdict {
    let (mut area, mut used) = ([0; 40], 0);
    for option in option {
        used += option.emit(&mut area[used..]).unwrap();
    }
    let flags = SegFlags { syn: true, ack: true, ..SegFlags::default() };
    mpcb.segment_in(sf, &SegIn { ssn: 0, len: 0, ack: 1, window: 65_535, flags }, &area[..used], NOW)
}

#[test]
fn only_a_wrong_hmac_is_counted_as_one() {
    let wrong = MpOption::Join(MpJoin::SynAck { backup: false, addr_id: 0, hmac: 1, nonce: 2 });
    for (option, bad_hmacs) in [(&[wrong][..], 1), (&[], 0)] {
        let (mut mpcb, sf) = joining();
        assert_eq!(answered(&mut mpcb, sf, option), SegVerdict::Drop);
        assert_eq!(mpcb.subflow_state(sf), Some(SubflowState::Resetting));
        assert_eq!(mpcb.stats.bad_hmacs, bad_hmacs);
    }
}

/// The subflow that we opened works.
fn established() -> (Mpcb, SubflowId) {
    let (mut mpcb, sf) = joining();
    mpcb.join_confirmed(sf, NOW);
    actions(&mut mpcb, NOW);
    (mpcb, sf)
}

#[test]
fn a_subflow_that_was_reset_is_opened_again_unless_it_is_prohibited_for_good() {
    for (rst, again) in [
        (None, 1),
        (Some((RstReason::PROHIBITED, true)), 1),
        (Some((RstReason::UNSPECIFIED, false)), 1),
        (Some((RstReason::PROHIBITED, false)), 0),
    ] {
        let (mut mpcb, sf) = established();
        let option = rst.map(|(reason, transient)| MpOption::TcpRst(MpTcpRst { transient, reason }));
        let (area, used) = option.as_ref().map_or(([0; 40], 0), emitted);
        let flags = SegFlags { ack: true, rst: true, ..SegFlags::default() };
        mpcb.segment_in(sf, &SegIn { ssn: 1, len: 0, ack: 1, window: 0, flags }, &area[..used], NOW);
        mpcb.subflow_closed(sf, SubflowEnd::Reset, NOW);
        assert_eq!(opens(&mut mpcb, NOW), [], "not at once");
        assert_eq!(opens_later(&mut mpcb), again, "{rst:?}");
    }
}

#[test]
fn a_subflow_that_was_closed_in_order_is_not_opened_again() {
    for (end, again) in [(SubflowEnd::Fin, 0), (SubflowEnd::Timeout, 1)] {
        let (mut mpcb, sf) = established();
        mpcb.subflow_closed(sf, end, NOW);
        assert_eq!(opens_later(&mut mpcb), again, "{end:?}");
    }
}

/// The peer joins: SYN and third ACK.
fn peer_joins(mpcb: &mut Mpcb, now: Instant) {
    let request = syn(mpcb, 2).unwrap();
    let (area, used) = emitted(&third_ack(mpcb, &request));
    mpcb.join_third_ack(&request, &area[..used], now).unwrap();
}

/// Our own join is confirmed.
fn we_join(mpcb: &mut Mpcb, now: Instant) {
    let sf = join(mpcb);
    mpcb.get_mut(sf).unwrap().state = SubflowState::JoinAckSent;
    mpcb.join_confirmed(sf, now);
}

#[test]
fn a_join_ends_the_back_off_of_the_data_level_timeout() {
    for joins in [peer_joins, we_join] {
        let mut mpcb = mapped();
        mpcb.subflow_metrics(SF, &metrics(10));
        mpcb.snd_append(1000, NOW);
        maps(&mut mpcb, SF, 1000, NOW).unwrap();
        let mut now = NOW;
        // Every path is gone: the timeouts double.
        while mpcb.recovery.silent() < 10 {
            now = mpcb.next_timer().unwrap().max(now + Duration::from_millis(1));
            mpcb.on_timer(now);
            actions(&mut mpcb, now);
        }
        assert!(mpcb.timers.at(Timer::DataRto).unwrap() > now + Duration::from_secs(30), "it had backed off");
        joins(&mut mpcb, now);
        let due = mpcb.timers.at(Timer::DataRto).unwrap();
        assert!(due <= now + Duration::from_millis(300), "the next one comes in {:?}", due - now);
        // The handshake has shown that the peer lives: the next timeouts, quick as they are, do not end the connection.
        for _ in 0..3 {
            now = mpcb.timers.at(Timer::DataRto).unwrap();
            mpcb.on_timer(now);
        }
        assert_eq!(mpcb.ended(), None);
    }
}

/// RFC 8684 section 3.2: the third ACK is repeated until the fourth packet comes.
#[test]
fn the_third_ack_is_repeated_as_join_ack_timeout_says() {
    let (mut mpcb, sf) = joining();
    let join_ack = Backoff { initial: Duration::from_millis(500), cap: Duration::from_secs(1), retries: 3 };
    mpcb.cfg.timers.join_ack = join_ack;
    let (mut area, agreed) = ([0; 40], mpcb.agreed);
    let Some(MpOption::Join(MpJoin::Syn { nonce: ours, .. })) =
        mpcb.get(sf).unwrap().joining.map(|joining| joining.syn_option(&agreed))
    else {
        panic!("no MP_JOIN")
    };
    let hmac = join_hmac(agreed.version, agreed.remote.key, agreed.local.key, PEER_NONCE, ours).trunc64();
    let answer = MpOption::Join(MpJoin::SynAck { backup: false, addr_id: 0, hmac, nonce: PEER_NONCE });
    answer.emit(&mut area).unwrap();
    assert_eq!(answered(&mut mpcb, sf, &[answer]), SegVerdict::Continue);
    assert_eq!(told(&mut mpcb), [sf], "the third ACK");
    let mut sent = Vec::new();
    while mpcb.subflow_state(sf) == Some(SubflowState::JoinAckSent) {
        let at = mpcb.next_timer().unwrap();
        mpcb.on_timer(at);
        if polled(&mut mpcb, at, |action| if let Action::SendAck(sf) = action { Some(sf) } else { None }) == [sf] {
            sent.push((at - NOW).as_millis());
        }
    }
    assert_eq!(sent, [500, 1500, 2500]);
    assert_eq!(mpcb.subflow_state(sf), Some(SubflowState::Resetting), "the fourth packet never came");
}
