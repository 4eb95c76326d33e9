use super::*;

const MSS: usize = 1000;
const RTT: u64 = 50;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// Ten segments sent at 0, 1, ... 9 ms; segment `n` is octets `1 + 1000 n ..`.
fn ten_in_flight(sack: bool) -> Sender {
    let mut sender = Sender::new(MSS, sack);
    for n in 0..10 {
        assert!(sender.room() >= MSS);
        sender.sent(at(n), &[0; MSS], false);
    }
    assert_eq!(sender.room(), 0);
    sender
}

fn end(n: u64) -> u64 {
    1 + n * MSS as u64
}

#[test]
fn acknowledged_segments_are_let_go_and_measure_the_path() {
    let mut sender = ten_in_flight(true);
    sender.on_ack(at(RTT), end(1), &[], false);
    assert_eq!(sender.una(), end(1));
    assert_eq!(sender.in_flight(), 9 * MSS);
    assert_eq!(sender.srtt().0, Some(Duration::from_millis(RTT)));
    assert_eq!(sender.room(), 2 * MSS, "slow start");
    sender.on_ack(at(RTT + 9), end(10), &[], false);
    assert!(sender.is_idle());
    assert_eq!(sender.next_timer(), None);
}

#[test]
fn a_hole_is_filled_by_one_retransmission_each() {
    let mut sender = ten_in_flight(true);
    sender.on_ack(at(RTT), end(1), &[], false);
    // Segments 1 and 3 are lost; 2, 4, 5, 6 arrive.
    sender.on_ack(at(RTT + 2), end(1), &[(end(2), end(3))], true);
    assert!(sender.retransmit(at(RTT + 2)).is_none(), "one segment may be mere reordering");
    sender.on_ack(at(RTT + 4), end(1), &[(end(4), end(5)), (end(2), end(3))], true);
    sender.on_ack(at(RTT + 5), end(1), &[(end(4), end(6)), (end(2), end(3))], true);
    let mut again = Vec::new();
    for ms in 5..9 {
        while let Some(sent) = sender.retransmit(at(RTT + ms)) {
            again.push(sent.off);
        }
        let right = end(6 + ms - 4);
        sender.on_ack(at(RTT + ms + 1), end(1), &[(end(4), right), (end(2), end(3))], true);
    }
    assert_eq!(again, [end(1), end(3)]);
    sender.on_ack(at(2 * RTT + 6), end(10), &[], false);
    assert!(sender.is_idle());
    let (window, target) = (sender.window(), 9 * MSS * 7 / 10);
    assert!((target..target + MSS / 2).contains(&window), "{window}: 9 in flight, times 0.7");
}

#[test]
fn a_lost_tail_is_probed_before_the_timeout() {
    let mut sender = ten_in_flight(true);
    sender.on_ack(at(RTT), end(9), &[], false);
    let due = sender.next_timer().unwrap();
    assert!(due < at(RTT) + Duration::from_millis(170), "{due:?}");
    assert_eq!(sender.on_timer(due), Some(TimerEvent::Losses));
    assert_eq!(sender.retransmit(due).map(|s| s.off), Some(end(9)));
    assert!(sender.retransmit(due).is_none());
    sender.rearm(due);
    let due = sender.next_timer().unwrap();
    assert_eq!(sender.on_timer(due), Some(TimerEvent::Timeout));
}

#[test]
fn the_time_that_a_gap_takes_to_close_is_no_round_trip() {
    let mut sender = ten_in_flight(true);
    sender.on_ack(at(RTT), end(1), &[], false);
    let (before, _) = sender.srtt();
    let due = sender.next_timer().unwrap() + Duration::from_secs(30);
    while let Some(at) = sender.next_timer().filter(|at| *at <= due) {
        sender.on_timer(at);
        sender.retransmit(at);
        sender.rearm(at);
    }
    // Segment 1, sent again, closes the gap; the others had arrived long before, without a word from the peer.
    sender.on_ack(due, end(10), &[], false);
    assert!(sender.is_idle());
    assert_eq!(sender.srtt().0, before);
}

#[test]
fn a_timeout_sends_everything_again_beginning_with_one_segment() {
    let mut sender = ten_in_flight(true);
    let due = sender.next_timer().unwrap();
    assert_eq!(due, at(9) + Duration::from_secs(1));
    assert_eq!(sender.on_timer(due), Some(TimerEvent::Timeout));
    assert_eq!(sender.window(), MSS);
    assert_eq!(sender.retransmit(due).map(|s| s.off), Some(1));
    assert!(sender.retransmit(due).is_none(), "one segment only");
    sender.on_ack(due + Duration::from_millis(RTT), end(1), &[], false);
    let now = due + Duration::from_millis(RTT);
    assert_eq!(sender.retransmit(now).map(|s| s.off), Some(end(1)));
    assert_eq!(sender.retransmit(now).map(|s| s.off), Some(end(2)));
    assert!(sender.retransmit(now).is_none(), "slow start");
}

#[test]
fn without_sack_three_duplicates_and_partial_acknowledgements_find_the_holes() {
    let mut sender = ten_in_flight(false);
    sender.on_ack(at(RTT), end(1), &[], false);
    for n in 0..3 {
        assert!(sender.retransmit(at(RTT + n)).is_none());
        sender.on_ack(at(RTT + n), end(1), &[], true);
    }
    assert_eq!(sender.retransmit(at(RTT + 3)).map(|s| s.off), Some(end(1)));
    sender.on_ack(at(2 * RTT), end(4), &[], false);
    assert_eq!(sender.retransmit(at(2 * RTT)).map(|s| s.off), Some(end(4)));
}

#[test]
fn a_fin_takes_one_octet_and_is_sent_again_like_data() {
    let mut sender = Sender::new(MSS, true);
    sender.sent(at(0), b"", true);
    assert_eq!(sender.nxt(), 2);
    let due = sender.next_timer().unwrap();
    sender.on_timer(due);
    let again = sender.retransmit(due).unwrap();
    assert!(again.fin && again.payload.is_empty());
    sender.on_ack(at(5000), 2, &[], false);
    assert!(sender.is_idle());
}
