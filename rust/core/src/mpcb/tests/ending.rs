//! DATA_FIN and FIN in orders of their own.

use super::*;

/// The peer has sent 100 bytes, its DATA_FIN and the FIN of its only subflow; our application is open.
fn half_closed() -> Mpcb {
    let mut mpcb = mapped();
    let fin = data_fin(&mpcb, 101, None);
    arrives(&mut mpcb, 101, 0, &[fin]);
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
    assert!(actions(&mut mpcb, NOW).contains(&Action::PeerClosed));
    mpcb.subflow_fin(SF, NOW);
    mpcb
}

#[test]
fn our_direction_stays_open_until_our_data_fin_is_acknowledged() {
    let mut mpcb = half_closed();
    assert!(!actions(&mut mpcb, NOW).contains(&Action::Close(SF)), "closed before the application did");
    let mut acked = 1;
    for round in 0..3 {
        mpcb.snd_append(10, NOW);
        let (doff, len) = maps(&mut mpcb, SF, 1000, NOW).expect("no map on a half-closed subflow");
        assert_eq!((doff, len), (acked, 10), "round {round}");
        acked += 10;
        let ack = acks(&mpcb, acked);
        comes(&mut mpcb, SF, (102, 0, u32::try_from(acked).unwrap()), &[ack], NOW);
        assert!(!actions(&mut mpcb, NOW).contains(&Action::Close(SF)), "closed between two writes");
    }
    mpcb.snd_shutdown(NOW);
    assert!(actions(&mut mpcb, NOW).contains(&Action::SendAck(SF)), "no DATA_FIN");
    let ack = acks(&mpcb, acked + 1);
    comes(&mut mpcb, SF, (102, 0, u32::try_from(acked).unwrap()), &[ack], NOW);
    assert!(actions(&mut mpcb, NOW).contains(&Action::Close(SF)));
    mpcb.subflow_closed(SF, SubflowEnd::Fin, NOW);
    assert_eq!(mpcb.ended(), Some(ConnError::Done));
}

#[test]
fn a_fin_without_data_fin_closes_a_path_and_not_the_connection() {
    let mut mpcb = mapped();
    mpcb.subflow_fin(SF, NOW);
    assert!(actions(&mut mpcb, NOW).contains(&Action::Close(SF)));
    mpcb.subflow_closed(SF, SubflowEnd::Fin, NOW);
    assert_eq!(mpcb.ended(), None, "a path may come back");
    let second = join(&mut mpcb);
    mpcb.snd_append(10, NOW);
    assert_eq!(maps(&mut mpcb, second, 1000, NOW), Some((1, 10)));
}

#[test]
fn mp_fail_when_all_has_arrived_changes_nothing() {
    let mut mpcb = half_closed();
    mpcb.snd_shutdown(NOW);
    let ack = acks(&mpcb, 2);
    let fail = MpOption::Fail(mptcp_wire::MpFail { dsn: mpcb.agreed.local.idsn.wrapping_add(1) });
    comes(&mut mpcb, SF, (102, 0, 1), &[ack], NOW);
    comes(&mut mpcb, SF, (102, 0, 1), &[fail], NOW);
    assert_eq!((mpcb.fallback_reason(), mpcb.stats().fail_received), (None, 1));
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Closing));
}
