//! The packet scheduler: which subflow may map how many of the unmapped bytes.
//!
//! `mp_get_map()` (CAIA's name) asks the scheduler whenever a subflow could send and holds no unsent map. A scheduler sees
//! the paths and the send buffer. It decides how many bytes the subflow gets, or which subflow they are left to. It has
//! no state and no clock.

mod policy;

use crate::config::SchedulerKind;
use core::time::Duration;

/// A path as schedulers see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathView {
    /// Which subflow.
    pub id: crate::subflow::SubflowId,
    /// Smoothed round-trip time; zero while unmeasured.
    pub srtt: Duration,
    /// Congestion window, bytes.
    pub cwnd: u64,
    /// Bytes mapped and not acknowledged.
    pub in_flight: u64,
    /// Maximum segment payload, bytes.
    pub mss: u64,
}

impl PathView {
    /// Bytes that the congestion window still admits.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.cwnd.saturating_sub(self.in_flight)
    }
}

/// The send buffer as schedulers see it. All in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BufferView {
    /// No map covers them yet.
    pub unmapped: u64,
    /// Of these, what the peer's window admits.
    pub mappable: u64,
    /// Logical occupancy (`sb_cc`).
    pub sb_cc: u64,
    /// Capacity (`sb_hiwat`).
    pub sb_hiwat: u64,
}

/// What a scheduler decides for the subflow that asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// It may map so many bytes now.
    Bytes(u64),
    /// The bytes are left to this one, which has to be asked for output: it may be idle, with nothing to wake it.
    LeaveTo(crate::subflow::SubflowId),
}

/// How many bytes the subflow `me` may map now, of the `want` that its TCP could take. `paths` are those that may
/// carry data at present (backups only where nothing else works), `me` among them. Who is left the bytes is never
/// told to leave them in turn while `paths` stay as they are.
pub fn share(
    kind: SchedulerKind,
    me: &PathView,
    paths: &mut dyn Iterator<Item = PathView>,
    buffer: &BufferView,
    want: u64,
) -> Share {
    let share = match kind {
        SchedulerKind::MinRtt => policy::min_rtt(me, paths, buffer, want),
        SchedulerKind::RoundRobin => Share::Bytes(policy::round_robin(me, paths, buffer, want)),
    };
    match share {
        Share::Bytes(bytes) => Share::Bytes(bytes.min(buffer.mappable).min(want)),
        Share::LeaveTo(_) => share,
    }
}

#[cfg(test)]
mod tests;
