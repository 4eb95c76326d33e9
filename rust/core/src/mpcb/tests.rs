//! What the simulators meet too seldom: single segments in an order of their own.

use super::*;
use crate::crypto::KeyMaterial;
use crate::error::SubflowEnd;
use crate::handshake::Role;
use crate::output::SegFlags;
use crate::seq::wire_dsn;
use crate::subflow::Metrics;
use crate::time::Instant;
use core::time::Duration;
use mptcp_wire::{Dss, DssMap, Key, MpOption, Version};

const SF: SubflowId = SubflowId::MASTER;
const NOW: Instant = Instant::from_millis(1000);

fn passive() -> Mpcb {
    with_role(Role::Passive)
}

fn with_role(role: Role) -> Mpcb {
    let addr = "10.0.0.1:1".parse().unwrap();
    let agreed = Agreed {
        version: Version::V1,
        role,
        local: KeyMaterial::derive(Version::V1, Key(1)),
        remote: KeyMaterial::derive(Version::V1, Key(2)),
        checksum: false,
        peer_denies_id0: false,
        first_data: None,
    };
    let start = Start { local: addr, remote: addr, snd_window: 65_535, rcv_space: 65_535 };
    Mpcb::new(&agreed, &Config::DEFAULT, &start).unwrap()
}

/// `len` bytes at `ssn`, with these options.
fn arrives(mpcb: &mut Mpcb, ssn: u32, len: u32, options: &[MpOption]) {
    let (mut area, mut used) = ([0; 40], 0);
    for option in options {
        used += option.emit(&mut area[used..]).unwrap();
    }
    let flags = SegFlags { ack: true, ..SegFlags::default() };
    mpcb.segment_in(SF, &SegIn { ssn, len, ack: 1, window: 65_535, flags }, &area[..used], NOW);
}

fn data_ack(mpcb: &Mpcb) -> MpOption {
    let data_ack = Some(wire_dsn(1, mpcb.agreed.local.idsn, true));
    MpOption::Dss(Dss { data_ack, map: None, data_fin: false })
}

fn mapping(mpcb: &Mpcb, ssn: u32, len: u16) -> MpOption {
    let dsn = wire_dsn(u64::from(ssn), mpcb.agreed.remote.idsn, true);
    MpOption::Dss(Dss { data_ack: None, map: Some(DssMap { dsn, ssn, len, csum: None }), data_fin: false })
}

#[test]
fn first_data_without_mapping_is_plain_tcp_at_once() {
    let mut mpcb = passive();
    // Only segments with payload lose their options.
    let ack = data_ack(&mpcb);
    arrives(&mut mpcb, 1, 0, &[ack]);
    arrives(&mut mpcb, 101, 100, &[]);
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
    arrives(&mut mpcb, 1, 100, &[]);
    // Before the subflow acknowledges them: what is acknowledged may come again as new bytes.
    assert_eq!(mpcb.mp_do_reass(SF, 200, NOW), RxStep::Deliver { skip: 0, len: 200, cut: 0 });
    assert_eq!(mpcb.fallback_reason(), Some(FallbackReason::NoDss));
}

/// A connection that has had mapped data.
fn mapped() -> Mpcb {
    let mut mpcb = passive();
    let map = mapping(&mpcb, 1, 100);
    arrives(&mut mpcb, 1, 100, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { skip: 0, len: 100, cut: 0 });
    mpcb
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

/// A second subflow, established.
fn join(mpcb: &mut Mpcb) -> SubflowId {
    let second = mpcb.free_slot().unwrap();
    let (local, remote) = ("10.0.1.1:1".parse().unwrap(), "10.0.1.2:1".parse().unwrap());
    mpcb.put(Subflow::new(second, SubflowState::Established, local, remote));
    second
}

/// The subflows of the actions that `kind` knows; all are polled.
fn polled(mpcb: &mut Mpcb, now: Instant, kind: impl Fn(Action) -> Option<SubflowId>) -> Vec<SubflowId> {
    core::iter::from_fn(|| mpcb.poll_action(now, &mut crate::rng::SeededRng::new(1))).filter_map(kind).collect()
}

/// The subflows that are asked for output.
fn asked(mpcb: &mut Mpcb, now: Instant) -> Vec<SubflowId> {
    polled(mpcb, now, |action| if let Action::Output(sf) = action { Some(sf) } else { None })
}

/// The subflows that are asked for an ACK.
fn told(mpcb: &mut Mpcb) -> Vec<SubflowId> {
    polled(mpcb, NOW, |action| if let Action::SendAck(sf) = action { Some(sf) } else { None })
}

fn metrics(millis: u64) -> Metrics {
    let (srtt, rttvar) = (Duration::from_millis(millis), Duration::ZERO);
    Metrics { srtt, rttvar, cwnd: 14_000, in_flight: 0, mss: 1400 }
}

const WANT: Want = Want { room: 1400, mss: 1400 };

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
fn a_window_that_was_shut_is_opened_on_every_subflow() {
    let mut mpcb = passive();
    let second = join(&mut mpcb);
    let map = mapping(&mpcb, 1, 65_535);
    arrives(&mut mpcb, 1, 65_535, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 65_535, NOW), RxStep::Deliver { skip: 0, len: 65_535, cut: 0 });
    assert!(!mpcb.set_rcv_space(0));
    told(&mut mpcb);
    assert!(mpcb.set_rcv_space(30_000));
    assert_eq!(told(&mut mpcb), [SF, second]);
    assert!(mpcb.set_rcv_space(65_535), "and wider");
    assert_eq!(told(&mut mpcb), [SF], "the subflow that received last");
}

