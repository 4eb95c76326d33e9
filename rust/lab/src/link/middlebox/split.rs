//! Cuts a data segment in two, as segmentation offload and some proxies do.

use etherparse::IpHeaders;
use mptcp_core::time::Instant;
use rand::RngExt;

use super::Middlebox;
use crate::link::{Direction, Segment, Selector, SelectorSpec};

/// Splits selected segments; both halves carry all options.
#[derive(Debug)]
pub struct Split {
    at: usize,
    selector: Selector,
}

impl Split {
    /// `at`: payload bytes of the first half; 0: anywhere, at random. Segments too short to be
    /// split there stay whole.
    #[must_use]
    pub fn new(spec: SelectorSpec, at: usize, seed: u64) -> Self {
        Split { at, selector: Selector::new(spec, seed) }
    }

    /// Splits off the part of the payload behind the first `at` bytes.
    fn split(first: &mut Segment, at: usize) -> Segment {
        let mut second = first.clone();
        second.payload = first.payload.split_off(at);
        second.tcp.sequence_number = first.tcp.sequence_number.wrapping_add(at as u32);
        // The end belongs to the last part; "window reduced" is said once (RFC 3168, section 6.1.2).
        first.tcp.fin = false;
        first.tcp.psh = false;
        second.tcp.cwr = false;
        Self::split_urgent(first, &mut second, at);
        if let IpHeaders::Ipv4(header, _) = &mut second.ip {
            header.identification = header.identification.wrapping_add(1);
        }
        second
    }

    fn split_urgent(first: &mut Segment, second: &mut Segment, at: usize) {
        if !first.tcp.urg {
            return;
        }
        match usize::from(first.tcp.urgent_pointer).checked_sub(at) {
            Some(beyond) if beyond > 0 => second.tcp.urgent_pointer = beyond as u16,
            _ => {
                second.tcp.urg = false;
                second.tcp.urgent_pointer = 0;
            }
        }
    }
}

impl Middlebox for Split {
    fn pass(&mut self, now: Instant, way: Direction, mut segment: Segment, out: &mut Vec<Segment>) {
        let len = segment.payload.len();
        let selected = self.selector.selects(now, way, &segment);
        if !selected || segment.tcp.syn || segment.tcp.rst || len < 2 || self.at >= len {
            out.push(segment);
            return;
        }
        let at = if self.at == 0 { self.selector.rng().random_range(1..len) } else { self.at };
        let second = Self::split(&mut segment, at);
        out.push(segment);
        out.push(second);
    }
}
