//! What the simulators meet too seldom: single segments in an order of their own.

mod addresses;
mod damage;
mod ending;
mod fallback;
mod joins;
mod mapping;
mod options;
mod output;
mod probe;
mod refused_joins;
mod rescue;
mod stall;
mod teardown;
mod wakes;
mod window;
mod withdrawn;

use super::*;
use crate::crypto::KeyMaterial;
use crate::error::SubflowEnd;
use crate::output::SegFlags;
use crate::seq::wire_dsn;
use crate::subflow::Metrics;
use crate::time::Instant;
use core::time::Duration;
use mptcp_wire::{Dss, DssMap, Key, MpOption, Version};

const SF: SubflowId = SubflowId::MASTER;
const NOW: Instant = Instant::from_millis(1000);

const AGREED: fn() -> Agreed = || Agreed {
    version: Version::V1,
    role: Role::Passive,
    local: KeyMaterial::derive(Version::V1, Key(1)),
    remote: KeyMaterial::derive(Version::V1, Key(2)),
    checksum: false,
    peer_denies_id0: false,
    first_data: None,
};

/// A passive opener that agreed on this, with `space` bytes of receive buffer.
fn opened(agreed: &Agreed, space: u32) -> Mpcb {
    let addr = "10.0.0.1:1".parse().unwrap();
    let start = Start { local: addr, remote: addr, snd_window: 65_535, rcv_space: space };
    Mpcb::new(agreed, &Config::DEFAULT, &start).unwrap()
}

fn passive() -> Mpcb {
    opened(&AGREED(), 65_535)
}

/// A segment of `len` bytes at `ssn` on `sf` that acknowledges up to `ack`, with these options.
fn comes(mpcb: &mut Mpcb, sf: SubflowId, (ssn, len, ack): (u32, u32, u32), options: &[MpOption], now: Instant) {
    let (mut area, mut used) = ([0; 40], 0);
    for option in options {
        used += option.emit(&mut area[used..]).unwrap();
    }
    let flags = SegFlags { ack: true, ..SegFlags::default() };
    mpcb.segment_in(sf, &SegIn { ssn, len, ack, window: 65_535, flags }, &area[..used], now);
}

/// `len` bytes at `ssn`, with these options.
fn arrives(mpcb: &mut Mpcb, ssn: u32, len: u32, options: &[MpOption]) {
    comes(mpcb, SF, (ssn, len, 1), options, NOW);
}

/// A DSS with a DATA_ACK of data offset `doff`.
fn acks(mpcb: &Mpcb, doff: u64) -> MpOption {
    let data_ack = Some(wire_dsn(doff, mpcb.agreed.local.idsn, true));
    MpOption::Dss(Dss { data_ack, map: None, data_fin: false })
}

/// A DATA_FIN without data at data offset `doff`.
fn data_fin(mpcb: &Mpcb, doff: u64, csum: Option<u16>) -> MpOption {
    let dsn = wire_dsn(doff, mpcb.agreed.remote.idsn, true);
    let map = Some(DssMap { dsn, ssn: 0, len: 1, csum });
    MpOption::Dss(Dss { data_ack: None, map, data_fin: true })
}

/// All that is to be done now.
fn actions(mpcb: &mut Mpcb, now: Instant) -> Vec<Action> {
    core::iter::from_fn(|| mpcb.poll_action(now, &mut crate::rng::SeededRng::new(1))).collect()
}

/// Maps what `sf` may send now, as far as `room` bytes go; returns the data offset and the length.
fn maps(mpcb: &mut Mpcb, sf: SubflowId, room: u32, now: Instant) -> Option<(u64, u32)> {
    let mut tx = mpcb.subflow_tx(sf)?;
    let MapGrant::Map(grant) = mpcb.mp_get_map(sf, &mut tx, &Want { room, mss: 1000 }) else { return None };
    assert!(mpcb.map_commit(sf, &mut tx, &grant, None, now));
    Some((grant.doff, grant.len))
}

fn mapping(mpcb: &Mpcb, ssn: u32, len: u16) -> MpOption {
    let dsn = wire_dsn(u64::from(ssn), mpcb.agreed.remote.idsn, true);
    MpOption::Dss(Dss { data_ack: None, map: Some(DssMap { dsn, ssn, len, csum: None }), data_fin: false })
}

/// A connection that has had mapped data.
fn mapped() -> Mpcb {
    let mut mpcb = passive();
    let map = mapping(&mpcb, 1, 100);
    arrives(&mut mpcb, 1, 100, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { skip: 0, len: 100, cut: 0 });
    mpcb
}

/// A second subflow, established, to the peer's address of id 2.
fn join(mpcb: &mut Mpcb) -> SubflowId {
    let second = mpcb.free_slot().unwrap();
    let (local, remote) = ("10.0.1.1:1".parse().unwrap(), "10.0.1.2:1".parse().unwrap());
    mpcb.put(Subflow::new(second, SubflowState::Established, Ends { remote_id: 2, ..Ends::new(local, remote) }));
    second
}

/// The subflows of the actions that `kind` knows; all are polled.
fn polled(mpcb: &mut Mpcb, now: Instant, kind: impl Fn(Action) -> Option<SubflowId>) -> Vec<SubflowId> {
    actions(mpcb, now).into_iter().filter_map(kind).collect()
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
