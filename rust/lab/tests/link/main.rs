//! Links, paths and middleboxes: what they promise, over random configurations and packets.

mod boxes;
mod config;
mod flows;
mod one_way;
mod segments;

use std::net::SocketAddr;

use etherparse::{IpHeaders, PacketBuilder, TcpHeader};
use mptcp_core::time::Instant;
use mptcp_lab::link::middlebox::{Chain, MiddleboxSpec};
use mptcp_lab::link::{Direction, IpPacket, Segment};

/// A segment between host A (port 1000) and host B (port 80), sent by the host that the direction
/// starts at.
fn segment(v6: bool, way: Direction, seq: u32, payload: &[u8]) -> Segment {
    let (a, b): (SocketAddr, SocketAddr) = if v6 {
        ("[fd73::1]:1000".parse().unwrap(), "[fd73::2]:80".parse().unwrap())
    } else {
        ("10.73.0.1:1000".parse().unwrap(), "10.73.0.2:80".parse().unwrap())
    };
    let (from, to) = if way == Direction::AToB { (a, b) } else { (b, a) };
    let mut tcp = TcpHeader::new(from.port(), to.port(), seq, 65_000);
    tcp.ack = true;
    tcp.acknowledgment_number = 777;
    let builder = match (from, to) {
        (SocketAddr::V4(f), SocketAddr::V4(t)) => PacketBuilder::ipv4(f.ip().octets(), t.ip().octets(), 64),
        (SocketAddr::V6(f), SocketAddr::V6(t)) => PacketBuilder::ipv6(f.ip().octets(), t.ip().octets(), 64),
        _ => unreachable!("both of one family"),
    };
    let mut bytes = Vec::new();
    builder.tcp_header(tcp).write(&mut bytes, payload).unwrap();
    Segment::parse(&bytes).expect("a built segment is intact")
}

/// A bare SYN of host A.
fn syn(seq: u32) -> Segment {
    let mut segment = segment(false, Direction::AToB, seq, &[]);
    segment.tcp.syn = true;
    segment.tcp.ack = false;
    segment.tcp.acknowledgment_number = 0;
    segment
}

/// The SYN/ACK of host B.
fn syn_ack(seq: u32, ack: u32) -> Segment {
    let mut segment = segment(false, Direction::BToA, seq, &[]);
    segment.tcp.syn = true;
    segment.tcp.acknowledgment_number = ack;
    segment
}

fn chain(specs: &[&str], seed: u64) -> Chain {
    let specs: Vec<MiddleboxSpec> = specs.iter().map(|s| s.parse().unwrap()).collect();
    Chain::new(&specs, seed)
}

/// Sends one segment through and checks that what comes out is intact on the wire.
fn through(chain: &mut Chain, at: Instant, way: Direction, segment: &Segment) -> Vec<Segment> {
    let packets = chain.pass(at, way, IpPacket::parse(segment.emit()));
    packets.into_iter().map(intact).collect()
}

fn intact(packet: IpPacket) -> Segment {
    let bytes = packet.into_bytes();
    Segment::parse(&bytes).expect("what leaves a middlebox has correct checksums")
}

fn identification(segment: &Segment) -> Option<u16> {
    match &segment.ip {
        IpHeaders::Ipv4(header, _) => Some(header.identification),
        IpHeaders::Ipv6(..) => None,
    }
}
