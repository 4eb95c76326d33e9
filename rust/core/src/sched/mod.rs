//! The packet scheduler: which subflow may map how many of the unmapped bytes.
//!
//! CAIA's `mp_get_map()` asks the scheduler whenever a subflow could send and holds no unsent map. A scheduler sees
//! the paths and the send buffer, decides on a number of bytes, and keeps no bytes and no clock.

mod min_rtt;
mod round_robin;

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

/// How many bytes the subflow `me` may map now, of the `want` that its TCP could take. `paths` are those that may
/// carry data at present (backups only where nothing else works), `me` among them. Zero: leave them to the others.
pub fn share(
    kind: SchedulerKind,
    me: &PathView,
    paths: &mut dyn Iterator<Item = PathView>,
    buffer: &BufferView,
    want: u64,
) -> u64 {
    let share = match kind {
        SchedulerKind::MinRtt => min_rtt::share(me, paths, buffer, want),
        SchedulerKind::RoundRobin => round_robin::share(me, paths, buffer, want),
    };
    share.min(buffer.mappable).min(want)
}

#[cfg(test)]
mod tests;
