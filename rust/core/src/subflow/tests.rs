//! Tests.

use super::{Subflow, SubflowId, SubflowState, Wants};
use core::net::SocketAddr;

fn subflow(state: SubflowState) -> Subflow {
    let any = SocketAddr::from(([192, 0, 2, 1], 0));
    Subflow::new(SubflowId(1), state, any, any)
}

#[test]
fn a_join_without_answer_is_reset_and_the_others_are_closed() {
    for (state, then, wants) in [
        (SubflowState::JoinSynSent, SubflowState::Resetting, Wants::RESET),
        (SubflowState::JoinAckSent, SubflowState::Closing, Wants::CLOSE),
        (SubflowState::Established, SubflowState::Closing, Wants::CLOSE),
    ] {
        let mut subflow = subflow(state);
        subflow.close();
        assert_eq!((subflow.state, subflow.wants), (then, wants), "{state:?}");
        // Once is enough.
        subflow.wants = Wants::empty();
        subflow.close();
        assert_eq!((subflow.state, subflow.wants), (then, Wants::empty()), "{state:?}");
    }
}
