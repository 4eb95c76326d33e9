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

#[test]
fn a_window_that_opens_byte_by_byte_is_not_given_a_map_for_each_byte() {
    let mut mpcb = passive();
    mpcb.subflow_metrics(SF, &metrics(10));
    mpcb.snd_append(200_000, NOW);
    while maps(&mut mpcb, SF, 10_000, NOW).is_some() {}
    let before = mpcb.stats().maps_new;
    // It takes one segment, then opens its window by one byte with each ACK.
    for opened in 0..2000 {
        let ack = acks(&mpcb, 1001);
        comes(&mut mpcb, SF, (1, 0, 1001), &[ack], NOW);
        mpcb.snd.window(1001, 64_535 + opened);
        while maps(&mut mpcb, SF, 10_000, NOW).is_some() {}
    }
    let after = mpcb.stats().maps_new - before;
    assert!(after <= 3, "{after} maps for two thousand bytes");
    // Once all is acknowledged, what the window admits is sent, however little.
    let (nxt, mut small) = (mpcb.snd.nxt(), None);
    let ack = acks(&mpcb, nxt);
    let ssn = u32::try_from(nxt).unwrap();
    let flags = SegFlags { ack: true, ..SegFlags::default() };
    let mut area = [0; 40];
    let used = ack.emit(&mut area).unwrap();
    mpcb.segment_in(SF, &SegIn { ssn: 1, len: 0, ack: ssn, window: 10, flags }, &area[..used], NOW);
    if asked(&mut mpcb, NOW).contains(&SF) {
        small = maps(&mut mpcb, SF, 10_000, NOW);
    }
    assert!(small.is_some_and(|(doff, len)| doff == nxt && len < 1400), "{small:?}");
}

#[test]
fn what_is_appended_is_counted_until_it_is_data_acked() {
    let mut mpcb = passive();
    mpcb.snd_append(100, NOW);
    maps(&mut mpcb, SF, 100, NOW).unwrap();
    assert_eq!(mpcb.sb_cc(), 100);
    let ack = acks(&mpcb, 61);
    comes(&mut mpcb, SF, (1, 0, 101), &[ack], NOW);
    assert_eq!(mpcb.sb_cc(), 40);
}

#[test]
fn a_closed_window_is_probed_with_one_byte() {
    let mut mpcb = passive();
    mpcb.snd = SndBuf::new(1000);
    mpcb.subflow_metrics(SF, &metrics(10));
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    let ack = acks(&mpcb, 1001);
    let mut area = [0; 40];
    let used = ack.emit(&mut area).unwrap();
    let flags = SegFlags { ack: true, ..SegFlags::default() };
    mpcb.segment_in(SF, &SegIn { ssn: 1, len: 0, ack: 1001, window: 0, flags }, &area[..used], NOW);
    mpcb.snd_append(500, NOW);
    assert_eq!(maps(&mut mpcb, SF, 1000, NOW), None, "the window is closed");
    let at = mpcb.next_timer().expect("persist");
    mpcb.on_timer(at);
    assert_eq!(asked(&mut mpcb, at), [SF]);
    assert_eq!(maps(&mut mpcb, SF, 1000, at), Some((1001, 1)));
    assert_eq!(maps(&mut mpcb, SF, 1000, at), None, "one byte is enough");
}

#[test]
fn a_window_of_one_segment_is_used_while_others_are_outstanding() {
    for (window, mapped) in [(1999, None), (2000, Some((2001, 1000)))] {
        let mut mpcb = passive();
        mpcb.subflow_metrics(SF, &metrics(10));
        mpcb.snd_append(10_000, NOW);
        maps(&mut mpcb, SF, 2000, NOW).unwrap();
        // One of two segments was acknowledged.
        mpcb.snd = SndBuf::new(window);
        mpcb.snd.append(10_000);
        mpcb.snd.mapped(2000);
        mpcb.snd.window(1001, window);
        assert_eq!(maps(&mut mpcb, SF, 5000, NOW), mapped, "window {window}");
    }
}

#[test]
fn an_idle_path_that_was_refused_memory_is_asked_again_though_another_is_busy() {
    let mut mpcb = passive();
    let second = join(&mut mpcb);
    mpcb.snd_append(2000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    asked(&mut mpcb, NOW);
    let mut tx = mpcb.subflow_tx(second).unwrap();
    mpcb.pool.refuse_nth(0);
    assert_eq!(mpcb.mp_get_map(second, &mut tx, &WANT), MapGrant::NoMemory);
    assert_eq!(asked(&mut mpcb, NOW), [], "not at once");
    let at = mpcb.next_timer().unwrap();
    assert!(at < NOW + Duration::from_millis(200), "before anything else is due: {:?}", at - NOW);
    mpcb.on_timer(at);
    assert!(asked(&mut mpcb, at).contains(&second));
}

#[test]
fn acks_leave_where_data_came_last() {
    let mut mpcb = mapped();
    let second = join(&mut mpcb);
    told(&mut mpcb);
    let ack = acks(&mpcb, 1);
    comes(&mut mpcb, second, (1, 0, 1), &[ack], NOW);
    told(&mut mpcb);
    mpcb.ask_ack();
    assert_eq!(told(&mut mpcb), [SF], "a pure ACK is no data");
    let dsn = wire_dsn(101, mpcb.agreed.remote.idsn, true);
    let map = Some(DssMap { dsn, ssn: 1, len: 10, csum: None });
    comes(&mut mpcb, second, (1, 10, 1), &[MpOption::Dss(Dss { data_ack: None, map, data_fin: false })], NOW);
    told(&mut mpcb);
    mpcb.ask_ack();
    assert_eq!(told(&mut mpcb), [second]);
}
