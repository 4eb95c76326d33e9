//! A path on which nothing comes back, and a peer that has no room.

use super::*;

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
    let mut mpcb = opened(&Agreed { role: Role::Active, ..AGREED() }, 65_535);
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
    assert!(!mpcb.get(SF).unwrap().sending.maps().is_empty() && first.doff < una);
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
        let (mut mpcb, second) = two_paths();
        mpcb.snd_append(30_000, NOW);
        send(&mut mpcb, SF, 1400, NOW);
        let mut now = NOW;
        for _ in 0..60 {
            // The other one works.
            acked(&mut mpcb, second, 1, 1, 65_535, now);
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
