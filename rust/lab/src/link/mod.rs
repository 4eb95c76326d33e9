//! Emulated links and the middleboxes on them: pure, deterministic, without clock and I/O.
//!
//! A [`Link`] carries packets one way at a rate, with delay, jitter, loss, reordering, duplication, a
//! queue of bounded length, and cuts. A [`Path`] is two links and the middleboxes between two hosts.
//! Packets are raw IP packets (IPv4 or IPv6, no link header) in a `Vec<u8>`; time is an argument.
//!
//! Order of use, the same in the simulator and on real devices (the bridge):
//!
//! 1. [`Path::push`] each packet that a host sent, with the time at which it did;
//! 2. [`Path::poll`] until it returns `None`, handing each packet to the host it is meant for;
//! 3. sleep until [`Path::next_due`] or the next packet, whichever comes first.
//!
//! The same configuration, seed and calls give the same packets, byte for byte and microsecond for
//! microsecond.

mod config;
mod counters;
mod flow;
pub mod middlebox;
mod one_way;
mod outage;
mod path;
mod segment;
mod selector;

pub use config::{ConfigError, LinkConfig, PPM};
pub use counters::{LinkCounters, LinkReport, Series};
pub use flow::{FlowKey, SegmentKind};
pub use one_way::Link;
pub use outage::Outages;
pub use path::{Path, PathConfig};
pub use segment::{IpPacket, Segment};
pub use selector::{Selector, SelectorSpec};

/// The generator behind every random choice of a link; its stream is part of a seed's meaning.
pub type LinkRng = rand_pcg::Pcg64Mcg;

/// The way a packet goes on a path between host A and host B.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From A to B.
    AToB,
    /// From B to A.
    BToA,
}

impl Direction {
    /// Both, in the order in which arrays here are indexed.
    pub const BOTH: [Direction; 2] = [Direction::AToB, Direction::BToA];

    /// The other way.
    #[must_use]
    pub const fn reverse(self) -> Direction {
        match self {
            Direction::AToB => Direction::BToA,
            Direction::BToA => Direction::AToB,
        }
    }

    /// 0 for A to B, 1 for B to A.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}
