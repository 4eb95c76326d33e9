//! Which queued bytes a subflow is offered.

use crate::config::Config;
use crate::crypto::KeyMaterial;
use crate::ds_map::DsMap;
use crate::handshake::{Agreed, Role};
use crate::mpcb::timer::Timer;
use crate::mpcb::{Mpcb, Start};
use crate::seq::wire_dsn;
use crate::subflow::{Ends, Metrics, Subflow, SubflowId, SubflowState};
use crate::time::Instant;
use core::time::Duration;
use mptcp_wire::{CapableData, Key, Version};
use proptest::prelude::*;
use std::vec::Vec;

const A: SubflowId = SubflowId::MASTER;
const B: SubflowId = SubflowId(1);
const NOW: Instant = Instant::from_millis(1000);

/// Two subflows, and `bytes` of data that some map has covered.
fn connection(bytes: u32) -> Mpcb {
    let addr = "10.0.0.1:1".parse().unwrap();
    let agreed = Agreed {
        version: Version::V1,
        role: Role::Passive,
        local: KeyMaterial::derive(Version::V1, Key(1)),
        remote: KeyMaterial::derive(Version::V1, Key(2)),
        checksum: false,
        peer_denies_id0: false,
        first_data: Some(CapableData { len: 1, csum: None }),
    };
    let start = Start { local: addr, remote: addr, snd_window: u32::MAX, rcv_space: 65_535 };
    let mut mpcb = Mpcb::new(&agreed, &Config::DEFAULT, &start).unwrap();
    let slot = mpcb.free_slot().unwrap();
    assert_eq!(slot, B);
    mpcb.put(Subflow::new(B, SubflowState::Established, Ends::new(addr, addr)));
    mpcb.snd.append(u64::from(bytes));
    mpcb.snd.mapped(u64::from(bytes));
    mpcb
}

/// `sf` carries `len` bytes from `doff` on.
fn carry(mpcb: &mut Mpcb, sf: SubflowId, doff: u64, len: u32) {
    let pool = &mut mpcb.pool;
    let subflow = mpcb.subflows[sf.index()].as_mut().unwrap();
    subflow.sending.reserve(doff, pool).unwrap();
    let map = DsMap { ssn: subflow.sending.next_ssn(), doff, len, csum: None };
    assert!(subflow.sending.commit(map, false, pool));
}

/// A DATA_ACK of data offset `doff`.
fn data_acks(mpcb: &mut Mpcb, doff: u64) {
    mpcb.on_data_ack(wire_dsn(doff, mpcb.agreed.local.idsn, true), u32::MAX, NOW);
}

fn queue(mpcb: &mut Mpcb, from: u64, to: u64) {
    mpcb.reinject.add(from, to, &mut mpcb.pool).unwrap();
}

#[test]
fn a_path_is_offered_what_another_carries_behind_its_own() {
    let mut mpcb = connection(4000);
    carry(&mut mpcb, A, 1, 1000);
    carry(&mut mpcb, B, 1001, 1000);
    carry(&mut mpcb, A, 2001, 1000);
    // Both are stalled: their maps are one range.
    mpcb.queue_maps_of(A);
    mpcb.queue_maps_of(B);
    assert_eq!(mpcb.reinject.ranges().collect::<Vec<_>>(), [(1, 3001)]);
    assert_eq!(mpcb.reinjection(A, 65_535), Some((1001, 1000)));
    assert_eq!(mpcb.reinjection(A, 300), Some((1001, 300)));
    assert_eq!(mpcb.reinjection(B, 65_535), Some((1, 1000)), "up to its own");
    mpcb.reinject.sent(1, 1001, &mut mpcb.pool);
    assert_eq!(mpcb.reinjection(B, 65_535), Some((2001, 1000)));
    mpcb.reinject.sent(2001, 3001, &mut mpcb.pool);
    assert_eq!(mpcb.reinjection(B, 65_535), None);
    assert_eq!(mpcb.reinjection(A, 65_535), Some((1001, 1000)));
}

#[test]
fn recovery_fills_a_gap_up_to_what_a_live_path_carries() {
    let mut mpcb = connection(200_000);
    carry(&mut mpcb, A, 501, 500);
    carry(&mut mpcb, B, 301, 100);
    mpcb.recovery.begin(u64::MAX);
    mpcb.continue_recovery();
    assert_eq!(mpcb.reinject.ranges().collect::<Vec<_>>(), [(1, 301)]);
    carry(&mut mpcb, A, 1, 100);
    mpcb.reinject.clear(&mut mpcb.pool);
    mpcb.continue_recovery();
    assert!(mpcb.reinject.is_empty(), "somebody carries the first byte");
}

