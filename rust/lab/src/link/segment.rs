//! A TCP segment in its IP packet, taken apart and put together again.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use etherparse::{IpHeaders, IpNumber, TcpHeader};

/// Largest TCP options area.
pub(super) const MAX_OPTIONS: usize = 40;
/// The fixed IPv6 header, which its own length field does not count.
const IPV6_HEADER: usize = 40;

/// A packet on its way through middleboxes.
#[derive(Clone, Debug, PartialEq)]
pub enum IpPacket {
    /// A whole TCP segment with correct checksums.
    Tcp(Box<Segment>),
    /// Anything else: another protocol, a fragment, malformed, or damaged. It is passed on as is.
    Other(Vec<u8>),
}

impl IpPacket {
    /// Looks at a raw IP packet.
    #[must_use]
    pub fn parse(bytes: Vec<u8>) -> Self {
        match Segment::parse(&bytes) {
            Some(segment) => IpPacket::Tcp(Box::new(segment)),
            None => IpPacket::Other(bytes),
        }
    }

    /// The raw IP packet.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            IpPacket::Tcp(segment) => segment.emit(),
            IpPacket::Other(bytes) => bytes,
        }
    }
}

/// A TCP segment with its IP headers. Lengths and checksums are made right by [`Segment::emit`].
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// IPv4 or IPv6 header and extensions.
    pub ip: IpHeaders,
    /// TCP header and options.
    pub tcp: TcpHeader,
    /// TCP payload.
    pub payload: Vec<u8>,
}

impl Segment {
    /// Takes a raw IP packet apart. `None` where it is not one whole TCP segment with correct
    /// checksums and clear reserved bits, so that a middlebox can neither repair nor lose anything.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Segment> {
        let (ip, rest) = IpHeaders::from_slice(bytes).ok()?;
        // The parser takes a length of 0 for "as long as it is".
        let told = match &ip {
            IpHeaders::Ipv4(h, _) => usize::from(h.total_len),
            IpHeaders::Ipv6(h, _) => usize::from(h.payload_length).saturating_add(IPV6_HEADER),
        };
        if told != bytes.len() || rest.fragmented || rest.ip_number != IpNumber::TCP {
            return None;
        }
        if ip.header_len() + rest.payload.len() != bytes.len() || rest.payload.get(12)? & 0x0e != 0 {
            return None;
        }
        let (tcp, payload) = TcpHeader::from_slice(rest.payload).ok()?;
        let segment = Segment { ip, tcp, payload: payload.to_vec() };
        let intact = segment.header_checksum_right() && segment.checksum()? == segment.tcp.checksum;
        intact.then_some(segment)
    }

    /// The raw IP packet, with lengths and checksums set.
    ///
    /// # Panics
    /// When the packet would be longer than 65,535 bytes: middleboxes here never let it grow so far.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut ip = self.ip.clone();
        let transport = self.tcp.header_len() + self.payload.len();
        ip.set_payload_len(transport).expect("a segment fits an IP packet");
        let mut tcp = self.tcp.clone();
        tcp.checksum = self.checksum().expect("a segment fits an IP packet");
        let mut bytes = Vec::with_capacity(ip.header_len() + transport);
        ip.write(&mut bytes).expect("parsed headers can be written");
        tcp.write(&mut bytes).expect("parsed headers can be written");
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    /// Bytes of the whole packet.
    #[must_use]
    pub fn packet_len(&self) -> usize {
        self.ip.header_len() + self.tcp.header_len() + self.payload.len()
    }

    /// Sequence number after this segment (RFC 9293, section 3.4: SYN and FIN count).
    #[must_use]
    pub fn end(&self) -> u32 {
        let flags = u32::from(self.tcp.syn) + u32::from(self.tcp.fin);
        self.tcp.sequence_number.wrapping_add(self.payload.len() as u32).wrapping_add(flags)
    }

    /// Source address and port.
    #[must_use]
    pub fn source(&self) -> SocketAddr {
        SocketAddr::new(self.addresses().0, self.tcp.source_port)
    }

    /// Destination address and port.
    #[must_use]
    pub fn destination(&self) -> SocketAddr {
        SocketAddr::new(self.addresses().1, self.tcp.destination_port)
    }

    /// Sets source address and port; an address of the other family is ignored.
    pub fn set_source(&mut self, to: SocketAddr) {
        match (&mut self.ip, to.ip()) {
            (IpHeaders::Ipv4(h, _), IpAddr::V4(a)) => h.source = a.octets(),
            (IpHeaders::Ipv6(h, _), IpAddr::V6(a)) => h.source = a.octets(),
            _ => return,
        }
        self.tcp.source_port = to.port();
    }

    /// Sets destination address and port; an address of the other family is ignored.
    pub fn set_destination(&mut self, to: SocketAddr) {
        match (&mut self.ip, to.ip()) {
            (IpHeaders::Ipv4(h, _), IpAddr::V4(a)) => h.destination = a.octets(),
            (IpHeaders::Ipv6(h, _), IpAddr::V6(a)) => h.destination = a.octets(),
            _ => return,
        }
        self.tcp.destination_port = to.port();
    }

    /// The TCP options: kind and place in `self.tcp.options` of each. Ends at the end-of-options
    /// option and at the first malformed one; NOPs are left out.
    #[must_use]
    pub fn options(&self) -> Vec<(u8, Range<usize>)> {
        let area = self.tcp.options.as_slice();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(&kind) = area.get(at) {
            if kind == 0 {
                break;
            }
            if kind == 1 {
                at += 1;
                continue;
            }
            let len = usize::from(area.get(at + 1).copied().unwrap_or(0));
            if len < 2 || at + len > area.len() {
                break;
            }
            found.push((kind, at..at + len));
            at += len;
        }
        found
    }

    /// Replaces the options area; it is padded to whole words. Longer ones than 40 bytes are
    /// ignored.
    pub fn set_options(&mut self, area: &[u8]) {
        if area.len() <= MAX_OPTIONS {
            // The only error is the length, ruled out above.
            let _ = self.tcp.set_options_raw(area);
        }
    }

    fn addresses(&self) -> (IpAddr, IpAddr) {
        match &self.ip {
            IpHeaders::Ipv4(h, _) => (h.source.into(), h.destination.into()),
            IpHeaders::Ipv6(h, _) => (h.source.into(), h.destination.into()),
        }
    }

    fn header_checksum_right(&self) -> bool {
        match &self.ip {
            IpHeaders::Ipv4(h, _) => h.header_checksum == h.calc_header_checksum(),
            IpHeaders::Ipv6(..) => true,
        }
    }

    fn checksum(&self) -> Option<u16> {
        match &self.ip {
            IpHeaders::Ipv4(h, _) => self.tcp.calc_checksum_ipv4(h, &self.payload).ok(),
            IpHeaders::Ipv6(h, _) => self.tcp.calc_checksum_ipv6(h, &self.payload).ok(),
        }
    }
}
