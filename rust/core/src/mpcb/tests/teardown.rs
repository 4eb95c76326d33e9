//! The end of the memory: everything that was held or charged comes back.

use super::*;

/// The peer's bytes `doff..doff+100` as the next ones of the subflow; they wait for data before them.
fn held(mpcb: &mut Mpcb, ssn: u32, doff: u64, token: u64) {
    let map = Some(DssMap { dsn: wire_dsn(doff, mpcb.agreed.remote.idsn, true), ssn, len: 100, csum: None });
    arrives(mpcb, ssn, 100, &[MpOption::Dss(Dss { data_ack: None, map, data_fin: false })]);
    assert_eq!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Hold { skip: 0, len: 100, cut: 0 });
    assert_eq!(mpcb.rx_hold(token), Ok(()));
}

fn torn_down(mpcb: &mut Mpcb) -> Vec<u64> {
    core::iter::from_fn(|| mpcb.tear_down()).collect()
}

/// Without room for a piece nothing is lost: what it would have replaced stays, and its bytes are taken when they come again.
#[test]
fn a_piece_without_room_replaces_nothing_and_may_come_again() {
    let mut mpcb = passive();
    held(&mut mpcb, 1, 301, 7);
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
    let idsn = mpcb.agreed.remote.idsn;
    for ssn in [101, 401] {
        let map = Some(DssMap { dsn: wire_dsn(201, idsn, true), ssn, len: 300, csum: None });
        arrives(&mut mpcb, ssn, 300, &[MpOption::Dss(Dss { data_ack: None, map, data_fin: false })]);
        assert_eq!(mpcb.mp_do_reass(SF, 300, NOW), RxStep::Hold { skip: 0, len: 300, cut: 0 });
        mpcb.rx_refuse();
        mpcb.rx_refuse();
        assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait, "the held piece was given up");
    }
    assert_eq!((mpcb.stats().pieces_held, mpcb.stats().pieces_no_room), (1, 2));
    assert_eq!(mpcb.rx_hold(8), Err(8), "that piece is gone");
    assert_eq!((mpcb.held_bytes(), mpcb.reass.rcv_nxt()), (100, 1));

    let map = Some(DssMap { dsn: wire_dsn(1, idsn, true), ssn: 701, len: 300, csum: None });
    arrives(&mut mpcb, 701, 300, &[MpOption::Dss(Dss { data_ack: None, map, data_fin: false })]);
    assert_eq!(mpcb.mp_do_reass(SF, 300, NOW), RxStep::Deliver { skip: 0, len: 300, cut: 0 });
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::DeliverHeld { token: 7, skip: 0, len: 100 });
    assert_eq!(mpcb.reass.rcv_nxt(), 401);
}

#[test]
fn every_held_buffer_comes_out_once_and_no_memory_stays_charged() {
    let mut mpcb = passive();
    join(&mut mpcb);
    mpcb.snd_append(5000, NOW);
    let mut tx = mpcb.subflow_tx(SF).unwrap();
    let MapGrant::Map(grant) = mpcb.mp_get_map(SF, &mut tx, &WANT) else { panic!("no map") };
    assert!(mpcb.map_commit(SF, &mut tx, &grant, None, NOW));
    held(&mut mpcb, 1, 301, 7);
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
    held(&mut mpcb, 101, 501, 8);
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
    // One that was handed over, and has no place among the others yet.
    held(&mut mpcb, 201, 701, 9);
    assert!(mpcb.pool.used() > 0);
    // That is the caller's, who gives it back with its subflow.
    tx.clear(&mut mpcb.pool);
    let mut tokens = torn_down(&mut mpcb);
    tokens.sort_unstable();
    assert_eq!(tokens, [7, 8, 9]);
    assert_eq!((mpcb.pool.used(), mpcb.subflow_ids().count()), (0, 0));
    assert_eq!(torn_down(&mut mpcb), [0_u64; 0], "a second time");
}

#[test]
fn a_buffer_that_nobody_asked_for_is_handed_back() {
    let mut mpcb = mapped();
    assert_eq!(mpcb.rx_hold(5), Err(5));
    held(&mut mpcb, 101, 301, 6);
    assert_eq!(mpcb.rx_hold(7), Err(7), "the same piece twice");
    assert_eq!(torn_down(&mut mpcb), [6]);
}
