//! Tests.

use super::{Ends, Metrics, Subflow, SubflowId, SubflowState, Wants};
use crate::ds_map::DsMap;
use crate::pool::Pool;
use core::net::SocketAddr;
use core::time::Duration;

fn subflow(state: SubflowState) -> Subflow {
    let any = SocketAddr::from(([192, 0, 2, 1], 0));
    Subflow::new(SubflowId(1), state, Ends::new(any, any))
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
        assert_eq!((subflow.state, subflow.pending.wants), (then, wants), "{state:?}");
        // Once is enough.
        subflow.pending.wants = Wants::empty();
        subflow.close();
        assert_eq!((subflow.state, subflow.pending.wants), (then, Wants::empty()), "{state:?}");
    }
}

fn metrics(millis: u64, cwnd: u32, in_flight: u32) -> Metrics {
    Metrics { srtt: Duration::from_millis(millis), cwnd, in_flight, mss: 1000, ..Metrics::default() }
}

#[test]
fn an_idle_path_is_as_fast_as_it_ever_was() {
    let mut pool = Pool::new(1 << 20);
    let mut subflow = subflow(SubflowState::Established);
    assert_eq!(subflow.expected_rtt(), Duration::ZERO, "unmeasured");
    subflow.health.measured(&metrics(10, 10_000, 0));
    subflow.sending.reserve(1, &mut pool).unwrap();
    assert!(subflow.sending.commit(DsMap { ssn: 1, doff: 1, len: 5000, csum: None }, true, &mut pool));
    subflow.health.measured(&metrics(200, 100_000, 5000));
    assert_eq!(subflow.expected_rtt(), Duration::from_millis(200), "behind its own queue");
    assert!(subflow.sending.ack(5001, &mut pool));
    assert_eq!(subflow.expected_rtt(), Duration::from_millis(10), "the queue is empty");
}

#[test]
fn more_in_flight_than_the_window_takes_several_round_trips() {
    assert_eq!(metrics(10, 10_000, 10_000).drain_time(), Duration::from_millis(10));
    assert_eq!(metrics(10, 1000, 100_000).drain_time(), Duration::from_secs(1));
    assert_eq!(metrics(10, 0, 0).drain_time(), Duration::from_millis(10));
}

#[test]
fn deadlines_come_sooner_with_the_first_round_trip_and_with_one_of_less_than_half() {
    let mut subflow = subflow(SubflowState::Established);
    for (millis, sooner) in [(100, true), (200, false), (100, false), (49, true), (49, false)] {
        assert_eq!(subflow.health.measured(&metrics(millis, 10_000, 0)), sooner, "{millis} ms");
    }
}
