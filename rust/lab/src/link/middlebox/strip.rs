//! Removes TCP options.

use mptcp_core::time::Instant;

use super::Middlebox;
use crate::link::selector::option_matches;
use crate::link::{Direction, Segment, Selector, SelectorSpec};

const NOP: u8 = 1;

/// Removes the options that the selector names (all MPTCP options if it names none) from the
/// segments that it selects.
#[derive(Debug)]
pub struct Strip {
    kind: Option<u8>,
    subtype: Option<u8>,
    shorten: bool,
    selector: Selector,
}

impl Strip {
    /// `shorten`: the header gets shorter; otherwise NOPs take the place of the options, as most
    /// real boxes do.
    #[must_use]
    pub fn new(mut spec: SelectorSpec, shorten: bool, seed: u64) -> Self {
        if spec.kind.is_none() {
            spec.kind = Some(30);
        }
        let (kind, subtype) = (spec.kind, spec.subtype);
        Strip { kind, subtype, shorten, selector: Selector::new(spec, seed) }
    }

    fn strip(&self, segment: &mut Segment) {
        let mut area = segment.tcp.options.as_slice().to_vec();
        // From the back, so that the places of the others stay right.
        for (kind, at) in segment.options().into_iter().rev() {
            if !option_matches(&area[at.clone()], kind, self.kind, self.subtype) {
                continue;
            }
            if self.shorten {
                area.drain(at);
            } else {
                area[at].fill(NOP);
            }
        }
        segment.set_options(&area);
    }
}

impl Middlebox for Strip {
    fn pass(&mut self, now: Instant, way: Direction, mut segment: Segment, out: &mut Vec<Segment>) {
        if self.selector.selects(now, way, &segment) {
            self.strip(&mut segment);
        }
        out.push(segment);
    }
}
