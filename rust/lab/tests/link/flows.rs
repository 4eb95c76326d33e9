//! Whole byte streams through random chains of middleboxes.

use std::collections::BTreeMap;
use std::time::Duration;

use mptcp_core::time::Instant;
use mptcp_lab::link::{Direction, IpPacket, LinkConfig, Path, PathConfig, Segment};
use proptest::prelude::*;

use crate::{segment, syn};

/// Boxes that keep every payload byte.
const HARMLESS: [&str; 8] = [
    "strip:rate=50%",
    "strip:shorten,on=data",
    "split:rate=60%",
    "split:at=7",
    "coalesce:max=3000,hold=500us",
    "coalesce:rate=50%,hold=5ms",
    "sequence",
    "nat:v4=192.0.2.1,v6=2001:db8::1",
];

/// Puts the payload of A's segments together by their distance from the SYN's sequence number.
fn reassemble(packets: &[Vec<u8>]) -> (usize, BTreeMap<u32, u8>) {
    let mut isn = None;
    let mut stream = BTreeMap::new();
    let mut fins = 0;
    for bytes in packets {
        let s = Segment::parse(bytes).expect("every packet that arrives is intact");
        if s.tcp.syn {
            isn = Some(s.tcp.sequence_number);
            continue;
        }
        let start = s.tcp.sequence_number.wrapping_sub(isn.expect("the SYN is first") + 1);
        fins += usize::from(s.tcp.fin);
        for (n, byte) in s.payload.iter().enumerate() {
            assert_eq!(stream.insert(start + n as u32, *byte), None, "a byte came twice");
        }
    }
    (fins, stream)
}

fn run(path: &mut Path, sent: &[(Instant, Vec<u8>)]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut feed = sent.iter().peekable();
    loop {
        let next = feed.peek().map(|(at, _)| *at);
        let due = path.next_due();
        let Some(now) = next.into_iter().chain(due).min() else { return out };
        if next == Some(now) {
            path.push(now, Direction::AToB, feed.next().expect("just seen").1.clone());
        }
        out.extend(std::iter::from_fn(|| path.poll(now)).map(|(_, packet)| packet));
    }
}

proptest! {
    #[test]
    fn harmless_boxes_keep_the_stream(
        names in prop::collection::vec(prop::sample::select(HARMLESS.to_vec()), 0..5),
        sizes in prop::collection::vec((1..1200usize, 0..2000u64), 1..60),
        isn in 0..u32::MAX - 200_000, seed: u64, jitter in 0..3000u64,
    ) {
        let mut link = LinkConfig::new(10, 5, 0);
        link.jitter = Duration::from_micros(jitter);
        let mut cfg = PathConfig::symmetric(link);
        cfg.middleboxes = names.iter().map(|n| n.parse().unwrap()).collect();
        let mut path = Path::new(cfg, seed);
        let mut now = Instant::ZERO;
        let mut sent = vec![(now, syn(isn).emit())];
        let mut expected = Vec::new();
        for (n, (size, gap)) in sizes.iter().enumerate() {
            now = now + Duration::from_micros(*gap);
            let payload: Vec<u8> = (0..*size).map(|i| (i * 31 + n * 7) as u8).collect();
            let at = isn + 1 + expected.len() as u32;
            let mut s = segment(false, Direction::AToB, at, &payload);
            s.set_options(&[30, 4, 0x20, 0x01]);
            s.tcp.fin = n + 1 == sizes.len();
            sent.push((now, s.emit()));
            expected.extend_from_slice(&payload);
        }
        let out = run(&mut path, &sent);
        let (fins, stream) = reassemble(&out);
        prop_assert_eq!(fins, 1);
        prop_assert_eq!(stream.keys().copied().collect::<Vec<_>>(),
                        (0..expected.len() as u32).collect::<Vec<_>>());
        prop_assert_eq!(stream.into_values().collect::<Vec<_>>(), expected);
        prop_assert!(path.is_idle());
    }

    #[test]
    fn no_packet_stops_a_path(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20),
                              seed: u64) {
        let mut cfg = PathConfig::symmetric(LinkConfig::default());
        cfg.middleboxes = HARMLESS.iter().map(|n| n.parse().unwrap()).collect();
        let mut path = Path::new(cfg, seed);
        let sent: Vec<_> = packets.iter().map(|p| (Instant::ZERO, p.clone())).collect();
        let out = run(&mut path, &sent);
        for packet in &packets {
            prop_assert!(matches!(IpPacket::parse(packet.clone()), IpPacket::Other(_)));
        }
        prop_assert_eq!(out, packets);
    }
}
