//! Joins of the peer that are refused: who may not join, what is counted, and what stays as it was.

use super::*;
use crate::crypto::join_hmac;
use crate::error::JoinRefusal;
use crate::rng::SeededRng;
use core::net::SocketAddr;
use mptcp_wire::MpJoin;

const NONCE: u32 = 0x1122_3344;

/// The peer's SYN with these options.
fn syn(mpcb: &mut Mpcb, option: &MpOption) -> Result<JoinRequest, JoinRefusal> {
    let mut area = [0; 40];
    let used = option.emit(&mut area).unwrap();
    let (local, remote) = (SocketAddr::from(([10, 0, 0, 1], 1)), SocketAddr::from(([10, 0, 1, 5], 7)));
    mpcb.join_syn(&area[..used], local, remote, &mut SeededRng::new(3))
}

fn join_syn(token: u32) -> MpOption {
    MpOption::Join(MpJoin::Syn { backup: false, addr_id: 5, token, nonce: NONCE })
}

fn requested(mpcb: &mut Mpcb) -> JoinRequest {
    let token = mpcb.agreed.local.token;
    syn(mpcb, &join_syn(token)).unwrap()
}

/// The third ACK with these options.
fn third_ack(mpcb: &mut Mpcb, request: &JoinRequest, option: &MpOption) -> Result<SubflowId, JoinRefusal> {
    let mut area = [0; 40];
    let used = option.emit(&mut area).unwrap();
    mpcb.join_third_ack(request, &area[..used], NOW)
}

/// The HMAC that only the peer can know.
fn right(mpcb: &Mpcb, request: &JoinRequest) -> [u8; 20] {
    let MpOption::Join(MpJoin::SynAck { nonce, .. }) = request.syn_ack_option() else { panic!("no MP_JOIN") };
    let (ours, theirs) = (mpcb.agreed.local.key, mpcb.agreed.remote.key);
    join_hmac(mpcb.agreed.version, theirs, ours, NONCE, nonce).trunc160()
}

#[test]
fn a_syn_without_our_token_does_not_join() {
    let mut mpcb = mapped();
    let ack = MpOption::Join(MpJoin::Ack { hmac: [0; 20] });
    for malformed in [ack, acks(&mpcb, 1)] {
        assert_eq!(syn(&mut mpcb, &malformed), Err(JoinRefusal::Malformed));
    }
    let token = mpcb.agreed.local.token;
    assert_eq!(syn(&mut mpcb, &join_syn(token ^ 1)), Err(JoinRefusal::UnknownToken));
    assert_eq!(mpcb.subflow_ids().count(), 1);
}

#[test]
fn one_wrong_bit_of_the_hmac_does_not_join() {
    let mut mpcb = mapped();
    let request = requested(&mut mpcb);
    let hmac = right(&mpcb, &request);
    for bit in 0..160 {
        let mut wrong = hmac;
        wrong[bit / 8] ^= 1 << (bit % 8);
        let refused = third_ack(&mut mpcb, &request, &MpOption::Join(MpJoin::Ack { hmac: wrong }));
        assert_eq!(refused, Err(JoinRefusal::BadHmac), "bit {bit}");
    }
    assert_eq!((mpcb.stats.bad_hmacs, mpcb.stats.joins_failed), (160, 160));
    assert_eq!((mpcb.stats.joins_accepted, mpcb.subflow_ids().count()), (0, 1));
    // Nor did that harm the peer that knows the keys.
    let joined = third_ack(&mut mpcb, &request, &MpOption::Join(MpJoin::Ack { hmac }));
    assert!(joined.is_ok_and(|sf| mpcb.subflow_state(sf) == Some(SubflowState::Established)));
    assert_eq!(mpcb.stats.joins_accepted, 1);
}

#[test]
fn a_third_ack_without_its_option_does_not_join() {
    let mut mpcb = mapped();
    let request = requested(&mut mpcb);
    let token = mpcb.agreed.local.token;
    for option in [acks(&mpcb, 1), join_syn(token)] {
        assert_eq!(third_ack(&mut mpcb, &request, &option), Err(JoinRefusal::Malformed));
    }
    assert_eq!((mpcb.stats.joins_failed, mpcb.stats.bad_hmacs), (2, 0));
}
