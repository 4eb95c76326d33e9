//! Segments survive being taken apart and put together.

use mptcp_lab::link::{Direction, IpPacket, Segment};
use proptest::prelude::*;

use crate::segment;

#[test]
fn a_length_of_zero_passes_untouched() {
    for (v6, at) in [(true, 4..6), (false, 2..4)] {
        let mut bytes = segment(v6, Direction::AToB, 5, b"payload of the segment").emit();
        bytes[at].fill(0);
        assert_eq!(IpPacket::parse(bytes.clone()).into_bytes(), bytes, "IPv6: {v6}");
    }
}

proptest! {
    #[test]
    fn parse_and_emit_are_inverse(v6: bool, seq: u32, options in prop::collection::vec(any::<u8>(), 0..=10),
                                  payload in prop::collection::vec(any::<u8>(), 0..200), flags: u8) {
        let mut s = segment(v6, Direction::AToB, seq, &payload);
        let area: Vec<u8> = options.iter().flat_map(|b| [*b, 4, 9, 9]).collect();
        s.set_options(&area);
        (s.tcp.syn, s.tcp.fin, s.tcp.psh) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        (s.tcp.cwr, s.tcp.ece, s.tcp.ns) = (flags & 8 != 0, flags & 16 != 0, flags & 32 != 0);
        let bytes = s.emit();
        prop_assert_eq!(bytes.len(), s.packet_len());
        let again = Segment::parse(&bytes).expect("emitted segments are intact");
        prop_assert_eq!(&again.payload, &payload);
        prop_assert_eq!(again.tcp.options.as_slice(), &area[..]);
        prop_assert_eq!(again.emit(), bytes);
    }

    #[test]
    fn anything_passes_untouched(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        prop_assert_eq!(IpPacket::parse(bytes.clone()).into_bytes(), bytes);
    }

    #[test]
    fn damaged_segments_pass_untouched(v6: bool, place in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut bytes = segment(v6, Direction::AToB, 5, b"payload of the segment").emit();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        prop_assert_eq!(IpPacket::parse(bytes.clone()).into_bytes(), bytes);
    }

    #[test]
    fn truncated_segments_pass_untouched(v6: bool, keep in any::<prop::sample::Index>()) {
        let mut bytes = segment(v6, Direction::AToB, 5, b"payload of the segment").emit();
        bytes.truncate(keep.index(bytes.len()));
        let packet = IpPacket::parse(bytes.clone());
        prop_assert!(matches!(&packet, IpPacket::Other(_)));
        prop_assert_eq!(packet.into_bytes(), bytes);
    }
}

#[test]
fn options_are_found_and_malformed_ones_end_the_list() {
    let mut s = segment(false, Direction::AToB, 1, &[]);
    s.set_options(&[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 30, 4, 0x20, 1]);
    assert_eq!(s.options(), [(8, 2..12), (30, 12..16)]);
    s.set_options(&[30, 4, 0x20, 1, 5, 1, 30, 4]);
    assert_eq!(s.options(), [(30, 0..4)]);
    s.set_options(&[30, 60, 0, 0]);
    assert_eq!(s.options(), []);
}
