//! An outage: joins over the addresses of paths that are silent.

use super::joins::{emitted, syn};
use super::*;
use crate::config::{AddressList, LocalAddress};
use crate::error::JoinRefusal;
use crate::pm::Pair;
use crate::rng::SeededRng;

/// What the peer does not answer; the joins that are opened until `until`, as seconds and tenths, and pairs of address ids.
fn silent(mpcb: &mut Mpcb, from: Instant, until: Instant) -> Vec<(u64, (u8, u8))> {
    let (mut now, mut joins) = (from, Vec::new());
    while let Some(at) = mpcb.next_timer().filter(|at| *at <= until) {
        now = at.max(now + Duration::from_micros(1));
        mpcb.on_timer(now);
        while let Some(action) = mpcb.poll_action(now, &mut SeededRng::new(1)) {
            match action {
                Action::OpenSubflow { sf, .. } => {
                    let info = mpcb.subflow_info(sf).unwrap();
                    let tenths = u64::try_from((now - from).as_millis() / 100).unwrap();
                    joins.push((tenths, (info.local_id, info.remote_id)));
                }
                Action::Reset(sf) => mpcb.subflow_closed(sf, SubflowEnd::Local, now),
                _ => {}
            }
        }
    }
    joins
}

/// The opener of a connection, confirmed, whose only path has data in flight.
fn sender() -> Mpcb {
    let mut mpcb = opened(&Agreed { role: Role::Active, ..AGREED() }, 65_535);
    let map = mapping(&mpcb, 1, 100);
    arrives(&mut mpcb, 1, 100, &[map]);
    assert!(matches!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { .. }));
    mpcb.subflow_metrics(SF, &metrics(10));
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    mpcb
}

fn joins(mpcb: &Mpcb) -> Vec<SubflowId> {
    let live = mpcb.live().filter(|subflow| subflow.joining.is_some());
    live.map(|subflow| subflow.id).collect()
}

/// A sender whose only path has been silent for two seconds, the join that is under way, and the time.
fn in_outage() -> (Mpcb, SubflowId, Instant) {
    let (mut mpcb, now) = (sender(), NOW + Duration::from_secs(2));
    silent(&mut mpcb, NOW, now);
    let [sf] = joins(&mpcb)[..] else { panic!("{:?}", joins(&mpcb)) };
    (mpcb, sf, now)
}

#[test]
fn a_silent_path_is_joined_anew_over_its_own_addresses() {
    let mut mpcb = sender();
    let begun = silent(&mut mpcb, NOW, NOW + Duration::from_secs(20));
    // A second of silence, and then one try after the other.
    assert!((10..=11).contains(&begun[0].0), "{begun:?}");
    assert!(begun.iter().all(|(_, pair)| *pair == (0, 0)), "{begun:?}");
    assert!(begun.windows(2).all(|two| (20..=21).contains(&(two[1].0 - two[0].0))), "{begun:?}");
    assert_eq!(mpcb.stats().rescue_joins, begun.len() as u64);
    assert_eq!(mpcb.stats().rescues, 0);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Established));
}

#[test]
fn after_a_minute_there_is_one_try_in_eight_seconds_and_after_ten_one_in_a_minute() {
    let mut mpcb = opened(&Agreed { role: Role::Active, ..AGREED() }, 65_535);
    let map = mapping(&mpcb, 1, 100);
    arrives(&mut mpcb, 1, 100, &[map]);
    // Nothing of ours is outstanding: no timeout of data ends the connection.
    let begun = silent(&mut mpcb, NOW, NOW + Duration::from_secs(3600));
    let between = |from: u64, to: u64| begun.iter().filter(|(at, _)| (from * 10..to * 10).contains(at)).count();
    assert!((25..=31).contains(&between(0, 60)), "{}", between(0, 60));
    assert!((60..=70).contains(&between(70, 600)), "{}", between(70, 600));
    assert!((40..=50).contains(&between(700, 3600)), "{}", between(700, 3600));
}

