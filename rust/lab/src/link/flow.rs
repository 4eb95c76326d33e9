//! What a middlebox remembers of each TCP connection that crosses it.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::{Direction, Segment};

/// A TCP connection as seen on a path: the address and port on A's side, and on B's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FlowKey {
    /// Address and port on the side of A.
    pub a: SocketAddr,
    /// Address and port on the side of B.
    pub b: SocketAddr,
}

impl FlowKey {
    /// The flow of a segment that goes this way.
    #[must_use]
    pub fn of(direction: Direction, segment: &Segment) -> Self {
        match direction {
            Direction::AToB => FlowKey { a: segment.source(), b: segment.destination() },
            Direction::BToA => FlowKey { a: segment.destination(), b: segment.source() },
        }
    }
}

/// What a segment is to its connection. The first that fits, from the top.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SegmentKind {
    /// RST set.
    Rst,
    /// SYN without ACK.
    Syn,
    /// SYN with ACK.
    SynAck,
    /// Carries payload.
    Data,
    /// FIN without payload.
    Fin,
    /// The first ACK without payload by the host that sent the SYN.
    ThirdAck,
    /// Any other ACK without payload.
    Ack,
}

#[derive(Debug, Default)]
struct Flow {
    /// The side that sent the SYN, once seen.
    initiator: Option<Direction>,
    acked: bool,
    /// Per direction: sequence number after the highest payload seen.
    next: [Option<u32>; 2],
    /// Per direction: payload bytes seen, retransmissions not counted.
    payload: [u64; 2],
}

/// The connections that one middlebox has seen.
#[derive(Debug, Default)]
pub(super) struct FlowTable {
    flows: HashMap<FlowKey, Flow>,
}

/// Above this the table forgets everything, as an overloaded middlebox would.
const MAX_FLOWS: usize = 65_536;

impl FlowTable {
    /// Classifies a segment, and tells how many payload bytes its connection had carried before
    /// it, in the direction that carried more.
    pub(super) fn see(&mut self, direction: Direction, segment: &Segment) -> (SegmentKind, u64) {
        let key = FlowKey::of(direction, segment);
        if self.flows.len() >= MAX_FLOWS && !self.flows.contains_key(&key) {
            self.flows.clear();
        }
        let flow = self.flows.entry(key).or_default();
        let tcp = &segment.tcp;
        if tcp.syn && !tcp.ack && !tcp.rst && flow.isn_differs(direction, tcp.sequence_number) {
            *flow = Flow { initiator: Some(direction), ..Flow::default() };
        }
        let carried = flow.payload.into_iter().max().unwrap_or(0);
        let kind = flow.kind(direction, segment);
        flow.advance(direction, segment);
        (kind, carried)
    }
}

impl Flow {
    fn isn_differs(&self, direction: Direction, isn: u32) -> bool {
        self.initiator != Some(direction)
            || self.payload != [0, 0]
            || self.next[direction.index()] != Some(isn.wrapping_add(1))
    }

    fn kind(&mut self, direction: Direction, segment: &Segment) -> SegmentKind {
        let tcp = &segment.tcp;
        match (tcp.rst, tcp.syn, tcp.ack) {
            (true, _, _) => SegmentKind::Rst,
            (false, true, false) => SegmentKind::Syn,
            (false, true, true) => SegmentKind::SynAck,
            _ if !segment.payload.is_empty() => SegmentKind::Data,
            _ if tcp.fin => SegmentKind::Fin,
            _ if self.initiator == Some(direction) && !self.acked => {
                self.acked = true;
                SegmentKind::ThirdAck
            }
            _ => SegmentKind::Ack,
        }
    }

    fn advance(&mut self, direction: Direction, segment: &Segment) {
        if segment.tcp.rst {
            return;
        }
        let way = direction.index();
        let end = segment.end();
        match self.next[way] {
            None => {
                self.next[way] = Some(end);
                self.payload[way] += segment.payload.len() as u64;
            }
            Some(next) => {
                // The distance as a signed number: negative for old data (RFC 9293, section 3.4).
                let ahead = end.wrapping_sub(next) as i32;
                if ahead > 0 {
                    self.payload[way] += ahead as u64;
                    self.next[way] = Some(end);
                }
            }
        }
    }
}
