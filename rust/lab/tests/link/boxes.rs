//! What each middlebox does to single segments.

use mptcp_core::time::Instant;
use mptcp_lab::link::middlebox::Chain;
use mptcp_lab::link::{Direction, IpPacket, Segment};
use proptest::prelude::*;

use crate::{chain, identification, intact, segment, syn, syn_ack, through};

const AB: Direction = Direction::AToB;
const BA: Direction = Direction::BToA;
/// Timestamps, then an MPTCP option of subtype 2 (DSS).
const OPTIONS: [u8; 16] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 30, 4, 0x20, 0x01];

fn kinds(segment: &Segment) -> Vec<u8> {
    segment.options().into_iter().map(|(kind, _)| kind).collect()
}

fn with_options(mut segment: Segment) -> Segment {
    segment.set_options(&OPTIONS);
    segment
}

/// The three segments of a handshake, MPTCP options on all, then data of A and of B.
fn connection() -> Vec<(Direction, Segment)> {
    let mut all = vec![
        (AB, syn(99)),
        (BA, syn_ack(499, 100)),
        (AB, segment(false, AB, 100, &[])),
        (AB, segment(false, AB, 100, &[])),
        (AB, segment(false, AB, 100, &[1; 600])),
        (BA, segment(false, BA, 500, &[2; 600])),
        (AB, segment(false, AB, 700, &[1; 600])),
        (BA, segment(false, BA, 1100, &[])),
    ];
    all.iter_mut().for_each(|(_, s)| s.set_options(&OPTIONS));
    all
}

/// Which segments of [`connection`] have lost their MPTCP option.
fn stripped_by(spec: &str) -> Vec<usize> {
    let mut chain = chain(&[spec], 1);
    let mut stripped = Vec::new();
    for (n, (way, s)) in connection().into_iter().enumerate() {
        let out = through(&mut chain, Instant::ZERO, way, &s);
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].payload, s.payload);
        match kinds(&out[0])[..] {
            [8, 30] => {}
            [8] => stripped.push(n),
            ref other => panic!("timestamps must stay: {other:?}"),
        }
    }
    stripped
}

#[test]
fn options_are_stripped_where_told() {
    assert_eq!(stripped_by("strip:on=syn"), [0]);
    assert_eq!(stripped_by("strip:on=synack"), [1]);
    assert_eq!(stripped_by("strip:on=thirdack"), [2]);
    assert_eq!(stripped_by("strip:on=ack"), [3, 7]);
    assert_eq!(stripped_by("strip:on=data,dir=ba"), [5]);
    assert_eq!(stripped_by("strip:after=600"), [5, 6, 7]);
    assert_eq!(stripped_by("strip:subtype=2,limit=2"), [0, 1]);
    assert_eq!(stripped_by("strip:subtype=1"), [0usize; 0]);
    assert_eq!(stripped_by("strip:nth=4"), [3, 7]);
    assert_eq!(stripped_by("strip:from=1s"), [0usize; 0]);
    assert_eq!(stripped_by("strip:until=1s,on=syn+synack"), [0, 1]);
}

#[test]
fn stripping_keeps_or_shortens_the_header() {
    let s = with_options(segment(true, AB, 1, b"data"));
    let kept = through(&mut chain(&["strip"], 1), Instant::ZERO, AB, &s);
    assert_eq!(kept[0].packet_len(), s.packet_len());
    let short = through(&mut chain(&["strip:shorten"], 1), Instant::ZERO, AB, &s);
    assert_eq!(short[0].packet_len(), s.packet_len() - 4);
    let all = through(&mut chain(&["strip:kind=8", "strip"], 1), Instant::ZERO, AB, &s);
    assert_eq!(kinds(&all[0]), [0u8; 0]);
}

#[test]
fn join_syns_are_dropped_and_others_pass() {
    let mut c = chain(&["drop:on=syn,subtype=1"], 1);
    let mut join = syn(5);
    join.set_options(&[30, 12, 0x10, 2, 1, 1, 1, 1, 2, 2, 2, 2]);
    assert!(through(&mut c, Instant::ZERO, AB, &join).is_empty());
    let mut capable = syn(5);
    capable.set_options(&[30, 4, 0x01, 0x01]);
    assert_eq!(through(&mut c, Instant::ZERO, AB, &capable).len(), 1);
}