#[test]
fn the_old_subflow_goes_when_the_join_is_confirmed_and_its_data_with_the_new_one() {
    let (mut mpcb, sf, now) = in_outage();
    mpcb.join_confirmed(sf, now);
    mpcb.subflow_metrics(sf, &metrics(10));
    let all = actions(&mut mpcb, now);
    assert!(all.contains(&Action::Reset(SF)) && all.contains(&Action::Output(sf)), "{all:?}");
    assert_eq!(maps(&mut mpcb, sf, 1000, now), Some((1, 1000)));
    mpcb.subflow_closed(SF, SubflowEnd::Local, now);
    assert_eq!(mpcb.stats().rescues, 1);
    // The path is as its new subflow is.
    assert!(mpcb.pm.is_up(Pair { local: 0, remote: 0 }));
    assert_eq!(mpcb.ended(), None);
}

#[test]
fn an_old_subflow_that_came_back_meanwhile_is_closed_and_not_reset() {
    let (mut mpcb, sf, now) = in_outage();
    let ack = acks(&mpcb, 1001);
    comes(&mut mpcb, SF, (101, 0, 1001), &[ack], now);
    mpcb.join_confirmed(sf, now);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Closing));
    assert_eq!(mpcb.subflow_state(sf), Some(SubflowState::Established));
    mpcb.subflow_closed(SF, SubflowEnd::Fin, now);
    assert!(mpcb.pm.is_up(Pair { local: 0, remote: 0 }));
}

#[test]
fn all_pairs_of_addresses_have_their_turn_four_at_a_time() {
    let mut mpcb = sender();
    let mut list = AddressList::EMPTY;
    for n in 1..=6 {
        list.push(LocalAddress { addr: core::net::IpAddr::from([10, 0, 2, n]), backup: false }).unwrap();
    }
    mpcb.addresses_changed(&list, NOW).unwrap();
    let begun = silent(&mut mpcb, NOW, NOW + Duration::from_secs(30));
    let rescues = mpcb.stats().rescue_joins;
    let pairs: std::collections::BTreeSet<_> = begun.iter().map(|(_, pair)| *pair).collect();
    assert_eq!(pairs.len(), 7, "{begun:?}");
    // Four at a time, each for two seconds, beside those that begin by themselves.
    assert!((30..=60).contains(&rescues), "{rescues}");
}

#[test]
fn a_path_that_works_or_a_peer_without_room_needs_no_rescue() {
    // Another path works.
    let mut mpcb = sender();
    let second = join(&mut mpcb);
    mpcb.subflow_metrics(second, &metrics(10));
    for tenth in (0..48).step_by(4) {
        let now = NOW + Duration::from_millis(100 * tenth);
        let ack = acks(&mpcb, 1);
        comes(&mut mpcb, second, (1, 0, 1), &[ack], now);
        assert_eq!(silent(&mut mpcb, now, now + Duration::from_millis(350)), []);
    }
    assert_eq!(mpcb.stats().rescue_joins, 0);
    // Not confirmed: RFC 8684 section 3.1 allows no join.
    let mut mpcb = opened(&Agreed { role: Role::Active, ..AGREED() }, 65_535);
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    assert_eq!(silent(&mut mpcb, NOW, NOW + Duration::from_secs(60)), []);
    // The passive opener has no address to join to.
    let mut mpcb = mapped();
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    assert_eq!(silent(&mut mpcb, NOW, NOW + Duration::from_secs(60)), []);
}

#[test]
fn an_outage_without_any_subflow_left_is_one_too() {
    let mut mpcb = sender();
    mpcb.subflow_closed(SF, SubflowEnd::Timeout, NOW);
    let begun = silent(&mut mpcb, NOW, NOW + Duration::from_secs(20));
    // One that begins by itself waits for five seconds, in which TCP repeats its SYN.
    assert!(begun.len() >= 6 && begun.windows(2).all(|two| two[1].0 - two[0].0 <= 51), "{begun:?}");
}

