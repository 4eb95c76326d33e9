//! Transfers: complete, in order, and fast enough.

use std::time::Duration;

use super::world::{Transfer, World, link};
use crate::host::HostConfig;
use mptcp_core::error::ConnError;

const MIB: u64 = 1 << 20;

/// Sends `size` octets from A to B; returns the goodput in Mbit/s from the SYN to the end of the file.
fn send(w: &mut World, size: u64, limit: Duration) -> f64 {
    let conn = w.connect();
    let start = w.now;
    let peer = w.accept();
    let mut transfer = Transfer::new(size);
    let done = w.run(limit, |w| {
        transfer.write(&mut w.a, conn, w.now);
        transfer.read(&mut w.b, peer);
        transfer.eof
    });
    let stats = (w.a.stats(conn), w.b.stats(peer));
    assert!(done && transfer.read == size, "{} of {size} at {:?}: {stats:#?}", transfer.read, w.now);
    let seconds = w.now.since(start).as_secs_f64();
    w.b.close(peer, w.now);
    let both = |w: &World| (w.a.state(conn).map(|s| s.ended), w.b.state(peer).map(|s| s.ended));
    w.run(Duration::from_secs(20), |w| w.a.state(conn).is_none_or(|s| s.ended.is_some()));
    assert_eq!(both(w).0, Some(Some(ConnError::Done)), "{:#?}", w.a.stats(conn));
    w.a.close(conn, w.now);
    w.run(Duration::from_secs(60), |w| w.a.connections().chain(w.b.connections()).next().is_none());
    assert_eq!(both(w), (None, None), "nothing is left");
    let mbit = size as f64 * 8.0 / seconds / 1e6;
    println!("{mbit:.3} Mbit/s");
    mbit
}

fn plain(cfg: &mut HostConfig) {
    cfg.mptcp.enable = false;
}

#[test]
fn plain_tcp_fills_a_link() {
    let mut w = World::new(vec![link(20, 10)], 1, plain);
    let mbit = send(&mut w, 16 * MIB, Duration::from_secs(60));
    assert!(mbit > 20.0 * 0.93, "{mbit} Mbit/s");
}

#[test]
fn one_subflow_fills_a_link() {
    let mut w = World::new(vec![link(20, 10)], 1, |_| {});
    let mbit = send(&mut w, 16 * MIB, Duration::from_secs(60));
    assert!(mbit > 20.0 * 0.91, "{mbit} Mbit/s");
}

#[test]
fn two_subflows_fill_both_links() {
    for seed in 1..3 {
        let mut w = World::new(vec![link(20, 10), link(10, 25)], seed, |_| {});
        let mbit = send(&mut w, 32 * MIB, Duration::from_secs(60));
        assert!(mbit > 30.0 * 0.90, "{mbit} Mbit/s");
    }
}

#[test]
fn the_ack_that_closes_a_gap_tells_how_far_the_data_came() {
    let mut path = link(20, 10);
    path.middleboxes.push("drop:dir=ab,on=data,nth=3,limit=1".parse().unwrap());
    let mut w = World::new(vec![path], 1, |_| {});
    let conn = w.connect();
    let peer = w.accept();
    // Nothing follows that would bring another ACK.
    let octets = [7; 9000];
    assert_eq!(w.a.send(conn, &octets, w.now), octets.len());
    w.run(Duration::from_secs(1), |w| w.a.stats(conn).unwrap().send_queue == 0);
    let stats = w.a.stats(conn).unwrap();
    assert_eq!((stats.send_queue, stats.core.data_rtos), (0, 0), "{stats:#?}");
    assert_eq!(stats.subflows[0].retransmissions, 1, "{stats:#?}");
    assert_eq!(w.b.recv(peer, &mut [0; 9000]), 9000);
}
