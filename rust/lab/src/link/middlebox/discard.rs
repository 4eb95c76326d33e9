//! Drops segments.

use mptcp_core::time::Instant;

use super::Middlebox;
use crate::link::{Direction, Segment, Selector, SelectorSpec};

/// Drops what the selector selects, for example every MP_JOIN SYN (`on=syn,subtype=1`).
#[derive(Debug)]
pub struct Discard {
    selector: Selector,
}

impl Discard {
    /// A box that drops what `spec` selects.
    #[must_use]
    pub fn new(spec: SelectorSpec, seed: u64) -> Self {
        Discard { selector: Selector::new(spec, seed) }
    }
}

impl Middlebox for Discard {
    fn pass(&mut self, now: Instant, way: Direction, segment: Segment, out: &mut Vec<Segment>) {
        if !self.selector.selects(now, way, &segment) {
            out.push(segment);
        }
    }
}