#[test]
fn without_memory_the_next_join_of_a_rescue_is_tried() {
    let mut mpcb = sender();
    // All slots that there is memory for are in use, by paths that are silent as well.
    while mpcb.subflows.len() < mpcb.subflows.capacity() {
        let sf = join(&mut mpcb);
        mpcb.get_mut(sf).unwrap().health.loss(NOW);
    }
    silent(&mut mpcb, NOW, NOW + Duration::from_millis(900));
    mpcb.pool_mut().refuse_randomly(1, 1000);
    assert_eq!(silent(&mut mpcb, NOW, NOW + Duration::from_secs(4)), []);
    mpcb.pool_mut().refuse_randomly(1, 0);
    assert_ne!(silent(&mut mpcb, NOW, NOW + Duration::from_secs(5)), []);
}

/// The peer's third ACK to `request`.
fn third_ack(mpcb: &mut Mpcb, request: &JoinRequest, now: Instant) -> Result<SubflowId, JoinRefusal> {
    let (area, used) = emitted(&super::joins::third_ack(mpcb, request));
    mpcb.join_third_ack(request, &area[..used], now)
}

/// A passive opener that may have one subflow.
fn single() -> Mpcb {
    let addr = "10.0.0.1:1".parse().unwrap();
    let start = Start { local: addr, remote: addr, snd_window: 65_535, rcv_space: 65_535 };
    let mut cfg = Config::DEFAULT;
    cfg.max_subflows = 1;
    let mut mpcb = Mpcb::new(&AGREED(), &cfg, &start).unwrap();
    let map = mapping(&mpcb, 1, 100);
    arrives(&mut mpcb, 1, 100, &[map]);
    mpcb
}

#[test]
fn a_full_responder_lets_a_join_take_the_place_of_a_silent_subflow_on_the_same_addresses() {
    let mut mpcb = single();
    let request = syn(&mut mpcb, 0).unwrap();
    // A segment came just now: it works, and there is no room for another.
    assert_eq!(third_ack(&mut mpcb, &request, NOW + Duration::from_millis(300)), Err(JoinRefusal::NoResources));
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Established));
    let sf = third_ack(&mut mpcb, &request, NOW + Duration::from_secs(2)).unwrap();
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting));
    assert_eq!(mpcb.subflow_state(sf), Some(SubflowState::Established));
    // Other addresses replace nothing.
    assert_eq!(syn(&mut mpcb, 3).unwrap_err(), JoinRefusal::NoResources);
}

#[test]
fn a_responder_asks_the_old_subflow_whether_it_works_and_resets_it_without_an_answer() {
    for answers in [true, false] {
        let mut mpcb = mapped();
        let request = syn(&mut mpcb, 0).unwrap();
        let now = NOW + Duration::from_secs(2);
        let sf = third_ack(&mut mpcb, &request, now).unwrap();
        let asked = polled(&mut mpcb, now, |action| if let Action::Probe(sf) = action { Some(sf) } else { None });
        assert_eq!(asked, [SF]);
        if answers {
            let ack = acks(&mpcb, 1);
            comes(&mut mpcb, SF, (101, 0, 1), &[ack], now);
        }
        mpcb.on_timer(now + Duration::from_secs(2));
        let state = if answers { SubflowState::Established } else { SubflowState::Resetting };
        assert_eq!(mpcb.subflow_state(SF), Some(state));
        assert_eq!(mpcb.subflow_state(sf), Some(SubflowState::Established));
    }
}

#[test]
fn after_a_bare_rst_of_the_last_subflow_the_peer_is_asked_at_once_and_a_second_rst_ends_the_connection() {
    let mut mpcb = sender();
    mpcb.subflow_closed(SF, SubflowEnd::Reset, NOW);
    assert_eq!(mpcb.ended(), None);
    let begun = silent(&mut mpcb, NOW, NOW + Duration::from_millis(100));
    assert_eq!(begun, [(0, (0, 0))]);
    let [sf] = joins(&mpcb)[..] else { panic!("{:?}", joins(&mpcb)) };
    let now = NOW + Duration::from_millis(150);
    mpcb.subflow_closed(sf, SubflowEnd::Reset, now);
    assert_eq!(mpcb.ended(), Some(ConnError::Reset));
}

