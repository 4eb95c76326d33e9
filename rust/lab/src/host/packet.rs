//! Raw IP packets with a TCP segment inside: parsed with every check, built with every checksum.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mptcp_wire::checksum::Sum;

/// TCP header flags (RFC 9293 section 3.1); those that this host does not use are dropped on parsing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Flags = Flags(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Flags = Flags(0x02);
    /// Reset the connection.
    pub const RST: Flags = Flags(0x04);
    /// Push.
    pub const PSH: Flags = Flags(0x08);
    /// The acknowledgement field is significant.
    pub const ACK: Flags = Flags(0x10);

    const KNOWN: u8 = 0x1f;

    /// Whether any of the flags of `other` is set.
    #[must_use]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// One TCP segment and the addresses of the packet that carries it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TcpSegment<'a> {
    /// Source address and port.
    pub src: SocketAddr,
    /// Destination address and port.
    pub dst: SocketAddr,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; zero without [`Flags::ACK`].
    pub ack: u32,
    /// Flags.
    pub flags: Flags,
    /// The window field as on the wire, unscaled.
    pub window: u16,
    /// The option area, a multiple of four octets, at most 40.
    pub options: &'a [u8],
    /// Data.
    pub payload: &'a [u8],
}

/// Octets of a TCP header without options.
pub(crate) const TCP_HEADER: usize = 20;
/// Most octets of TCP options.
pub(crate) const MAX_OPTIONS: usize = 40;
const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const PROTOCOL_TCP: u8 = 6;
const HOP_LIMIT: u8 = 64;

/// Octets of the IP header that [`TcpSegment::build`] writes for packets to `to`.
#[must_use]
pub(crate) const fn ip_header_len(to: IpAddr) -> usize {
    match to {
        IpAddr::V4(_) => IPV4_HEADER,
        IpAddr::V6(_) => IPV6_HEADER,
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

impl<'a> TcpSegment<'a> {
    /// Reads a raw IP packet. `None` where it is not TCP, is a fragment, is cut short, or a checksum
    /// is wrong: such packets are dropped without a word.
    #[must_use]
    pub fn parse(packet: &'a [u8]) -> Option<TcpSegment<'a>> {
        Self::read(packet, true)
    }

    /// Reads a packet that this process has built, whose checksums are not filled in.
    pub(crate) fn parse_unsummed(packet: &'a [u8]) -> Option<TcpSegment<'a>> {
        Self::read(packet, false)
    }

    fn read(packet: &'a [u8], summed: bool) -> Option<TcpSegment<'a>> {
        let (src, dst, tcp) = match packet.first()? >> 4 {
            4 => parse_ipv4(packet, summed)?,
            6 => parse_ipv6(packet)?,
            _ => return None,
        };
        let header = usize::from(*tcp.get(12)? >> 4) * 4;
        if header < TCP_HEADER || tcp.len() < header {
            return None;
        }
        if summed && tcp_checksum(src, dst, tcp) != 0 {
            return None;
        }
        let flags = Flags(tcp[13] & Flags::KNOWN);
        Some(TcpSegment {
            src: SocketAddr::new(src, be16(tcp, 0)?),
            dst: SocketAddr::new(dst, be16(tcp, 2)?),
            seq: be32(tcp, 4)?,
            ack: if flags.has(Flags::ACK) { be32(tcp, 8)? } else { 0 },
            flags,
            window: be16(tcp, 14)?,
            options: &tcp[TCP_HEADER..header],
            payload: &tcp[header..],
        })
    }

    /// Octets of sequence space that the segment takes.
    #[must_use]
    pub fn seq_len(&self) -> u32 {
        let control = u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN));
        self.payload.len() as u32 + control
    }

    /// Writes the packet. The option area is padded with end-of-list octets to a multiple of four.
    ///
    /// # Panics
    ///
    /// Where the addresses are of two families or there are more than 40 octets of options: errors of
    /// this program, never of a peer.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let options = self.options.len().next_multiple_of(4);
        assert!(options <= MAX_OPTIONS, "{options} octets of TCP options");
        let tcp_len = TCP_HEADER + options + self.payload.len();
        let ip_len = ip_header_len(self.dst.ip());
        let mut packet = Vec::with_capacity(ip_len + tcp_len);
        match (self.src.ip(), self.dst.ip()) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => write_ipv4(&mut packet, src, dst, tcp_len),
            (IpAddr::V6(src), IpAddr::V6(dst)) => write_ipv6(&mut packet, src, dst, tcp_len),
            (src, dst) => panic!("no packet goes from {src} to {dst}"),
        }
        packet.extend_from_slice(&self.src.port().to_be_bytes());
        packet.extend_from_slice(&self.dst.port().to_be_bytes());
        packet.extend_from_slice(&self.seq.to_be_bytes());
        packet.extend_from_slice(&self.ack.to_be_bytes());
        packet.push((((TCP_HEADER + options) / 4) << 4) as u8);
        packet.push(self.flags.0);
        packet.extend_from_slice(&self.window.to_be_bytes());
        packet.extend_from_slice(&[0; 4]);
        packet.extend_from_slice(self.options);
        packet.resize(ip_len + TCP_HEADER + options, 0);
        packet.extend_from_slice(self.payload);
        let csum = tcp_checksum(self.src.ip(), self.dst.ip(), &packet[ip_len..]);
        packet[ip_len + 16..ip_len + 18].copy_from_slice(&csum.to_be_bytes());
        packet
    }
}

fn parse_ipv4(packet: &[u8], summed: bool) -> Option<(IpAddr, IpAddr, &[u8])> {
    let header = usize::from(packet[0] & 0xf) * 4;
    let total = usize::from(be16(packet, 2)?);
    if header < IPV4_HEADER || total < header || packet.len() < total {
        return None;
    }
    let mut sum = Sum::new();
    sum.add_bytes(&packet[..header]);
    let intact = !summed || sum.fold() == u16::MAX;
    let fragment = be16(packet, 6)? & 0x3fff;
    if !intact || fragment != 0 || packet[9] != PROTOCOL_TCP {
        return None;
    }
    let address = |at: usize| {
        let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(octets)))
    };
    Some((address(12)?, address(16)?, &packet[header..total]))
}

