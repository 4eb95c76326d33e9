//! Joins that come up while nothing else gets through.

use super::*;
use crate::crypto::join_hmac;
use crate::mpcb::timer::Timer;
use crate::rng::SeededRng;
use mptcp_wire::MpJoin;

/// Octets of an option area that holds `option`.
fn area(option: &MpOption) -> Vec<u8> {
    let mut area = [0; 40];
    let len = option.emit(&mut area).unwrap();
    area[..len].to_vec()
}

/// The peer joins: SYN and third ACK.
fn peer_joins(mpcb: &mut Mpcb, now: Instant) -> SubflowId {
    let agreed = *mpcb.agreed();
    let (local, remote) = ("10.0.1.1:1".parse().unwrap(), "10.0.1.2:1".parse().unwrap());
    let syn = MpJoin::Syn { backup: false, addr_id: 2, token: agreed.local.token, nonce: 7 };
    let request = mpcb.join_syn(&area(&MpOption::Join(syn)), local, remote, &mut SeededRng::new(1)).unwrap();
    let MpOption::Join(MpJoin::SynAck { nonce, .. }) = request.syn_ack_option() else { panic!("no MP_JOIN") };
    let hmac = join_hmac(agreed.version, agreed.remote.key, agreed.local.key, 7, nonce).trunc160();
    mpcb.join_third_ack(&request, &area(&MpOption::Join(MpJoin::Ack { hmac })), now).unwrap()
}

/// Our own join, confirmed.
fn we_join(mpcb: &mut Mpcb, now: Instant) -> SubflowId {
    let sf = join(mpcb);
    mpcb.get_mut(sf).unwrap().state = SubflowState::JoinAckSent;
    mpcb.join_confirmed(sf, now);
    sf
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