/// Maps and sends the next `len` bytes on a subflow.
fn send(mpcb: &mut Mpcb, sf: SubflowId, len: u32, now: Instant) -> Grant {
    let mut tx = mpcb.subflow_tx(sf).unwrap();
    let want = Want { room: len, mss: 1400 };
    let MapGrant::Map(grant) = mpcb.mp_get_map(sf, &mut tx, &want) else { panic!("no map for {sf:?}") };
    assert!(mpcb.map_commit(sf, &mut tx, &grant, None, now));
    grant
}

/// The peer acknowledges `ack` on a subflow, with `window` counted from the DATA_ACK `data_ack`.
fn acked(mpcb: &mut Mpcb, sf: SubflowId, ack: u64, data_ack: u64, window: u32, now: Instant) {
    let data_ack = Some(wire_dsn(data_ack, mpcb.agreed.local.idsn, true));
    let (mut area, dss) = ([0; 40], MpOption::Dss(Dss { data_ack, map: None, data_fin: false }));
    let used = dss.emit(&mut area).unwrap();
    let flags = SegFlags { ack: true, ..SegFlags::default() };
    mpcb.segment_in(sf, &SegIn { ssn: 1, len: 0, ack: ack as u32, window, flags }, &area[..used], now);
}

/// Two subflows of which either could carry everything.
fn two_paths() -> (Mpcb, SubflowId) {
    // The opener: it may give a path up and join again.
    let mut mpcb = with_role(Role::Active);
    let second = join(&mut mpcb);
    for sf in [SF, second] {
        mpcb.subflow_metrics(sf, &Metrics { cwnd: 140_000, ..metrics(10) });
    }
    (mpcb, second)
}

/// Lets every timer expire until `until`.
fn wait(mpcb: &mut Mpcb, from: Instant, until: Instant) {
    let mut now = from;
    while let Some(at) = mpcb.next_timer().filter(|at| *at <= until) {
        now = at.max(now + Duration::from_millis(1));
        mpcb.on_timer(now);
        asked(mpcb, now);
    }
}

fn reset_anything(mpcb: &Mpcb) -> bool {
    mpcb.live().any(|subflow| subflow.state == SubflowState::Resetting)
}

#[test]
fn a_path_that_does_not_acknowledge_keeps_no_room_from_the_application() {
    let (mut mpcb, second) = two_paths();
    mpcb.set_snd_hiwat(10_000);
    mpcb.snd_append(10_000, NOW);
    send(&mut mpcb, SF, 1400, NOW);
    wait(&mut mpcb, NOW, NOW + Duration::from_millis(500));
    assert!(mpcb.subflow_info(SF).unwrap().stalled, "nothing came back");
    // The other path carries ten buffers full meanwhile.
    let (mut now, mut sent) = (NOW + Duration::from_millis(500), 1);
    for _ in 0..10 {
        while mpcb.snd_pending() {
            sent += u64::from(send(&mut mpcb, second, 1400, now).len);
        }
        now = now + Duration::from_millis(10);
        let una = mpcb.snd.nxt();
        acked(&mut mpcb, second, sent, una, 65_535, now);
        mpcb.snd_release();
        assert!(!reset_anything(&mpcb), "a path was given up {:?} after it had stalled", now - NOW);
        assert_eq!((mpcb.snd_space(), mpcb.sb_actual()), (10_000, 0));
        mpcb.snd_append(10_000, now);
    }
}

#[test]
fn no_path_stalls_while_the_peer_has_no_room() {
    let (mut mpcb, second) = two_paths();
    mpcb.snd_append(65_535, NOW);
    // The first path carries what the second one sends again, and the peer drops it: its buffer is full.
    let first = send(&mut mpcb, SF, 1400, NOW);
    mpcb.queue_maps_of(SF);
    let mut sent = 1 + u64::from(send(&mut mpcb, second, 1400, NOW).len);
    while mpcb.snd_pending() {
        sent += u64::from(send(&mut mpcb, second, 1400, NOW).len);
    }
    let una = mpcb.snd.nxt();
    assert_eq!(una, mpcb.snd.edge(), "the window was used up");
    acked(&mut mpcb, second, sent, una, 0, NOW);
    mpcb.snd_append(10_000, NOW);
    assert!(mpcb.get(SF).unwrap().maps.len() > 0 && first.doff < una);
    for seconds in 1..30 {
        let now = NOW + Duration::from_secs(seconds);
        mpcb.subflow_rto(SF, now);
        wait(&mut mpcb, now, now + Duration::from_secs(1));
        assert!(!reset_anything(&mpcb), "{seconds} s");
        assert!(!mpcb.subflow_info(SF).unwrap().stalled, "{seconds} s");
    }
    assert_eq!(mpcb.stats().stalls, 0);
    // With the window open again it is judged as ever.
    let now = NOW + Duration::from_secs(40);
    acked(&mut mpcb, second, sent, una, 65_535, now);
    wait(&mut mpcb, now, now + Duration::from_secs(1));
    assert!(mpcb.subflow_info(SF).unwrap().stalled);
}

#[test]
fn a_path_on_which_the_peer_says_that_it_has_no_room_is_not_given_up() {
    for (window, given_up) in [(1000, false), (65_535, true)] {
        let (mut mpcb, _) = two_paths();
        mpcb.snd_append(30_000, NOW);
        send(&mut mpcb, SF, 1400, NOW);
        let mut now = NOW;
        for _ in 0..60 {
            // It answers our retransmission, and takes nothing.
            mpcb.subflow_rto(SF, now);
            acked(&mut mpcb, SF, 1, 1, window, now);
            wait(&mut mpcb, now, now + Duration::from_millis(400));
            now = now + Duration::from_millis(500);
        }
        assert!(mpcb.stats().stalls > 0, "others may carry the data");
        assert_eq!(reset_anything(&mpcb), given_up, "window {window}");
    }
}
