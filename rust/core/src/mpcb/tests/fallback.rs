//! Options that are missing, and what is left after a fallback.

use super::*;

#[test]
fn first_data_without_mapping_is_plain_tcp_at_once() {
    let mut mpcb = passive();
    // Only segments with payload lose their options.
    let ack = acks(&mpcb, 1);
    arrives(&mut mpcb, 1, 0, &[ack]);
    arrives(&mut mpcb, 101, 100, &[]);
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
    arrives(&mut mpcb, 1, 100, &[]);
    // Before the subflow acknowledges them: what is acknowledged may come again as new bytes.
    assert_eq!(mpcb.mp_do_reass(SF, 200, NOW), RxStep::Deliver { skip: 0, len: 200, cut: 0 });
    assert_eq!(mpcb.fallback_reason(), Some(FallbackReason::NoDss));
}

#[test]
fn data_without_mapping_behind_mapped_data_is_never_delivered() {
    let mut mpcb = mapped();
    arrives(&mut mpcb, 101, 100, &[]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Wait);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Established), "the map may come on a segment of its own");
    let grace = NOW + Duration::from_millis(200);
    mpcb.on_timer(grace);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting));
    assert_eq!(mpcb.mp_do_reass(SF, 100, grace), RxStep::Discard { len: 100 });
    assert_eq!(mpcb.fallback_reason(), None);
}

/// Acknowledgements without DSS made us fall back in mid-connection; the peer may not know.
fn fell_back_alone() -> Mpcb {
    let mut mpcb = mapped();
    mpcb.fall_back(SF, FallbackReason::NoDss, NOW);
    mpcb
}

#[test]
fn nothing_is_delivered_after_the_peers_data_fin() {
    let mut mpcb = fell_back_alone();
    let infinite = mapping(&mpcb, 101, 0);
    arrives(&mut mpcb, 101, 100, &[infinite]);
    mpcb.ending.take_peer_fin();
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Discard { len: 100 });
}

#[test]
fn after_a_fallback_of_our_own_the_peer_must_say_that_it_follows() {
    let mut mpcb = fell_back_alone();
    arrives(&mut mpcb, 101, 100, &[]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Wait);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting));

    let mut mpcb = fell_back_alone();
    let infinite = mapping(&mpcb, 101, 0);
    arrives(&mut mpcb, 101, 100, &[infinite]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { skip: 0, len: 100, cut: 0 });

    let mut mpcb = fell_back_alone();
    // Byte 101 of the subflow would be byte 51 of the data, which came already.
    let dsn = wire_dsn(51, mpcb.agreed.remote.idsn, true);
    let map = Some(DssMap { dsn, ssn: 101, len: 0, csum: None });
    arrives(&mut mpcb, 101, 100, &[MpOption::Dss(Dss { data_ack: None, map, data_fin: false })]);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting));
}

#[test]
fn our_own_reset_after_a_fallback_is_no_end_of_file() {
    let mut mpcb = passive();
    arrives(&mut mpcb, 1, 100, &[]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { skip: 0, len: 100, cut: 0 });
    assert!(mpcb.fallback_reason().is_some());
    mpcb.address_lost("10.0.0.1".parse().unwrap());
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting));
    mpcb.subflow_closed(SF, SubflowEnd::Local, NOW);
    assert_eq!(mpcb.ended(), Some(ConnError::Reset));
}

#[test]
fn a_slow_reader_after_a_fallback_is_not_timed_out() {
    let mut mpcb = fell_back_alone();
    mpcb.subflow_metrics(SF, &metrics(10));
    let (mut now, mut acked) = (NOW, 1);
    for round in 0..40 {
        mpcb.snd_append(1000, now);
        let (_, len) = maps(&mut mpcb, SF, 1000, now).unwrap_or_else(|| panic!("{round}: ended {:?}", mpcb.ended()));
        now = now + Duration::from_secs(90);
        mpcb.on_timer(now);
        actions(&mut mpcb, now);
        acked += len;
        comes(&mut mpcb, SF, (101, 0, acked), &[], now);
        assert_eq!((mpcb.ended(), mpcb.sb_cc()), (None, 0), "round {round}");
    }
    assert_eq!(mpcb.stats().data_rtos, 0, "TCP's own timer is enough");
}

#[test]
fn a_peer_that_does_not_know_of_the_fallback_repeats_nothing_as_new_data() {
    // Nothing was ever heard of it, and the connection fell back; now its data comes, and comes again.
    let mut mpcb = passive();
    mpcb.fall_back(SF, FallbackReason::NoDss, NOW);
    let first = mapping(&mpcb, 1, 100);
    arrives(&mut mpcb, 1, 100, &[first]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { skip: 0, len: 100, cut: 0 });
    let dsn = wire_dsn(1, mpcb.agreed.remote.idsn, true);
    let again = Some(DssMap { dsn, ssn: 101, len: 100, csum: None });
    arrives(&mut mpcb, 101, 100, &[MpOption::Dss(Dss { data_ack: None, map: again, data_fin: false })]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Discard { len: 100 });
    assert!(actions(&mut mpcb, NOW).contains(&Action::Reset(SF)));
}