#[test]
fn after_a_bare_rst_of_the_last_subflow_a_join_carries_on() {
    let mut mpcb = sender();
    mpcb.subflow_closed(SF, SubflowEnd::Reset, NOW);
    silent(&mut mpcb, NOW, NOW + Duration::from_millis(100));
    let [sf] = joins(&mpcb)[..] else { panic!("{:?}", joins(&mpcb)) };
    let now = NOW + Duration::from_millis(150);
    mpcb.join_confirmed(sf, now);
    mpcb.subflow_metrics(sf, &metrics(10));
    assert_eq!(maps(&mut mpcb, sf, 1000, now), Some((1, 1000)));
    // The next one is asked about as well.
    mpcb.subflow_closed(sf, SubflowEnd::Reset, now);
    assert_eq!(mpcb.ended(), None);
}

#[test]
fn a_rst_that_the_peer_explains_or_to_a_host_that_may_not_join_ends_the_connection() {
    let mut mpcb = sender();
    let rst = mptcp_wire::MpTcpRst { transient: false, reason: RstReason::PROHIBITED };
    mpcb.on_tcprst(SF, &rst);
    mpcb.subflow_closed(SF, SubflowEnd::Reset, NOW);
    assert_eq!(mpcb.ended(), Some(ConnError::Reset));
    let mut mpcb = mapped();
    mpcb.subflow_closed(SF, SubflowEnd::Reset, NOW);
    assert_eq!(mpcb.ended(), Some(ConnError::Reset));
}

#[test]
fn after_any_join_that_came_up_an_outage_takes_its_time_again() {
    let mut mpcb = sender();
    mpcb.subflow_closed(SF, SubflowEnd::Reset, NOW);
    // The peer was asked by a join that waits for nobody, and joins by itself before the answer.
    assert!(mpcb.rescue_now(NOW).is_some());
    let request = syn(&mut mpcb, 5).unwrap();
    let second = third_ack(&mut mpcb, &request, NOW).unwrap();
    mpcb.get_mut(second).unwrap().health.loss(NOW);
    let later = NOW + Duration::from_secs(30);
    mpcb.get_mut(second).unwrap().health.heard(false, false, later);
    mpcb.get_mut(second).unwrap().health.loss(later);
    assert_eq!(mpcb.next_rescue(), Some(later + Duration::from_secs(1)));
}

#[test]
fn joins_whose_answer_makes_no_subflow_wait_longer_each_time() {
    let mut mpcb = sender();
    let (mut now, mut begun) = (NOW, Vec::new());
    while begun.len() < 7 {
        let until = now + Duration::from_secs(20);
        while joins(&mpcb).is_empty() {
            now = mpcb.next_timer().filter(|at| *at < until).unwrap().max(now + Duration::from_micros(1));
            mpcb.on_timer(now);
            actions(&mut mpcb, now);
        }
        begun.push((now - NOW).as_secs());
        // A SYN/ACK without MP_JOIN.
        let [sf] = joins(&mpcb)[..] else { panic!("{:?}", joins(&mpcb)) };
        let flags = SegFlags { syn: true, ack: true, ..SegFlags::default() };
        mpcb.segment_in(sf, &SegIn { ssn: 0, len: 0, ack: 1, window: 65_535, flags }, &[], now);
        assert!(actions(&mut mpcb, now).contains(&Action::Reset(sf)));
        mpcb.subflow_closed(sf, SubflowEnd::Local, now);
    }
    assert_eq!(begun.windows(2).map(|two| two[1] - two[0]).collect::<Vec<_>>(), [2, 4, 8, 8, 8, 8]);
}
