//! Windows that shut, packet by packet and between two hosts.

use std::time::Duration;

use mptcp_wire::{Dss, MpOption};

use super::hand::{Flow, Hand, Packet, Sent, between};
use super::world::{Transfer, World, link, pattern};
use crate::host::Flags;

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn data<'a>(sent: &'a [Sent], flow: &Flow) -> Vec<&'a Sent> {
    sent.iter().filter(|sent| between(sent, flow) && !sent.payload.is_empty()).collect()
}

#[test]
fn what_a_full_peer_dropped_goes_out_again_as_soon_as_it_has_room() {
    let mut hand = Hand::new(|cfg| cfg.mptcp.max_subflows = 1);
    let (mut flow, conn) = hand.open(false);
    let octets: Vec<u8> = (0..8_000).map(pattern).collect();
    assert_eq!(hand.host.send(conn, &octets, hand.now), octets.len());
    let sent = hand.poll();
    let segments: Vec<Sent> = data(&sent, &flow).into_iter().cloned().collect();
    assert!(segments.len() > 4);
    // It took the first one, and had no room for the others.
    let taken = segments[0].payload.len() as u64;
    flow.ack = segments[0].seq.wrapping_add(segments[0].payload.len() as u32);
    flow.window = 0;
    let full = hand.data_ack(1 + taken);
    hand.send(&mut flow, Packet { options: &[full], ..Packet::ACK });
    // For a minute it answers whatever comes so.
    let end = hand.now + Duration::from_secs(60);
    let mut probes = 0;
    while hand.now < end {
        let sent = hand.wait(millis(100));
        assert!(sent.iter().all(|sent| !sent.flags.has(Flags::RST)), "{sent:?}");
        if !data(&sent, &flow).is_empty() {
            probes += 1;
            hand.send(&mut flow, Packet { options: &[full], ..Packet::ACK });
        }
    }
    assert!((2..60).contains(&probes), "{probes} probes");
    flow.window = 60_000;
    let again = hand.send(&mut flow, Packet { options: &[full], ..Packet::ACK });
    let again = data(&again, &flow);
    assert_eq!(again.first().map(|sent| sent.seq), Some(flow.ack), "{again:?}");
    // And all of it, as it is acknowledged.
    let mut taken = octets[..taken as usize].to_vec();
    let mut sent: Vec<Sent> = again.into_iter().cloned().collect();
    for _ in 0..50 {
        for segment in &sent {
            if !between(segment, &flow) || segment.seq != flow.ack {
                continue;
            }
            taken.extend(&segment.payload);
            flow.ack = flow.ack.wrapping_add(segment.payload.len() as u32);
        }
        let dss = hand.data_ack(1 + taken.len() as u64);
        sent = hand.send(&mut flow, Packet { options: &[dss], ..Packet::ACK });
    }
    assert!(taken == octets, "{} octets", taken.len());
    assert_eq!(hand.host.stats(conn).unwrap().send_queue, 0);
}

#[test]
fn a_mapping_with_checksum_may_be_longer_than_the_receive_buffer() {
    // RFC 8684 section 3.3.1: nothing of it is delivered before all of it was verified, and a window that counts from
    // the DATA_ACK would never let the peer send the rest.
    let mut hand = Hand::new(|cfg| {
        cfg.receive_buffer = 8 * 1024;
        cfg.mptcp.checksum = true;
    });
    let (mut flow, conn) = hand.open(true);
    let octets: Vec<u8> = (0..65_535).map(pattern).collect();
    let (map, start) = (hand.summed(1, 1, &octets), flow.seq);
    let mapping = MpOption::Dss(Dss { data_ack: None, map: Some(map), data_fin: false });
    // The peer heeds the window: it counts from the DATA_ACK, which is 1 until all is verified.
    let mut read: Vec<u8> = Vec::new();
    let mut edge = 8 * 1024;
    let end = hand.now + Duration::from_secs(20);
    while read.len() < octets.len() && hand.now < end {
        let at = flow.seq.wrapping_sub(start) as usize;
        let len = edge.min(octets.len()).saturating_sub(at).min(1200);
        let sent = if len > 0 {
            let packet = Packet { flags: Flags::ACK, options: &[mapping], payload: &octets[at..at + len] };
            hand.send(&mut flow, packet)
        } else {
            hand.wait(millis(50))
        };
        for sent in sent.iter().filter(|sent| between(sent, &flow)) {
            assert!(!sent.flags.has(Flags::RST), "{sent:?}");
            edge = edge.max(sent.window.into());
        }
        let mut buffer = [0; 4096];
        let len = hand.host.recv(conn, &mut buffer);
        read.extend(&buffer[..len]);
    }
    assert!(read == octets, "{} octets of {}, window {edge}", read.len(), octets.len());
    assert!(hand.host.stats(conn).unwrap().is_mptcp);
}

#[test]
fn a_path_that_is_cut_for_a_second_is_not_given_up() {
    // A fast path beside it, and small buffers: many times their size goes over that one meanwhile.
    let mut w = World::new(vec![link(40, 5), link(20, 5)], 3, |cfg| {
        cfg.send_buffer = 64 * 1024;
        cfg.receive_buffer = 256 * 1024;
        cfg.mptcp.max_subflows = 2;
    });
    let conn = w.connect();
    let peer = w.accept();
    let mut transfer = Transfer::new(u64::MAX);
    let mut carry = |w: &mut World, time: Duration| {
        let end = w.now + time;
        w.run(time, |w| {
            transfer.write(&mut w.a, conn, w.now);
            transfer.read(&mut w.b, peer);
            w.now >= end
        });
    };
    carry(&mut w, millis(1000));
    let joined = w.a.stats(conn).unwrap();
    assert!(joined.subflows.len() == 2 && joined.subflows.iter().all(|s| s.octets_sent > 0), "{joined:#?}");
    for _ in 0..3 {
        w.paths[1].set_up(w.now, false);
        carry(&mut w, millis(1000));
        w.paths[1].set_up(w.now, true);
        carry(&mut w, millis(3000));
    }
    for stats in [w.a.stats(conn).unwrap(), w.b.stats(peer).unwrap()] {
        assert_eq!((stats.subflows.len(), stats.past.len(), stats.core.rejoins), (2, 0, 0), "{stats:#?}");
    }
    assert!(w.a.stats(conn).unwrap().core.stalls > 0, "the cut was noticed");
}
