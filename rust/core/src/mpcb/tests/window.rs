//! The receive window.

use super::*;
use mptcp_wire::checksum::{Sum, dss_checksum};

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

/// A map of 60,000 bytes at `doff` and `ssn`, with the checksum of zeroes.
fn long_map(mpcb: &Mpcb, ssn: u32, doff: u64) -> MpOption {
    let idsn = mpcb.agreed.remote.idsn;
    let csum = Some(dss_checksum(idsn.wrapping_add(doff), ssn, 60_000, Sum::new()));
    let map = Some(DssMap { dsn: wire_dsn(doff, idsn, true), ssn, len: 60_000, csum });
    MpOption::Dss(Dss { data_ack: None, map, data_fin: false })
}

#[test]
fn a_map_that_must_be_verified_opens_the_window_for_itself() {
    let mut mpcb = opened(&Agreed { checksum: true, ..AGREED() }, 20_000);
    let map = long_map(&mpcb, 1, 1);
    arrives(&mut mpcb, 1, 20_000, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 20_000, NOW), RxStep::Wait);
    assert_eq!(mpcb.rcv_window(), 60_000, "no window for the rest of the map");
    assert_eq!(told(&mut mpcb), [SF]);
    arrives(&mut mpcb, 20_001, 40_000, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 60_000, NOW), RxStep::Sum { len: 60_000 });
    mpcb.rx_sum(SF, Sum::new(), NOW);
    assert_eq!(mpcb.mp_do_reass(SF, 60_000, NOW), RxStep::Deliver { skip: 0, len: 60_000, cut: 0 });
    assert_eq!(mpcb.rcv_window(), 0);
}

#[test]
fn a_map_ahead_gets_complete_and_is_not_taken_beyond_the_window() {
    let mut mpcb = opened(&Agreed { checksum: true, ..AGREED() }, 20_000);
    let map = long_map(&mpcb, 1, 5001);
    arrives(&mut mpcb, 1, 10_000, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 10_000, NOW), RxStep::Wait);
    assert_eq!(mpcb.rcv_window(), 65_000, "what lies behind the map on the subflow could never come");
    assert_eq!(told(&mut mpcb), [SF]);
    assert_eq!(mpcb.mp_do_reass(SF, 60_000, NOW), RxStep::Sum { len: 60_000 });
    mpcb.rx_sum(SF, Sum::new(), NOW);
    assert_eq!(mpcb.mp_do_reass(SF, 60_000, NOW), RxStep::Hold { skip: 0, len: 15_000, cut: 45_000 });
}

#[test]
fn a_map_far_ahead_opens_no_window() {
    let mut mpcb = opened(&Agreed { checksum: true, ..AGREED() }, 20_000);
    let map = long_map(&mpcb, 1, 25_537);
    arrives(&mut mpcb, 1, 10_000, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 10_000, NOW), RxStep::Wait);
    assert_eq!(mpcb.rcv_window(), 20_000);
}
