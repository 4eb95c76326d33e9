//! Changes payload as an application-level gateway does: the TCP checksum is right afterwards.

use mptcp_core::time::Instant;
use rand::RngExt;

use super::Middlebox;
use crate::link::{Direction, Segment, Selector, SelectorSpec};

/// Changes one payload byte of each selected segment.
#[derive(Debug)]
pub struct Corrupt {
    selector: Selector,
}

impl Corrupt {
    /// A box that changes the segments which `spec` selects; those without payload stay as they are.
    #[must_use]
    pub fn new(spec: SelectorSpec, seed: u64) -> Self {
        Corrupt { selector: Selector::new(spec, seed) }
    }
}

impl Middlebox for Corrupt {
    fn pass(&mut self, now: Instant, way: Direction, mut segment: Segment, out: &mut Vec<Segment>) {
        if self.selector.selects(now, way, &segment) && !segment.payload.is_empty() {
            let place = self.selector.rng().random_range(0..segment.payload.len());
            let flip = self.selector.rng().random_range(1..=u8::MAX);
            segment.payload[place] ^= flip;
        }
        out.push(segment);
    }
}
