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

#[test]
fn what_answers_is_not_probed_any_more() {
    let mut mpcb = opener(1);
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    let last = probes(&mut mpcb, NOW + Duration::from_secs(3)).last().unwrap().0;
    let ack = acks(&mpcb, 1001);
    comes(&mut mpcb, SF, (101, 0, 1001), &[ack], last);
    assert!(!mpcb.subflow_info(SF).unwrap().stalled);
    assert_eq!(probes(&mut mpcb, NOW + Duration::from_secs(100)), []);
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
fn a_silence_in_the_midst_of_the_peers_data_is_questioned_once() {
    let mut mpcb = opener(1);
    // The first data; what follows does not come.
    let all = probes(&mut mpcb, NOW + Duration::from_millis(1100));
    assert_eq!(all, [(NOW + Duration::from_secs(1), SF)]);
    let answered = NOW + Duration::from_millis(1150);
    let ack = acks(&mpcb, 1);
    comes(&mut mpcb, SF, (101, 0, 1), &[ack], answered);
    assert_eq!(
        probes(&mut mpcb, NOW + Duration::from_secs(100)),
        [],
        "the path works, and the peer has nothing to say"
    );
    assert!(!mpcb.subflow_info(SF).unwrap().stalled);
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
