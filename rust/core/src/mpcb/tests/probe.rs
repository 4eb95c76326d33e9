//! Probes of paths that are stalled, or on which the peer has fallen silent.

use super::*;

/// The opener of a connection, confirmed, with `paths` subflows.
fn opener(paths: usize) -> Mpcb {
    let mut mpcb = opened(&Agreed { role: Role::Active, ..AGREED() }, 65_535);
    let map = mapping(&mpcb, 1, 100);
    arrives(&mut mpcb, 1, 100, &[map]);
    assert!(matches!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { .. }));
    for _ in 1..paths {
        join(&mut mpcb);
    }
    let ids: Vec<SubflowId> = mpcb.subflow_ids().collect();
    for sf in ids {
        mpcb.subflow_metrics(sf, &metrics(10));
    }
    mpcb
}

/// Every probe until `until`, with its time.
fn probes(mpcb: &mut Mpcb, until: Instant) -> Vec<(Instant, SubflowId)> {
    let (mut now, mut probes) = (NOW, Vec::new());
    while let Some(at) = mpcb.next_timer().filter(|at| *at <= until) {
        now = at.max(now + Duration::from_micros(1));
        mpcb.on_timer(now);
        let mut sent = polled(mpcb, now, |action| if let Action::Probe(sf) = action { Some(sf) } else { None });
        probes.extend(sent.drain(..).map(|sf| (now, sf)));
    }
    probes
}

#[test]
fn the_only_path_is_probed_twice_a_second_for_a_minute_and_seldom_then() {
    // Whoever opened it.
    for mut mpcb in [opener(1), mapped()] {
        mpcb.subflow_metrics(SF, &metrics(10));
        mpcb.snd_append(1000, NOW);
        maps(&mut mpcb, SF, 1000, NOW).unwrap();
        let all = probes(&mut mpcb, NOW + Duration::from_secs(100));
        assert!(all[0].0 - NOW <= Duration::from_secs(1), "{:?}", all[0]);
        let minute = all.iter().filter(|(at, _)| *at < NOW + Duration::from_secs(60)).count();
        assert!((110..=121).contains(&minute), "{minute} in the first minute");
        let rest = all.len() - minute;
        assert!((4..=8).contains(&rest), "{rest} in forty seconds after it");
        assert_eq!(mpcb.stats().probes, all.len() as u64);
    }
}

/// Every probe until `until` of a path whose peer answers each after 50 ms, with acknowledgements
/// of `ack` on both levels; in seconds from `from`.
fn answered(mpcb: &mut Mpcb, ack: u32, from: Instant, until: Instant) -> Vec<u64> {
    let (mut now, mut all) = (from, Vec::new());
    while let Some(at) = mpcb.next_timer().filter(|at| *at <= until) {
        now = at.max(now + Duration::from_micros(1));
        mpcb.on_timer(now);
        if polled(mpcb, now, |action| if let Action::Probe(sf) = action { Some(sf) } else { None }).is_empty() {
            continue;
        }
        all.push((now - from).as_secs());
        now = now + Duration::from_millis(50);
        let option = acks(mpcb, u64::from(ack));
        comes(mpcb, SF, (101, 0, ack), &[option], now);
    }
    all
}

#[test]
fn what_answers_is_probed_more_and_more_seldom_and_then_no_more() {
    let mut mpcb = opener(1);
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    let last = probes(&mut mpcb, NOW + Duration::from_secs(3)).last().unwrap().0;
    let ack = acks(&mpcb, 1001);
    comes(&mut mpcb, SF, (101, 0, 1001), &[ack], last);
    assert!(!mpcb.subflow_info(SF).unwrap().stalled);
    let day = last + Duration::from_secs(86_400);
    assert_eq!(answered(&mut mpcb, 1001, last, day), [1, 3, 7, 15, 31, 63, 127]);
    assert_eq!(mpcb.next_timer(), None);
}

#[test]
fn the_probes_of_all_paths_together_are_bounded() {
    let mut mpcb = opener(32);
    mpcb.snd_append(60_000, NOW);
    let ids: Vec<SubflowId> = mpcb.subflow_ids().collect();
    assert_eq!(ids.len(), 32);
    for sf in ids {
        maps(&mut mpcb, sf, 1000, NOW).unwrap();
    }
    let all = probes(&mut mpcb, NOW + Duration::from_secs(5));
    assert!(all.windows(2).all(|two| two[1].0 >= two[0].0 + Duration::from_millis(50)), "{all:?}");
    let paths: std::collections::BTreeSet<_> = all.iter().map(|(_, sf)| *sf).collect();
    assert_eq!(paths.len(), 32, "every path has its turn");
}

#[test]
fn a_silence_in_the_midst_of_the_peers_data_is_questioned() {
    let mut mpcb = opener(1);
    // The first data; what follows does not come.
    assert_eq!(answered(&mut mpcb, 1, NOW, NOW + Duration::from_secs(86_400)), [1, 3, 7, 15, 31, 63, 127]);
    assert!(!mpcb.subflow_info(SF).unwrap().stalled);
    // More data: it begins anew.
    let then = NOW + Duration::from_secs(90_000);
    let map = mapping(&mpcb, 101, 100);
    comes(&mut mpcb, SF, (101, 100, 1), &[map], then);
    assert_eq!(mpcb.next_timer(), Some(then + Duration::from_secs(1)));
}

#[test]
fn a_silence_that_is_not_answered_is_a_stall() {
    let mut mpcb = opener(1);
    let all = probes(&mut mpcb, NOW + Duration::from_secs(3));
    assert!(mpcb.subflow_info(SF).unwrap().stalled && all.len() >= 3, "{all:?}");
    // Any segment ends it: nothing of ours is in flight that it could acknowledge.
    let ack = acks(&mpcb, 1);
    comes(&mut mpcb, SF, (101, 0, 1), &[ack], NOW + Duration::from_secs(3));
    assert!(!mpcb.subflow_info(SF).unwrap().stalled);
    assert_eq!(mpcb.stats().recoveries, 1);
}

#[test]
fn after_the_peers_data_fin_and_on_the_passive_side_silence_is_expected() {
    let mut mpcb = opener(1);
    let fin = data_fin(&mpcb, 101, None);
    arrives(&mut mpcb, 101, 0, &[fin]);
    assert_eq!(probes(&mut mpcb, NOW + Duration::from_secs(30)), []);
    // Who did not open the path can not open it again.
    assert_eq!(probes(&mut mapped(), NOW + Duration::from_secs(30)), []);
}

#[test]
fn a_peer_that_answers_and_takes_nothing_is_probed_seldom() {
    let mut mpcb = opener(1);
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    let (mut now, mut sent, mut silent) = (NOW, 0, 0);
    while now < NOW + Duration::from_secs(60) {
        let next = now + Duration::from_millis(100);
        let probed = probes(&mut mpcb, next).len();
        now = next;
        sent += probed;
        silent += usize::from(sent < 2);
        if probed > 0 {
            let full = acks(&mpcb, 1);
            comes(&mut mpcb, SF, (101, 0, 1), &[full], now);
        }
    }
    assert!((3..=10).contains(&sent), "{sent} probes in a minute");
    assert!(silent < 30, "the first ones come quickly");
}
