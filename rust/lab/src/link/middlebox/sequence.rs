//! Rewrites sequence numbers, as firewalls do that "randomise" initial sequence numbers.

use std::collections::HashMap;

use mptcp_core::time::Instant;
use rand::{RngExt, SeedableRng};

use super::Middlebox;
use crate::link::{Direction, FlowKey, LinkRng, Segment};

const KIND_SACK: u8 = 5;

/// How sequence numbers are rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceSpec {
    /// Added to A's sequence numbers; `None`: random for each connection.
    pub offset_a: Option<u32>,
    /// Added to B's sequence numbers.
    pub offset_b: Option<u32>,
    /// Whether SACK blocks are rewritten too; boxes that forget them make SACK useless.
    pub fix_sack: bool,
}

impl Default for SequenceSpec {
    /// Random offsets both ways, SACK rewritten.
    fn default() -> Self {
        SequenceSpec { offset_a: None, offset_b: None, fix_sack: true }
    }
}

/// Moves the sequence numbers of each connection whose SYN it has seen by an offset per direction.
#[derive(Debug)]
pub struct RewriteSequence {
    spec: SequenceSpec,
    rng: LinkRng,
    offsets: HashMap<FlowKey, [u32; 2]>,
}

impl RewriteSequence {
    /// A box that rewrites every connection.
    #[must_use]
    pub fn new(spec: SequenceSpec, seed: u64) -> Self {
        RewriteSequence { spec, rng: LinkRng::seed_from_u64(seed), offsets: HashMap::new() }
    }

    /// The offsets of a segment's connection. A SYN starts one if it is not known yet, so that its
    /// retransmissions and a later connection on the same ports keep the same offsets.
    fn offsets(&mut self, way: Direction, segment: &Segment) -> Option<[u32; 2]> {
        let key = FlowKey::of(way, segment);
        if segment.tcp.syn && !self.offsets.contains_key(&key) {
            let random: [u32; 2] = [self.rng.random(), self.rng.random()];
            let a = self.spec.offset_a.unwrap_or(random[0]);
            let b = self.spec.offset_b.unwrap_or(random[1]);
            self.offsets.insert(key, [a, b]);
        }
        self.offsets.get(&key).copied()
    }

    fn rewrite_sack(segment: &mut Segment, offset: u32) {
        let mut area = segment.tcp.options.as_slice().to_vec();
        for (kind, at) in segment.options() {
            if kind != KIND_SACK {
                continue;
            }
            for edge in area[at.start + 2..at.end].as_chunks_mut::<4>().0 {
                *edge = u32::from_be_bytes(*edge).wrapping_sub(offset).to_be_bytes();
            }
        }
        segment.set_options(&area);
    }
}

impl Middlebox for RewriteSequence {
    fn pass(&mut self, _: Instant, way: Direction, mut segment: Segment, out: &mut Vec<Segment>) {
        if let Some(offsets) = self.offsets(way, &segment) {
            let own = offsets[way.index()];
            let other = offsets[way.reverse().index()];
            let tcp = &mut segment.tcp;
            // A RST without ACK answers with a sequence number taken from an ACK of the other
            // side: it lies in this side's own numbers all the same.
            tcp.sequence_number = tcp.sequence_number.wrapping_add(own);
            if tcp.ack {
                tcp.acknowledgment_number = tcp.acknowledgment_number.wrapping_sub(other);
            }
            if self.spec.fix_sack {
                Self::rewrite_sack(&mut segment, other);
            }
        }
        out.push(segment);
    }
}
