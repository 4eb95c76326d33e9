//! How connections end, and that nothing is left of them.

use std::time::Duration;

use mptcp_core::error::ConnError;
use mptcp_wire::{Dss, MpOption};

use super::hand::{Flow, Hand, Packet, Sent, between};
use super::world::{PORT, Transfer, World, address, link};
use crate::host::{ConnId, Flags, HostConfig};

fn plain(cfg: &mut HostConfig) {
    cfg.mptcp.enable = false;
}

fn two_paths(tune: impl Fn(&mut HostConfig)) -> World {
    World::new(vec![link(20, 10), link(10, 25)], 3, tune)
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A connection on which both paths have carried data.
fn joined(w: &mut World) -> (ConnId, ConnId) {
    let conn = w.connect();
    let peer = w.accept();
    let mut transfer = Transfer::new(u64::MAX);
    let done = w.run(seconds(20), |w| {
        transfer.write(&mut w.a, conn, w.now);
        transfer.read(&mut w.b, peer);
        let stats = w.b.stats(peer).unwrap();
        let on = |n| (address(2, n), address(1, n));
        let carried = |n| {
            let mut flows = stats.subflows.iter().filter(|s| s.octets_received > 0);
            flows.any(|s| (s.local.ip(), s.remote.ip()) == on(n))
        };
        carried(1) && carried(2)
    });
    assert!(done, "{:#?}", w.a.stats(conn));
    (conn, peer)
}

fn nothing_is_left(w: &mut World) {
    let gone = w.run(seconds(120), |w| w.a.remains().is_nothing() && w.b.remains().is_nothing());
    assert!(gone, "{:?} {:?}", w.a.remains(), w.b.remains());
}

#[test]
fn a_port_where_nobody_listens_refuses() {
    for tune in [plain, |_: &mut HostConfig| {}] {
        let mut w = two_paths(tune);
        let conn = w.a.connect(address(1, 1), (address(2, 1), PORT + 1).into(), w.now).unwrap();
        w.run(seconds(5), |w| w.a.state(conn).is_some_and(|s| s.ended.is_some()));
        assert_eq!(w.a.state(conn).and_then(|s| s.ended), Some(ConnError::Reset));
        w.a.close(conn, w.now);
        nothing_is_left(&mut w);
    }
}

#[test]
fn an_abort_reaches_the_peer_over_every_path() {
    for path in [0, 1] {
        let mut w = two_paths(|_| {});
        let (conn, peer) = joined(&mut w);
        // One path is dead: the other one's RST with MP_FASTCLOSE is enough.
        w.paths[path].set_up(w.now, false);
        w.a.abort(conn, w.now);
        let told = w.run(seconds(5), |w| w.b.state(peer).is_some_and(|s| s.ended.is_some()));
        assert!(told, "{:#?}", w.b.stats(peer));
        assert_eq!(w.b.state(peer).and_then(|s| s.ended), Some(ConnError::Reset));
        w.b.close(peer, w.now);
        nothing_is_left(&mut w);
    }
}

#[test]
fn a_connection_half_closed_carries_data_the_other_way() {
    for tune in [plain, |_: &mut HostConfig| {}] {
        let mut w = two_paths(tune);
        let conn = w.connect();
        let peer = w.accept();
        w.a.shutdown(conn, w.now);
        assert!(w.run(seconds(5), |w| w.b.state(peer).is_some_and(|s| s.peer_closed)));
        let mut back = Transfer::new(300_000);
        let done = w.run(seconds(20), |w| {
            back.write(&mut w.b, peer, w.now);
            back.read(&mut w.a, conn);
            back.eof
        });
        assert!(done && back.read == back.size, "{} octets", back.read);
        w.a.close(conn, w.now);
        w.b.close(peer, w.now);
        nothing_is_left(&mut w);
    }
}

#[test]
fn a_peer_that_never_closes_is_not_waited_for_for_ever() {
    for tune in [plain, |_: &mut HostConfig| {}] {
        let mut w = two_paths(tune);
        let conn = w.connect();
        let peer = w.accept();
        w.a.close(conn, w.now);
        assert!(w.run(seconds(5), |w| w.b.state(peer).is_some_and(|s| s.peer_closed)));
        let gone = w.run(seconds(180), |w| w.a.remains().is_nothing());
        assert!(gone, "{:?}", w.a.remains());
        w.b.close(peer, w.now);
        nothing_is_left(&mut w);
    }
}

#[test]
fn a_connection_outlives_its_first_subflow() {
    let mut w = two_paths(|_| {});
    let conn = w.connect();
    let peer = w.accept();
    let mut transfer = Transfer::new(12 << 20);
    let mut cut = false;
    let done = w.run(seconds(60), |w| {
        transfer.write(&mut w.a, conn, w.now);
        transfer.read(&mut w.b, peer);
        if !cut && transfer.read > 4 << 20 {
            cut = true;
            w.paths[0].set_up(w.now, false);
        }
        transfer.eof
    });
    assert!(done && transfer.read == transfer.size, "{} octets: {:#?}", transfer.read, w.a.stats(conn));
}

#[test]
fn a_reader_that_stops_stops_the_writer_and_nothing_is_lost() {
    for tune in [plain, |_: &mut HostConfig| {}] {
        let small = |cfg: &mut HostConfig| {
            tune(cfg);
            cfg.receive_buffer = 64 * 1024;
            cfg.send_buffer = 64 * 1024;
        };
        let mut w = two_paths(small);
        let conn = w.connect();
        let peer = w.accept();
        let mut transfer = Transfer::new(1 << 20);
        let pause = w.now + seconds(30);
        w.run(seconds(30), |w| {
            transfer.write(&mut w.a, conn, w.now);
            w.now > pause
        });
        let waits = w.b.state(peer).unwrap().readable;
        assert!((32 * 1024..=64 * 1024).contains(&waits), "{waits} octets wait");
        let done = w.run(seconds(60), |w| {
            transfer.write(&mut w.a, conn, w.now);
            transfer.read(&mut w.b, peer);
            transfer.eof
        });
        assert!(done && transfer.read == transfer.size, "{} octets: {:#?}", transfer.read, w.a.stats(conn));
    }
}

/// What the host sent in order on the flow, which the hand acknowledges on both levels.
fn take(hand: &mut Hand, flow: &mut Flow, sent: &[Sent], taken: &mut Vec<u8>) -> Vec<Sent> {
    let mut answers = Vec::new();
    let mut sent = sent.to_vec();
    while !sent.is_empty() {
        let mut any = false;
        for segment in &sent {
            if !between(segment, flow) || segment.seq != flow.ack || segment.payload.is_empty() {
                continue;
            }
            taken.extend(&segment.payload);
            flow.ack = flow.ack.wrapping_add(segment.payload.len() as u32);
            any = true;
        }
        answers.append(&mut sent);
        if any {
            let dss = hand.data_ack(1 + taken.len() as u64);
            sent = hand.send(flow, Packet { options: &[dss], ..Packet::ACK });
        }
    }
    answers
}

#[test]
fn a_fin_after_a_data_fin_leaves_our_direction_open() {
    // RFC 8684 section 3.3.3: the peer's FIN ends its direction. Ours lasts until our DATA_FIN is acknowledged.
    let mut hand = Hand::new(|_| {});
    let (mut flow, conn) = hand.open(false);
    let map = Some(hand.map(1, 1, 6));
    let fin = MpOption::Dss(Dss { data_ack: None, map, data_fin: true });
    let said = hand.send(&mut flow, Packet { flags: Flags::ACK, options: &[fin], payload: b"hello" });
    let acked = said.iter().filter_map(Sent::data_ack).any(|ack| ack.low() == hand.own.idsn.wrapping_add(7) as u32);
    assert!(acked, "{said:?}");
    assert!(hand.host.state(conn).unwrap().peer_closed);
    // One that closes its subflow already, as a peer with nothing to say may.
    let mut sent = hand.send(&mut flow, Packet { flags: Flags::ACK.and(Flags::FIN), options: &[], payload: &[] });
    let (mut taken, mut written) = (Vec::new(), Vec::new());
    // Written in several pieces, each of which is acknowledged before the next.
    for piece in 0..3 {
        sent.extend(hand.wait(Duration::from_millis(700)));
        assert!(!sent.iter().any(|s| s.flags.has(Flags::FIN) || s.flags.has(Flags::RST)), "before {piece}: {sent:?}");
        let octets: Vec<u8> = (0..5000).map(|at| super::world::pattern(at + piece)).collect();
        assert_eq!(hand.host.send(conn, &octets, hand.now), octets.len(), "piece {piece}");
        written.extend(octets);
        let first = hand.poll();
        sent = take(&mut hand, &mut flow, &first, &mut taken);
        assert!(taken == written, "{} octets of {}", taken.len(), written.len());
    }
    // Now we close: DATA_FIN, its DATA_ACK, and only then our FIN.
    hand.host.shutdown(conn, hand.now);
    let sent = hand.wait(Duration::from_millis(100));
    assert!(sent.iter().filter_map(Sent::dss).any(|dss| dss.data_fin), "{sent:?}");
    assert!(!sent.iter().any(|s| s.flags.has(Flags::FIN)), "{sent:?}");
    let dss = hand.data_ack(2 + taken.len() as u64);
    let mut sent = hand.send(&mut flow, Packet { options: &[dss], ..Packet::ACK });
    sent.extend(hand.wait(Duration::from_millis(100)));
    assert!(sent.iter().any(|s| s.flags.has(Flags::FIN)), "{sent:?}");
    flow.ack = flow.ack.wrapping_add(1);
    hand.send(&mut flow, Packet { options: &[dss], ..Packet::ACK });
    hand.host.close(conn, hand.now);
    hand.wait(seconds(120));
    assert!(hand.host.remains().is_nothing(), "{:?}", hand.host.remains());
}

#[test]
fn what_a_subflow_did_is_known_after_its_end() {
    // However it ends: in order, by our abort, by the peer's.
    let ends: [fn(&mut World, ConnId, ConnId); 3] = [
        |w, conn, peer| {
            w.a.shutdown(conn, w.now);
            w.b.shutdown(peer, w.now);
        },
        |w, conn, _| w.a.abort(conn, w.now),
        |w, _, peer| w.b.abort(peer, w.now),
    ];
    for tune in [plain, |_: &mut HostConfig| {}] {
        for (n, end) in ends.iter().enumerate() {
            let mut w = two_paths(tune);
            let mptcp = w.a.config().mptcp.enable;
            let (conn, peer) = if mptcp {
                joined(&mut w)
            } else {
                {
                    let conn = w.connect();
                    (conn, w.accept())
                }
            };
            if !mptcp {
                w.a.send(conn, &[1; 1000], w.now);
                w.run(seconds(1), |w| w.b.state(peer).unwrap().readable == 1000);
            }
            end(&mut w, conn, peer);
            let mut last = [None, None];
            w.run(seconds(30), |w| {
                while w.b.recv(peer, &mut [0; 4096]) > 0 {}
                for (last, stats) in last.iter_mut().zip([w.a.stats(conn), w.b.stats(peer)]) {
                    *last = stats.or(last.take());
                }
                false
            });
            let [a, b] = last.map(Option::unwrap);
            // An aborted connection is forgotten at once by the side that aborts it.
            for (stats, aborted) in [(&a, n == 1), (&b, n == 2)] {
                let all: Vec<_> = stats.past.iter().chain(&stats.subflows).collect();
                assert!(aborted || stats.subflows.is_empty(), "end {n}: {stats:#?}");
                let joins = stats.core.joins_opened + stats.core.joins_accepted;
                assert_eq!(all.len() as u64, 1 + joins, "end {n}, mptcp {mptcp}: {stats:#?}");
                assert_eq!(joins > 0, mptcp, "end {n}: {stats:#?}");
                assert!(all.iter().all(|s| s.octets_sent + s.octets_received > 0), "end {n}: {all:#?}");
            }
        }
    }
}
