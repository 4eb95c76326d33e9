//! The data-level retransmission timeout: when it is due, how far it has backed off, and when a silent peer is given up.
//!
//! RFC 8684 section 3.3.6 leaves the times to the implementation. What is sent again is in [`crate::reinject`]. A connection that
//! has fallen back has none of this: its TCP recovers. Under MP_LOCK.

use crate::time::Instant;
use core::time::Duration;

/// Bounds of the timeout.
const RTO_MIN: Duration = Duration::from_millis(300);
const RTO_MAX: Duration = Duration::from_secs(60);
/// The timeout where no round trip was measured.
const RTO_UNMEASURED: Duration = Duration::from_millis(1000);
/// Timeouts in a row, without any DATA_ACK, after which the peer is taken to be gone.
const SILENT: u8 = 12;
/// Where to stop doubling; [`RTO_MAX`] is reached before.
const MOST_DOUBLINGS: u8 = 16;

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Recovery {
    /// Data below this was outstanding at the last timeout that sent data again.
    recover: u64,
    backoff: u8,
    /// When the last DATA_ACK moved.
    heard: Instant,
    /// Timeouts since the last valid DATA_ACK of any kind.
    silent: u8,
}

/// What an expired timer means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Expired {
    /// There was a DATA_ACK since the timer was set: it is due at this time.
    Early(Instant),
    /// No DATA_ACK for too long: send again.
    Late,
    /// The peer is gone.
    PeerGone,
}

impl Recovery {
    pub(crate) const fn new() -> Self {
        Recovery { recover: 0, backoff: 0, heard: Instant::ZERO, silent: 0 }
    }

    /// A valid DATA_ACK came, new or not: the peer lives.
    pub(crate) const fn heard(&mut self) {
        self.silent = 0;
    }

    /// A DATA_ACK has moved. Returns whether the timeout had been backed off.
    pub(crate) const fn advanced(&mut self, now: Instant) -> bool {
        self.heard = now;
        self.begin_anew()
    }

    /// What made the timeouts long is over: a DATA_ACK has moved, or the TCP of a silent path acknowledges again. Returns whether
    /// the timeout had been backed off.
    pub(crate) const fn begin_anew(&mut self) -> bool {
        core::mem::replace(&mut self.backoff, 0) > 0
    }

    /// A subflow has come up: its handshake shows that the peer lives, as a DATA_ACK does. Returns whether the timeout had been
    /// backed off.
    pub(crate) const fn joined(&mut self) -> bool {
        self.heard();
        self.begin_anew()
    }

    /// How long after the last DATA_ACK the timeout is due; `rtt`: the slowest subflow's round trip with its spread.
    pub(crate) fn timeout(&self, rtt: Option<Duration>) -> Duration {
        let factor = 1_u32.checked_shl(u32::from(self.backoff)).unwrap_or(u32::MAX);
        once(rtt).saturating_mul(factor).min(RTO_MAX)
    }

    /// The timer has expired while something is outstanding.
    pub(crate) fn expired(&mut self, rtt: Option<Duration>, now: Instant) -> Expired {
        let due = self.heard + self.timeout(rtt);
        if now < due {
            return Expired::Early(due);
        }
        if self.silent >= SILENT {
            return Expired::PeerGone;
        }
        self.silent = self.silent.saturating_add(1);
        Expired::Late
    }

    /// Timeouts since the last valid DATA_ACK.
    pub(crate) const fn silent(&self) -> u8 {
        self.silent
    }

    /// Timeouts since a DATA_ACK moved.
    pub(crate) const fn backoff(&self) -> u8 {
        self.backoff
    }

    /// The next timeout comes later.
    pub(crate) fn back_off(&mut self) {
        self.backoff = self.backoff.saturating_add(1).min(MOST_DOUBLINGS);
    }

    /// What lies below `nxt` is sent again where no subflow carries it.
    pub(crate) const fn begin(&mut self, nxt: u64) {
        self.recover = nxt;
    }

    /// Whether data at `una` was outstanding at the last timeout.
    pub(crate) const fn is_recovering(&self, una: u64) -> bool {
        una < self.recover
    }
}

/// The wait without back-off. The persist timer's as well.
pub(crate) fn once(rtt: Option<Duration>) -> Duration {
    rtt.map_or(RTO_UNMEASURED, |rtt| rtt.saturating_mul(2).max(RTO_MIN))
}

#[cfg(test)]
mod tests;