#[test]
fn flags_of_a_split_segment_stay_where_they_belong() {
    let mut s = with_options(segment(false, AB, u32::MAX, &[5; 1000]));
    (s.tcp.fin, s.tcp.psh, s.tcp.cwr) = (true, true, true);
    (s.tcp.urg, s.tcp.urgent_pointer) = (true, 700);
    let out = through(&mut chain(&["split:at=600"], 1), Instant::ZERO, AB, &s);
    let [first, second] = &out[..] else { panic!("{}", out.len()) };
    assert_eq!((first.payload.len(), second.payload.len()), (600, 400));
    assert_eq!(second.tcp.sequence_number, 599);
    assert_eq!((first.tcp.fin, first.tcp.psh, first.tcp.cwr), (false, false, true));
    assert_eq!((second.tcp.fin, second.tcp.psh, second.tcp.cwr), (true, true, false));
    assert_eq!(second.tcp.urgent_pointer, 100);
    assert_eq!(kinds(first), kinds(second));
    assert_ne!(identification(first), identification(second));
    assert_eq!(second.end(), s.end());
}

#[test]
fn contiguous_segments_are_joined() {
    let mut c = chain(&["coalesce:max=4000,hold=2ms"], 1);
    let first = with_options(segment(false, AB, 100, &[1; 500]));
    let mut second = segment(false, AB, 600, &[2; 300]);
    (second.tcp.fin, second.tcp.psh) = (true, true);
    second.tcp.acknowledgment_number = 888;
    assert!(through(&mut c, Instant::ZERO, AB, &first).is_empty());
    assert_eq!(c.next_due(), Some(Instant::from_millis(2)));
    let out = through(&mut c, Instant::from_millis(1), AB, &second);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].payload, [[1; 500].as_slice(), &[2; 300]].concat());
    assert_eq!(kinds(&out[0]), [8, 30], "the options of the first are kept");
    assert_eq!(out[0].tcp.acknowledgment_number, 888);
    assert!(out[0].tcp.fin && out[0].tcp.psh);
    assert_eq!(c.next_due(), None);
}

#[test]
fn what_does_not_continue_is_not_joined() {
    let mut c = chain(&["coalesce:hold=2ms"], 1);
    let first = segment(false, AB, 100, &[1; 500]);
    let gap = segment(false, AB, 601, &[2; 300]);
    assert!(through(&mut c, Instant::ZERO, AB, &first).is_empty());
    let out = through(&mut c, Instant::ZERO, AB, &gap);
    assert_eq!(out, [first], "the second is held now");
    assert!(through(&mut c, Instant::ZERO, BA, &segment(false, BA, 9, &[3; 9])).is_empty());
    let released = c.release(Instant::from_millis(2));
    assert_eq!(released.iter().map(|(way, _)| *way).collect::<Vec<_>>(), [AB, BA]);
    assert_eq!(intact(released[0].1.clone()), gap);
}

#[test]
fn sequence_numbers_are_rewritten_both_ways() {
    let mut c = chain(&["sequence:a=1000,b=4294967295"], 1);
    let out = through(&mut c, Instant::ZERO, AB, &syn(99));
    assert_eq!((out[0].tcp.sequence_number, out[0].tcp.acknowledgment_number), (1099, 0));
    let out = through(&mut c, Instant::ZERO, BA, &syn_ack(0, 1100));
    assert_eq!(out[0].tcp.sequence_number, u32::MAX);
    assert_eq!(out[0].tcp.acknowledgment_number, 100);
    let mut ack = segment(false, BA, 1, &[]);
    ack.tcp.acknowledgment_number = 1100;
    ack.set_options(&[1, 1, 5, 10, 0, 0, 8, 0, 0, 0, 12, 0]);
    let out = through(&mut c, Instant::ZERO, BA, &ack);
    let blocks = [(2048u32 - 1000).to_be_bytes(), (3072u32 - 1000).to_be_bytes()].concat();
    assert_eq!(out[0].tcp.options.as_slice()[4..], blocks);
    let mut careless = chain(&["sequence:a=1000,b=0,keep_sack"], 1);
    through(&mut careless, Instant::ZERO, AB, &syn(99));
    let out = through(&mut careless, Instant::ZERO, BA, &ack);
    assert_eq!(out[0].tcp.options.as_slice(), ack.tcp.options.as_slice());
    assert_eq!(out[0].tcp.acknowledgment_number, 100);
}

