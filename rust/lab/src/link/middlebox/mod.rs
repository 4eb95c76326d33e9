//! Middleboxes: what stands on real paths and changes TCP segments.
//!
//! Each sees both directions of a path. Packets that are not whole, intact TCP segments pass through
//! untouched, and checksums are made right after a change. One line configures one box: its name, a
//! colon, and settings of its own mixed with those of [`SelectorSpec`](super::SelectorSpec), for
//! example `strip:on=syn,kind=30`, `drop:on=syn,subtype=1,dir=ab` or `split:rate=20%`.

mod coalesce;
mod corrupt;
mod discard;
mod nat;
mod sequence;
mod spec;
mod split;
mod strip;

use std::fmt::Debug;

use mptcp_core::time::Instant;

use super::{Direction, IpPacket, Segment};

pub use coalesce::Coalesce;
pub use corrupt::Corrupt;
pub use discard::Discard;
pub use nat::{Nat, NatSpec};
pub use sequence::{RewriteSequence, SequenceSpec};
pub use spec::{BoxKind, MiddleboxSpec};
pub use split::Split;
pub use strip::Strip;

/// Something on a path that sees every packet.
pub trait Middlebox: Debug + Send {
    /// A segment arrives. What goes on, now, in the same direction, is added to `out`: it alone,
    /// changed, several, or nothing.
    fn pass(&mut self, now: Instant, direction: Direction, segment: Segment, out: &mut Vec<Segment>);

    /// When [`Middlebox::release`] has something to let go.
    fn next_due(&self) -> Option<Instant> {
        None
    }

    /// Lets go of segments that were held back until `now`.
    fn release(&mut self, _now: Instant, _out: &mut Vec<(Direction, Segment)>) {}
}

/// The middleboxes of a path, in the order in which packets from A meet them.
#[derive(Debug)]
pub struct Chain {
    boxes: Vec<Box<dyn Middlebox>>,
}

impl Chain {
    /// Builds the boxes; each gets its own stream of random choices.
    #[must_use]
    pub fn new(specs: &[MiddleboxSpec], seed: u64) -> Self {
        let built = specs.iter().zip(1u64..);
        Chain { boxes: built.map(|(s, n)| s.build(seed.wrapping_add(n << 32))).collect() }
    }

    /// No boxes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// Takes one packet through all boxes.
    pub fn pass(&mut self, now: Instant, way: Direction, packet: IpPacket) -> Vec<IpPacket> {
        match packet {
            IpPacket::Other(_) => vec![packet],
            IpPacket::Tcp(segment) => self.pass_from(now, way, 0, vec![*segment]),
        }
    }

    /// When a box has something to let go.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.boxes.iter().filter_map(|b| b.next_due()).min()
    }

    /// Lets go of what boxes held back until `now`, through the boxes behind them.
    pub fn release(&mut self, now: Instant) -> Vec<(Direction, IpPacket)> {
        let mut released = Vec::new();
        for place in 0..self.boxes.len() {
            let mut out = Vec::new();
            self.boxes[place].release(now, &mut out);
            for (way, segment) in out {
                let passed = match way {
                    Direction::AToB => place + 1,
                    Direction::BToA => self.boxes.len() - place,
                };
                let packets = self.pass_from(now, way, passed, vec![segment]);
                released.extend(packets.into_iter().map(|p| (way, p)));
            }
        }
        released
    }

    /// Takes segments through the boxes of this direction but the first `skip`.
    fn pass_from(&mut self, now: Instant, way: Direction, skip: usize, mut segments: Vec<Segment>) -> Vec<IpPacket> {
        let count = self.boxes.len();
        for step in skip..count {
            let place = if way == Direction::AToB { step } else { count - 1 - step };
            let mut out = Vec::with_capacity(segments.len());
            for segment in segments {
                self.boxes[place].pass(now, way, segment, &mut out);
            }
            segments = out;
        }
        segments.into_iter().map(|s| IpPacket::Tcp(Box::new(s))).collect()
    }
}
