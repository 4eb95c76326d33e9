//! Tests.

use super::{Ending, LastGone};
use crate::error::{ConnError, SubflowEnd};
use crate::sockbuf::SndBuf;

/// A send buffer in which `bytes` were written, and all of it mapped.
fn written(bytes: u64) -> SndBuf {
    let mut snd = SndBuf::new(65_535);
    snd.append(bytes);
    snd.mapped(bytes);
    snd
}

fn peer_done() -> Ending {
    let mut ending = Ending::new();
    assert!(!ending.note_peer_fin(1, 1));
    assert!(ending.take_peer_fin());
    ending
}

#[test]
fn the_first_data_fin_counts() {
    let mut ending = Ending::new();
    assert!(!ending.note_peer_fin(99, 100), "below what was received");
    assert!(!ending.has_peer_fin());
    assert!(!ending.note_peer_fin(200, 100));
    assert!(!ending.note_peer_fin(300, 100), "it cannot move");
    assert_eq!(ending.awaited_fin(), Some(200));
    assert!(ending.take_peer_fin());
    assert!(!ending.take_peer_fin(), "once");
    assert_eq!(ending.awaited_fin(), None);
    assert!(ending.note_peer_fin(200, 201), "said again: our DATA_ACK was lost");
}

#[test]
fn a_fin_is_answered_while_another_subflow_is_open() {
    for ending in [Ending::new(), peer_done()] {
        assert!(ending.answers_fin(true, &written(10)));
    }
}

#[test]
fn the_last_subflow_stays_half_open_for_our_direction() {
    assert!(!peer_done().answers_fin(false, &written(0)), "the application may still write");
    let mut announced = Ending::new();
    announced.note_peer_fin(5, 1);
    assert!(!announced.answers_fin(false, &written(0)), "its DATA_FIN is known");
    assert!(!Ending::new().answers_fin(false, &written(10)), "data that it may still take");
    assert!(Ending::new().answers_fin(false, &written(0)), "a path was closed, not the connection");
}

#[test]
fn no_subflow_joins_what_ends() {
    let open = written(0);
    let mut shut = written(0);
    shut.shut();
    assert!(!Ending::new().refuses_subflows(&shut), "the peer still sends");
    assert!(!peer_done().refuses_subflows(&open), "we still send");
    assert!(peer_done().refuses_subflows(&shut));
    let mut detached = Ending::new();
    assert!(detached.detach() && !detached.detach());
    assert!(detached.is_detached() && detached.refuses_subflows(&open));
    let mut unsent = written(10);
    unsent.shut();
    for ending in [detached, peer_done()] {
        assert!(!ending.refuses_subflows(&unsent), "data may still need a path");
    }
}

#[test]
fn it_is_complete_when_both_data_fins_are_acknowledged() {
    let mut snd = written(10);
    snd.shut();
    snd.data_ack(11);
    assert!(!peer_done().is_complete(&snd), "our DATA_FIN is not");
    assert_eq!(peer_done().close_timer(&snd), ConnError::TimedOut);
    snd.data_ack(12);
    assert!(!Ending::new().is_complete(&snd), "the peer's is not");
    assert_eq!(Ending::new().close_timer(&snd), ConnError::TimedOut);
    assert!(peer_done().is_complete(&snd));
    assert_eq!(peer_done().close_timer(&snd), ConnError::Done);
}

#[test]
fn the_last_subflow_ends_the_connection_or_leaves_time_for_another() {
    let open = written(10);
    let last = |ending: &Ending, end| ending.last_subflow_gone(end, false, &open);
    assert_eq!(last(&Ending::new(), SubflowEnd::Reset), LastGone::Over(ConnError::Reset));
    for end in [SubflowEnd::Fin, SubflowEnd::Timeout, SubflowEnd::Local] {
        assert_eq!(last(&Ending::new(), end), LastGone::Wait, "{end:?}");
    }
    let mut detached = Ending::new();
    detached.detach();
    assert_eq!(last(&detached, SubflowEnd::Fin), LastGone::Over(ConnError::Reset));
    assert_eq!(last(&detached, SubflowEnd::Timeout), LastGone::Wait);

    let transient = Ending::new().last_subflow_gone(SubflowEnd::Reset, true, &open);
    assert_eq!(transient, LastGone::Wait, "the peer says that it is not for good");

    let mut shut = written(10);
    shut.shut();
    assert_eq!(peer_done().last_subflow_gone(SubflowEnd::Reset, false, &shut), LastGone::Over(ConnError::Reset));
    shut.data_ack(11);
    for end in [SubflowEnd::Fin, SubflowEnd::Reset, SubflowEnd::Timeout, SubflowEnd::Local] {
        let gone = peer_done().last_subflow_gone(end, false, &shut);
        assert_eq!(gone, LastGone::Over(ConnError::Done), "only the ACK of our DATA_FIN is missing: {end:?}");
    }
}