#[test]
fn connections_without_a_syn_keep_their_numbers() {
    let mut c = chain(&["sequence"], 1);
    let s = segment(false, AB, 5, b"data");
    assert_eq!(through(&mut c, Instant::ZERO, AB, &s), [s]);
}

#[test]
fn nat_translates_both_ways() {
    let mut c = chain(&["nat:v4=192.0.2.7,idle=10s"], 1);
    let out = through(&mut c, Instant::ZERO, AB, &syn(1));
    let public = out[0].source();
    assert_eq!(public.ip().to_string(), "192.0.2.7");
    assert_eq!(out[0].destination(), syn(1).destination());
    let mut back = syn_ack(1, 2);
    back.set_destination(public);
    let returned = through(&mut c, Instant::ZERO, BA, &back);
    assert_eq!(returned[0].destination(), syn(1).source());
    // Another host, or another port of B, may not use the mapping.
    let mut stranger = back.clone();
    stranger.tcp.source_port = 81;
    assert!(through(&mut c, Instant::ZERO, BA, &stranger).is_empty());
    // The mapping is kept while used and forgotten when idle.
    let later = Instant::from_millis(9_999);
    assert_eq!(through(&mut c, later, BA, &back).len(), 1);
    assert!(through(&mut c, Instant::from_millis(20_000), BA, &back).is_empty());
    let again = through(&mut c, Instant::from_millis(20_000), AB, &segment(false, AB, 2, b"x"));
    assert_ne!(again[0].source(), public);
    // A family without a public address is not translated.
    let six = segment(true, AB, 1, b"x");
    assert_eq!(through(&mut c, Instant::ZERO, AB, &six), [six]);
}

#[test]
fn boxes_are_met_in_order_from_either_side() {
    // Seen from A: NAT first, so that a box behind it sees the public address only.
    let mut c = chain(&["nat:v4=192.0.2.7", "sequence:a=1,b=1"], 1);
    let out = through(&mut c, Instant::ZERO, AB, &syn(1));
    let mut back = syn_ack(1, 3);
    back.set_destination(out[0].source());
    let returned = through(&mut c, Instant::ZERO, BA, &back);
    assert_eq!(returned[0].tcp.acknowledgment_number, 2, "the flow is known by its public address");
    assert_eq!(returned[0].destination(), syn(1).source());
}

#[test]
fn corruption_changes_one_byte_under_a_correct_checksum() {
    let mut c = chain(&["corrupt:nth=2"], 3);
    let s = segment(true, AB, 1, &[7; 400]);
    assert_eq!(through(&mut c, Instant::ZERO, AB, &s), std::slice::from_ref(&s));
    let out = through(&mut c, Instant::ZERO, AB, &s);
    let changed = out[0].payload.iter().filter(|b| **b != 7).count();
    assert_eq!((out.len(), out[0].payload.len(), changed), (1, 400, 1));
}

#[test]
fn other_packets_pass_every_box() {
    let specs = ["strip", "split", "coalesce", "sequence", "nat:v4=192.0.2.7", "corrupt", "drop"];
    let mut c: Chain = chain(&specs, 1);
    let mut bytes = segment(false, AB, 1, b"payload").emit();
    bytes[9] = 17;
    let out = c.pass(Instant::ZERO, AB, IpPacket::parse(bytes.clone()));
    assert_eq!(out, [IpPacket::Other(bytes)]);
}

proptest! {
    #[test]
    fn splitting_keeps_every_byte_in_place(v6: bool, seq: u32, seed: u64, fin: bool,
            payload in prop::collection::vec(any::<u8>(), 0..1400)) {
        let mut s = with_options(segment(v6, AB, seq, &payload));
        s.tcp.fin = fin;
        let mut c = chain(&["split", "split", "split:at=100"], seed);
        let mut next = seq;
        let mut got = Vec::new();
        let out = through(&mut c, Instant::ZERO, AB, &s);
        prop_assert!(payload.len() < 2 || out.len() >= 2);
        for part in &out {
            prop_assert_eq!(part.tcp.sequence_number, next);
            next = part.end();
            got.extend_from_slice(&part.payload);
            prop_assert_eq!(part.tcp.options.as_slice(), &OPTIONS[..]);
        }
        prop_assert_eq!(got, payload);
        prop_assert_eq!(next, s.end());
    }
}