#[test]
fn timeouts_begin_anew_when_a_silent_path_is_back() {
    let mut mpcb = connection(1000);
    mpcb.subflows[B.index()] = None;
    carry(&mut mpcb, A, 1, 1000);
    let mut now = Instant::ZERO + Duration::from_secs(1);
    mpcb.arm_data_rto(now);
    mpcb.subflow_rto(A, now);
    let due = |mpcb: &Mpcb| mpcb.timers.at(Timer::DataRto).unwrap();
    for _ in 0..5 {
        now = due(&mpcb);
        mpcb.data_rto(now);
    }
    assert!(due(&mpcb) > now + Duration::from_secs(20), "backed off while nothing comes back");
    mpcb.progress(A, now);
    assert!(due(&mpcb) < now + Duration::from_secs(2), "its TCP acknowledges again");
    // A second acknowledgement is no news.
    let set = due(&mpcb);
    mpcb.progress(A, now + Duration::from_millis(100));
    assert_eq!(due(&mpcb), set);
}

#[test]
fn what_the_only_path_carries_is_not_sent_again_though_it_is_stalled() {
    let mut mpcb = connection(1000);
    mpcb.subflows[B.index()] = None;
    carry(&mut mpcb, A, 1, 1000);
    mpcb.subflows[A.index()].as_mut().unwrap().health.loss(Instant::ZERO);
    mpcb.recovery.begin(u64::MAX);
    mpcb.continue_recovery();
    assert!(mpcb.reinject.is_empty(), "its TCP goes on trying");
}

/// `sf`'s TCP has measured a round trip of `millis`.
fn measured(mpcb: &mut Mpcb, sf: SubflowId, millis: u64) {
    let srtt = Duration::from_millis(millis);
    mpcb.subflow_metrics(sf, &Metrics { srtt, rttvar: Duration::ZERO, cwnd: 14_000, in_flight: 0, mss: 1000 });
}

#[test]
fn the_oldest_data_is_sent_on_a_faster_path_where_it_keeps_new_data_back() {
    for (slow, waits, taken) in [(100, 1, Some((1, 1000))), (100, 0, None), (20, 1, None)] {
        let mut mpcb = connection(4000);
        carry(&mut mpcb, A, 1, 1000);
        carry(&mut mpcb, B, 1001, 3000);
        measured(&mut mpcb, A, slow);
        measured(&mut mpcb, B, 10);
        mpcb.snd.append(waits);
        assert_eq!(mpcb.opportunistic(B, 65_535), taken, "{slow} ms, {waits} bytes wait");
        assert_eq!(mpcb.opportunistic(B, 65_535), None, "once");
    }
}

#[test]
fn what_was_acknowledged_waits_for_no_path() {
    let mut mpcb = connection(2000);
    carry(&mut mpcb, A, 1, 2000);
    mpcb.queue_maps_of(A);
    assert!(mpcb.snd_pending());
    data_acks(&mut mpcb, 1001);
    assert_eq!(mpcb.reinject.ranges().collect::<Vec<_>>(), [(1001, 2001)]);
    data_acks(&mut mpcb, 2001);
    assert!(!mpcb.snd_pending());
}

#[test]
fn persist_is_timed_once_and_only_while_data_waits() {
    let mut mpcb = connection(0);
    mpcb.arm_persist(NOW);
    assert_eq!(mpcb.timers.at(Timer::Persist), None, "there is nothing to send");
    mpcb.snd.append(1000);
    mpcb.arm_persist(NOW);
    let set = mpcb.timers.at(Timer::Persist);
    assert!(set.is_some());
    mpcb.arm_persist(NOW + Duration::from_millis(1));
    assert_eq!(mpcb.timers.at(Timer::Persist), set, "it is not put off");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn the_offer_is_the_first_queued_stretch_that_the_path_does_not_carry(
        maps in prop::collection::vec((1..300u64, 1..40u32), 0..20),
        queued in prop::collection::vec((1..300u64, 1..60u64), 0..12),
        most in 1..80u64,
        una in 1..120u64,
    ) {
        let mut mpcb = connection(280);
        for &(doff, len) in &maps {
            carry(&mut mpcb, A, doff, len);
        }
        for &(from, len) in &queued {
            queue(&mut mpcb, from, from + len);
        }
        mpcb.snd.data_ack(una);
        let carried = |doff: u64| maps.iter().any(|&(start, len)| (start..start + u64::from(len)).contains(&doff));
        let waits = |doff: u64| {
            doff >= una && doff <= 280 && queued.iter().any(|&(from, len)| (from..from + len).contains(&doff))
        };
        let expected = (1..400).find(|doff| waits(*doff) && !carried(*doff)).map(|start| {
            let end = (start..).find(|doff| !waits(*doff) || carried(*doff) || *doff == start + most).unwrap();
            (start, (end - start) as u32)
        });
        prop_assert_eq!(mpcb.reinjection(A, most), expected);
    }
}
