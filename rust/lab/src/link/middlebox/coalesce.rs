//! Joins two contiguous data segments into one, as receive offload and some proxies do.

use std::collections::BTreeMap;
use std::time::Duration;

use mptcp_core::time::Instant;

use super::Middlebox;
use crate::link::{Direction, FlowKey, Segment, Selector, SelectorSpec};

/// Joins a selected data segment with the next of its connection and direction if that continues
/// it. The options of the first are kept, those of the second are lost.
#[derive(Debug)]
pub struct Coalesce {
    max_packet: usize,
    hold: Duration,
    selector: Selector,
    /// Segments that wait for the next, each with the time at which it is let go alone.
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    flow: FlowKey,
    direction: Direction,
    until: Instant,
    segment: Segment,
}

impl Coalesce {
    /// `max_packet`: bytes that a joined IP packet may have at most (not above 65,535); `hold`: how
    /// long a segment waits for the next.
    #[must_use]
    pub fn new(spec: SelectorSpec, max_packet: usize, hold: Duration, seed: u64) -> Self {
        let max_packet = max_packet.min(usize::from(u16::MAX));
        Coalesce { max_packet, hold, selector: Selector::new(spec, seed), held: Vec::new() }
    }

    fn joins(&self, first: &Segment, second: &Segment) -> bool {
        let ends = first.tcp.fin || first.tcp.urg || second.tcp.urg;
        let control = second.tcp.syn || second.tcp.rst || !second.tcp.ack;
        !ends
            && !control
            && !second.payload.is_empty()
            && second.tcp.sequence_number == first.end()
            && first.packet_len() + second.payload.len() <= self.max_packet
    }

    fn join(mut first: Segment, second: Segment) -> Segment {
        first.payload.extend_from_slice(&second.payload);
        first.tcp.acknowledgment_number = second.tcp.acknowledgment_number;
        first.tcp.window_size = second.tcp.window_size;
        first.tcp.fin |= second.tcp.fin;
        first.tcp.psh |= second.tcp.psh;
        first.tcp.ece |= second.tcp.ece;
        first.tcp.cwr |= second.tcp.cwr;
        first
    }
}

impl Middlebox for Coalesce {
    fn pass(&mut self, now: Instant, way: Direction, segment: Segment, out: &mut Vec<Segment>) {
        let flow = FlowKey::of(way, &segment);
        let selected = self.selector.selects(now, way, &segment);
        if let Some(i) = self.held.iter().position(|h| h.flow == flow && h.direction == way) {
            let first = self.held.remove(i).segment;
            if self.joins(&first, &segment) {
                out.push(Self::join(first, segment));
                return;
            }
            out.push(first);
        }
        let plain = segment.tcp.ack && !segment.tcp.syn && !segment.tcp.rst && !segment.tcp.fin;
        if selected && plain && !segment.payload.is_empty() {
            let until = now + self.hold;
            self.held.push(Held { flow, direction: way, until, segment });
        } else {
            out.push(segment);
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.held.iter().map(|h| h.until).min()
    }

    fn release(&mut self, now: Instant, out: &mut Vec<(Direction, Segment)>) {
        let mut due = BTreeMap::new();
        let held = std::mem::take(&mut self.held);
        for (n, h) in held.into_iter().enumerate() {
            if h.until <= now {
                due.insert((h.until, n), (h.direction, h.segment));
            } else {
                self.held.push(h);
            }
        }
        out.extend(due.into_values());
    }
}
