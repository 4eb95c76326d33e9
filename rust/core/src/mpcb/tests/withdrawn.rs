//! REMOVE_ADDR (RFC 8684 section 3.4.2).

use super::*;
use mptcp_wire::AddrIds;

/// Two subflows, and the peer withdraws the address of the second one by a segment on the first.
fn withdrawn() -> (Mpcb, SubflowId) {
    let mut mpcb = mapped();
    let second = join(&mut mpcb);
    for sf in [SF, second] {
        mpcb.subflow_metrics(sf, &metrics(10));
    }
    let ids = AddrIds::from_slice(&[2]).unwrap();
    arrives(&mut mpcb, 101, 0, &[MpOption::RemoveAddr(ids)]);
    assert_eq!(mpcb.subflow_state(second), Some(SubflowState::Established), "closed on the word of one option");
    (mpcb, second)
}

/// When the path that is in question is judged.
fn judged(mpcb: &mut Mpcb) -> Instant {
    actions(mpcb, NOW);
    let at = mpcb.next_timer().expect("nobody looks after it");
    assert!(at <= NOW + Duration::from_secs(1), "{at:?}");
    at
}

#[test]
fn a_path_that_works_stays() {
    let (mut mpcb, second) = withdrawn();
    let at = judged(&mut mpcb);
    comes(&mut mpcb, second, (1, 0, 1), &[], NOW + Duration::from_millis(5));
    mpcb.on_timer(at);
    assert_eq!(mpcb.subflow_state(second), Some(SubflowState::Established));
    assert!(!actions(&mut mpcb, at).contains(&Action::Close(second)));
}

#[test]
fn a_path_on_which_nothing_comes_is_closed_and_its_data_goes_to_the_others() {
    let (mut mpcb, second) = withdrawn();
    mpcb.snd_append(1000, NOW);
    assert_eq!(maps(&mut mpcb, second, 1000, NOW), Some((1, 1000)));
    let at = judged(&mut mpcb);
    mpcb.on_timer(at);
    assert_eq!(mpcb.subflow_state(second), Some(SubflowState::Closing));
    assert!(actions(&mut mpcb, at).contains(&Action::Close(second)));
    assert_eq!(maps(&mut mpcb, SF, 1000, at), Some((1, 1000)));
}

#[test]
fn saying_it_again_does_not_put_the_question_off() {
    let (mut mpcb, second) = withdrawn();
    let at = judged(&mut mpcb);
    let ids = AddrIds::from_slice(&[2]).unwrap();
    comes(&mut mpcb, SF, (101, 0, 1), &[MpOption::RemoveAddr(ids)], at);
    mpcb.on_timer(at);
    assert_eq!(mpcb.subflow_state(second), Some(SubflowState::Closing));
}