fn parse_ipv6(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let end = IPV6_HEADER + usize::from(be16(packet, 4)?);
    // Extension headers are not looked through: no emulated path adds any.
    if packet.len() < end || packet[6] != PROTOCOL_TCP {
        return None;
    }
    let address = |at: usize| {
        let octets: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(octets)))
    };
    Some((address(8)?, address(24)?, &packet[IPV6_HEADER..end]))
}

fn write_ipv4(packet: &mut Vec<u8>, src: Ipv4Addr, dst: Ipv4Addr, payload: usize) {
    let total = (IPV4_HEADER + payload) as u16;
    packet.extend_from_slice(&[0x45, 0]);
    packet.extend_from_slice(&total.to_be_bytes());
    // Identification 0 and "do not fragment".
    packet.extend_from_slice(&[0, 0, 0x40, 0, HOP_LIMIT, PROTOCOL_TCP, 0, 0]);
    packet.extend_from_slice(&src.octets());
    packet.extend_from_slice(&dst.octets());
    let mut sum = Sum::new();
    sum.add_bytes(packet);
    let csum = !sum.fold();
    packet[10..12].copy_from_slice(&csum.to_be_bytes());
}

fn write_ipv6(packet: &mut Vec<u8>, src: Ipv6Addr, dst: Ipv6Addr, payload: usize) {
    packet.extend_from_slice(&[0x60, 0, 0, 0]);
    packet.extend_from_slice(&(payload as u16).to_be_bytes());
    packet.extend_from_slice(&[PROTOCOL_TCP, HOP_LIMIT]);
    packet.extend_from_slice(&src.octets());
    packet.extend_from_slice(&dst.octets());
}

/// The checksum to be written into a segment whose checksum field is zero; zero for one that arrived
/// intact.
fn tcp_checksum(src: IpAddr, dst: IpAddr, tcp: &[u8]) -> u16 {
    let mut sum = Sum::new();
    for address in [src, dst] {
        match address {
            IpAddr::V4(a) => sum.add_bytes(&a.octets()),
            IpAddr::V6(a) => sum.add_bytes(&a.octets()),
        }
    }
    sum.add_bytes(&(tcp.len() as u32).to_be_bytes());
    sum.add_bytes(&[0, 0, 0, PROTOCOL_TCP]);
    sum.add_bytes(tcp);
    !sum.fold()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment<'a>(v6: bool, options: &'a [u8], payload: &'a [u8]) -> TcpSegment<'a> {
        let (src, dst) = if v6 { ("[fd00::1]:1000", "[fd00::2]:80") } else { ("10.0.0.1:1000", "10.0.0.2:80") };
        TcpSegment {
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            seq: 0xffff_fff0,
            ack: 17,
            flags: Flags::ACK.and(Flags::PSH),
            window: 0x1234,
            options,
            payload,
        }
    }

    #[test]
    fn what_was_built_parses_back_in_both_families() {
        for v6 in [false, true] {
            for len in [0, 1, 2, 1399] {
                let payload = vec![0xa5; len];
                let built = segment(v6, &[1, 1, 1, 0], &payload);
                let packet = built.build();
                assert_eq!(TcpSegment::parse(&packet), Some(built));
            }
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_that_counts_is_noticed() {
        let packet = segment(false, &[], b"some data").build();
        for at in 0..packet.len() {
            let mut bad = packet.clone();
            bad[at] ^= 0x04;
            assert_eq!(TcpSegment::parse(&bad), None, "octet {at}");
        }
    }

    #[test]
    fn a_packet_cut_short_is_refused() {
        for v6 in [false, true] {
            let packet = segment(v6, &[1, 1, 1, 1], b"data").build();
            for len in 0..packet.len() {
                assert_eq!(TcpSegment::parse(&packet[..len]), None);
            }
        }
    }
}
