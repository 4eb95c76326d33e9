//! What `--verbose` prints: each packet on one line, each deed, in virtual time.

use std::fmt::{Debug, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mptcp_core::time::Instant;
use mptcp_wire::tcp_options::mptcp_options;

use crate::host::{Flags, TcpSegment};
use crate::link::Direction;

/// Where the lines go; nowhere when nobody asked.
pub struct Trace<'a>(Option<&'a mut dyn FnMut(&str)>);

impl<'a> Trace<'a> {
    /// No trace: costs nothing.
    #[must_use]
    pub fn none() -> Trace<'a> {
        Trace(None)
    }

    /// Each line is handed to `sink`, without its newline.
    #[must_use]
    pub fn to(sink: &'a mut dyn FnMut(&str)) -> Trace<'a> {
        Trace(Some(sink))
    }

    /// A line of its own.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(sink) = &mut self.0 {
            sink(line);
        }
    }

    pub(super) fn note(&mut self, now: Instant, what: &dyn Debug) {
        if let Some(sink) = &mut self.0 {
            sink(&format!("{} {what:?}", clock(now)));
        }
    }

    pub(super) fn sent(&mut self, now: Instant, path: Option<usize>, direction: Direction, packet: &[u8]) {
        if let Some(sink) = &mut self.0 {
            let path = path.map_or("nowhere".into(), |n| format!("path {n}"));
            sink(&format!("{} {} sends    {path} {}", clock(now), from(direction), describe(packet)));
        }
    }

    pub(super) fn arrived(&mut self, now: Instant, path: usize, direction: Direction, packet: &[u8]) {
        if let Some(sink) = &mut self.0 {
            sink(&format!("{} {} receives path {path} {}", clock(now), from(direction.reverse()), describe(packet)));
        }
    }
}

fn clock(now: Instant) -> String {
    format!("{:5}.{:06}", now.micros() / 1_000_000, now.micros() % 1_000_000)
}

const fn from(direction: Direction) -> char {
    match direction {
        Direction::AToB => 'A',
        Direction::BToA => 'B',
    }
}

/// Source and destination address of a raw IP packet.
pub(super) fn packet_ends(packet: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let v4 = |at: usize| Some(IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?)));
    let v6 = |at: usize| Some(IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?)));
    match packet.first()? >> 4 {
        4 => Some((v4(12)?, v4(16)?)),
        6 => Some((v6(8)?, v6(24)?)),
        _ => None,
    }
}

/// One packet in words.
fn describe(packet: &[u8]) -> String {
    let Some(segment) = TcpSegment::parse(packet) else {
        return format!("{} octets that are no TCP segment", packet.len());
    };
    let names = [(Flags::SYN, 'S'), (Flags::FIN, 'F'), (Flags::RST, 'R'), (Flags::PSH, 'P'), (Flags::ACK, '.')];
    let flags: String = names.iter().filter(|(flag, _)| segment.flags.has(*flag)).map(|(_, name)| name).collect();
    let TcpSegment { src, dst, seq, ack, window, payload, options, .. } = segment;
    let mut line = format!("{src} > {dst} [{flags}] seq {seq} ack {ack} win {window} len {}", payload.len());
    for option in mptcp_options(options) {
        // Writing to a string does not fail.
        let _ = match option {
            Ok(option) => write!(line, " {option:?}"),
            Err(error) => write!(line, " bad option: {error:?}"),
        };
    }
    line
}
