//! Checksums (RFC 8684 sections 3.3 and 3.7).

use super::*;
use mptcp_wire::CapableData;
use mptcp_wire::checksum::{Sum, dss_checksum};

fn with_checksums(first_data: Option<CapableData>) -> Mpcb {
    opened(&Agreed { checksum: true, first_data, ..AGREED() }, 65_535)
}

#[test]
fn first_data_whose_checksum_is_missing_or_was_not_agreed_breaks_the_subflow() {
    for (checksum, csum) in [(true, None), (false, Some(1))] {
        let first_data = Some(CapableData { len: 100, csum });
        let mut mpcb = opened(&Agreed { checksum, first_data, ..AGREED() }, 65_535);
        assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Discard { len: 100 }, "delivered unverified");
        assert!(actions(&mut mpcb, NOW).contains(&Action::Reset(SF)));
    }
}

#[test]
fn first_data_is_verified() {
    let mut mpcb = with_checksums(Some(CapableData { len: 100, csum: Some(1) }));
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Sum { len: 100 });
    mpcb.rx_sum(SF, Sum::new(), NOW);
    assert_eq!(mpcb.stats().checksum_errors, 1);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Wait, "until the peer's infinite mapping");
}

/// A map of 10 zeroes at the beginning and a DATA_FIN behind it; `error` spoils the checksum.
fn last_map(mpcb: &Mpcb, error: u16) -> MpOption {
    let idsn = mpcb.agreed.remote.idsn;
    let csum = dss_checksum(idsn.wrapping_add(1), 1, 11, Sum::new()) ^ error;
    let map = Some(DssMap { dsn: wire_dsn(1, idsn, true), ssn: 1, len: 11, csum: Some(csum) });
    MpOption::Dss(Dss { data_ack: None, map, data_fin: true })
}

#[test]
fn a_data_fin_counts_once_its_map_is_verified() {
    let mut mpcb = with_checksums(None);
    let map = last_map(&mpcb, 0);
    arrives(&mut mpcb, 1, 10, &[map]);
    assert!(mpcb.rx_idle(), "a DATA_FIN was believed before its checksum");
    assert_eq!(mpcb.mp_do_reass(SF, 10, NOW), RxStep::Sum { len: 10 });
    mpcb.rx_sum(SF, Sum::new(), NOW);
    assert_eq!(mpcb.mp_do_reass(SF, 10, NOW), RxStep::Deliver { skip: 0, len: 10, cut: 0 });
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
    assert!(actions(&mut mpcb, NOW).contains(&Action::PeerClosed));
}

#[test]
fn the_data_fin_of_a_damaged_map_does_not_count() {
    let mut mpcb = with_checksums(None);
    let map = last_map(&mpcb, 4);
    arrives(&mut mpcb, 1, 10, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 10, NOW), RxStep::Sum { len: 10 });
    mpcb.rx_sum(SF, Sum::new(), NOW);
    assert!(mpcb.rx_idle());
    assert_eq!(mpcb.mp_do_reass(SF, 10, NOW), RxStep::Wait);
    assert!(!actions(&mut mpcb, NOW).contains(&Action::PeerClosed));
    assert_eq!((mpcb.stats().checksum_errors, mpcb.stats().fail_sent), (1, 1));
}

/// The peer closed while the segments of its last map were on the way: Linux repeats those that were lost with the DATA_FIN in
/// the same map, and with the checksum of that.
#[test]
fn a_map_that_is_repeated_with_a_data_fin_is_no_other_map() {
    for fin_first in [false, true] {
        let mut mpcb = with_checksums(None);
        let idsn = mpcb.agreed.remote.idsn;
        let csum = dss_checksum(idsn.wrapping_add(1), 1, 10, Sum::new());
        let map = Some(DssMap { dsn: wire_dsn(1, idsn, true), ssn: 1, len: 10, csum: Some(csum) });
        let without = MpOption::Dss(Dss { data_ack: None, map, data_fin: false });
        let with = last_map(&mpcb, 0);
        let (first, second) = if fin_first { (&with, &without) } else { (&without, &with) };
        arrives(&mut mpcb, 1, 5, core::slice::from_ref(first));
        assert_eq!(mpcb.mp_do_reass(SF, 5, NOW), RxStep::Wait);
        arrives(&mut mpcb, 6, 5, core::slice::from_ref(second));
        assert_eq!(mpcb.mp_do_reass(SF, 10, NOW), RxStep::Sum { len: 10 });
        mpcb.rx_sum(SF, Sum::new(), NOW);
        assert_eq!(mpcb.mp_do_reass(SF, 10, NOW), RxStep::Deliver { skip: 0, len: 10, cut: 0 });
        assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
        assert!(actions(&mut mpcb, NOW).contains(&Action::PeerClosed), "the DATA_FIN is lost");
        assert_eq!((mpcb.stats().maps_conflicting, mpcb.stats().checksum_errors), (0, 0));
    }
}

#[test]
fn a_data_fin_without_data_is_verified() {
    let mut mpcb = with_checksums(None);
    let csum = dss_checksum(mpcb.agreed.remote.idsn.wrapping_add(1), 0, 1, Sum::new());
    let (wrong, right) = (data_fin(&mpcb, 1, Some(csum ^ 4)), data_fin(&mpcb, 1, Some(csum)));

    arrives(&mut mpcb, 1, 0, &[wrong]);
    mpcb.mp_do_reass(SF, 0, NOW);
    assert!(!actions(&mut mpcb, NOW).contains(&Action::PeerClosed), "unverified");
    assert_eq!((mpcb.stats().checksum_errors, mpcb.stats().fail_sent), (1, 1));

    let mut mpcb = with_checksums(None);
    arrives(&mut mpcb, 1, 0, &[right]);
    mpcb.mp_do_reass(SF, 0, NOW);
    assert!(actions(&mut mpcb, NOW).contains(&Action::PeerClosed));
}

#[test]
fn one_of_several_subflows_is_reset_with_mp_fail() {
    let mut mpcb = with_checksums(None);
    join(&mut mpcb);
    let map = last_map(&mpcb, 4);
    arrives(&mut mpcb, 1, 10, &[map]);
    assert_eq!(mpcb.mp_do_reass(SF, 10, NOW), RxStep::Sum { len: 10 });
    mpcb.rx_sum(SF, Sum::new(), NOW);
    assert_eq!(mpcb.subflow_state(SF), Some(SubflowState::Resetting));
    assert_eq!((mpcb.fallback_reason(), mpcb.ended()), (None, None));
}