#[test]
fn after_a_fallback_no_stall_is_timed() {
    let mut mpcb = fell_back_alone();
    mpcb.subflow_metrics(SF, &metrics(10));
    mpcb.snd_append(1000, NOW);
    maps(&mut mpcb, SF, 1000, NOW).unwrap();
    let mut now = NOW;
    while let Some(at) = mpcb.next_timer().filter(|at| *at < NOW + Duration::from_secs(3600)) {
        now = at;
        mpcb.on_timer(now);
        actions(&mut mpcb, now);
    }
    assert!(now < NOW + Duration::from_secs(5), "something at the data level is timed at {now:?}");
    assert_eq!((mpcb.stats().stalls, mpcb.ended()), (0, None));
}

#[test]
fn after_a_fallback_the_subflows_end_is_the_connections() {
    for (end, error) in [
        (SubflowEnd::Fin, ConnError::Done),
        (SubflowEnd::Local, ConnError::Done),
        (SubflowEnd::Reset, ConnError::Reset),
        (SubflowEnd::Timeout, ConnError::TimedOut),
    ] {
        let mut mpcb = fell_back_alone();
        mpcb.subflow_closed(SF, end, NOW);
        assert_eq!(mpcb.ended(), Some(error), "{end:?}");
    }
}

#[test]
fn a_length_of_zero_on_a_pure_ack_maps_nothing() {
    let mut mpcb = mapped();
    let infinite = mapping(&mpcb, 101, 0);
    arrives(&mut mpcb, 101, 0, &[infinite]);
    assert_eq!((mpcb.fallback_reason(), mpcb.stats().bad_options), (None, 1));
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Established));
    arrives(&mut mpcb, 101, 100, &[infinite]);
    assert_eq!(mpcb.fallback_reason(), Some(FallbackReason::PeerFailed));
}

#[test]
fn first_data_without_mapping_resets_a_subflow_that_is_not_alone() {
    for heard in [false, true] {
        let mut mpcb = mapped();
        let second = join(&mut mpcb);
        if heard {
            // Its DSS has passed: the map may come on a segment of its own.
            let ahead = mapping(&mpcb, 101, 100);
            comes(&mut mpcb, second, (101, 100, 1), &[ahead], NOW);
        }
        comes(&mut mpcb, second, (1, 100, 1), &[], NOW);
        assert_eq!(mpcb.mp_do_reass(second, 100, NOW), RxStep::Wait);
        let state = if heard { SubflowState::Established } else { SubflowState::Resetting };
        assert_eq!(mpcb.subflow_state(second), Some(state), "heard {heard}");
        assert_eq!(mpcb.fallback_reason(), None);
    }
}

#[test]
fn a_pure_ack_without_options_marks_no_byte_as_unmapped() {
    let mut mpcb = mapped();
    arrives(&mut mpcb, 301, 0, &[]);
    assert!(!mpcb.get(SF).unwrap().receiving.head_is_unmapped());
    arrives(&mut mpcb, 301, 1, &[]);
    assert!(mpcb.get(SF).unwrap().receiving.head_is_unmapped());
}

#[test]
fn after_a_fallback_a_reset_acknowledges_nothing() {
    let mut mpcb = fell_back_alone();
    mpcb.snd_append(100, NOW);
    maps(&mut mpcb, SF, 100, NOW).unwrap();
    let rst = SegFlags { ack: true, rst: true, ..SegFlags::default() };
    let window = 65_535;
    mpcb.segment_in(SF, &SegIn { ssn: 101, len: 0, ack: 101, window, flags: rst }, &[], NOW);
    assert_eq!(mpcb.sb_cc(), 100);
    let flags = SegFlags { ack: true, ..SegFlags::default() };
    mpcb.segment_in(SF, &SegIn { ssn: 101, len: 0, ack: 101, window, flags }, &[], NOW);
    assert_eq!(mpcb.sb_cc(), 0);
}

#[test]
fn a_lone_data_fin_falls_back_only_where_nothing_of_mptcp_was_ever_heard() {
    for (heard, falls_back) in [(false, true), (true, false)] {
        let mut mpcb = opened(&Agreed { role: Role::Active, ..AGREED() }, 65_535);
        mpcb.subflow_metrics(SF, &metrics(10));
        if heard {
            // An option that confirms nothing.
            let prio = MpOption::Prio(mptcp_wire::MpPrio { backup: true, addr_id: None });
            arrives(&mut mpcb, 1, 0, &[prio]);
            assert!(!mpcb.is_confirmed());
        }
        mpcb.snd_shutdown(NOW);
        let mut now = NOW;
        while let Some(at) = mpcb.next_timer().filter(|at| *at < NOW + Duration::from_secs(20)) {
            now = at;
            mpcb.on_timer(now);
            actions(&mut mpcb, now);
        }
        assert_eq!(mpcb.fallback_reason().is_some(), falls_back, "heard {heard}, {now:?}");
    }
}
