//! Which subflow is asked for output.

use super::*;

#[test]
fn data_left_to_an_idle_path_is_asked_for_there() {
    let mut mpcb = passive();
    let second = join(&mut mpcb);
    mpcb.subflow_metrics(SF, &metrics(40));
    mpcb.subflow_metrics(second, &metrics(10));
    mpcb.snd_append(100, NOW);
    // The faster one had a reason not to send just then.
    assert_eq!(asked(&mut mpcb, NOW), [SF, second]);
    let mut tx = mpcb.subflow_tx(SF).unwrap();
    assert_eq!(mpcb.mp_get_map(SF, &mut tx, &WANT), MapGrant::Nothing);
    assert_eq!(asked(&mut mpcb, NOW), [second]);
    let mut tx = mpcb.subflow_tx(second).unwrap();
    assert!(matches!(mpcb.mp_get_map(second, &mut tx, &WANT), MapGrant::Map(Grant { doff: 1, len: 100, .. })));
}

#[test]
fn data_that_nobody_took_is_offered_again() {
    let mut mpcb = passive();
    let second = join(&mut mpcb);
    mpcb.snd_append(100, NOW);
    let mut now = NOW;
    for _ in 0..3 {
        assert_eq!(asked(&mut mpcb, now), [SF, second]);
        now = mpcb.next_timer().expect("a stalled connection");
        assert!(now <= NOW + Duration::from_secs(4));
        mpcb.on_timer(now);
    }
    let mut tx = mpcb.subflow_tx(SF).unwrap();
    let MapGrant::Map(grant) = mpcb.mp_get_map(SF, &mut tx, &WANT) else { panic!("no map") };
    assert!(mpcb.map_commit(SF, &mut tx, &grant, None, now));
    asked(&mut mpcb, now);
    // Once it is in flight its own timers look after it.
    mpcb.persist(now);
    assert_eq!(asked(&mut mpcb, now), []);
    assert_eq!(mpcb.stats().window_probes, 0);
}

#[test]
fn a_data_ack_for_what_was_never_sent_is_no_sign_of_life() {
    let mut mpcb = passive();
    mpcb.subflow_metrics(SF, &metrics(10));
    mpcb.snd_append(100, NOW);
    maps(&mut mpcb, SF, 100, NOW).unwrap();
    let nonsense = acks(&mpcb, 5000);
    while mpcb.ended().is_none() {
        let now = mpcb.next_timer().expect("a data-level timeout");
        assert!(now < NOW + Duration::from_secs(3600), "a peer that acknowledges nothing is never given up");
        mpcb.on_timer(now);
        actions(&mut mpcb, now);
        comes(&mut mpcb, SF, (1, 0, 1), &[nonsense], now);
    }
    assert_eq!(mpcb.ended(), Some(ConnError::TimedOut));
    assert!(mpcb.stats().bad_data_acks > 10);
}

#[test]
fn an_old_data_ack_is_a_sign_of_life() {
    let mut mpcb = passive();
    mpcb.subflow_metrics(SF, &metrics(10));
    mpcb.snd_append(100, NOW);
    maps(&mut mpcb, SF, 100, NOW).unwrap();
    let old = acks(&mpcb, 1);
    for _ in 0..60 {
        let now = mpcb.next_timer().expect("a data-level timeout");
        mpcb.on_timer(now);
        actions(&mut mpcb, now);
        comes(&mut mpcb, SF, (1, 0, 1), &[old], now);
        assert_eq!(mpcb.ended(), None);
    }
}
