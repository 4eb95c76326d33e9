//! MP_FAIL, repeated at intervals that double (RFC 8684 section 3.7): the segment that carries it may be lost.

use core::time::Duration;
use mptcp_wire::{MpFail, MpOption};

/// The first interval.
pub(crate) const FAIL_REPEAT: Duration = Duration::from_millis(100);
/// MP_FAIL that asks for an infinite mapping goes out so often again; the last answer is awaited for 6.4 s.
const FAIL_ASKS: u8 = 6;

/// Counts the repetitions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeats {
    done: u8,
    most: u8,
}

impl Repeats {
    pub(super) const fn new(most: u8) -> Self {
        Repeats { done: 0, most }
    }

    /// An interval is over. Returns the next one, or `None` after the last.
    pub(super) fn next(&mut self) -> Option<Duration> {
        if self.done >= self.most {
            return None;
        }
        self.done = self.done.saturating_add(1);
        Some(FAIL_REPEAT.saturating_mul(2_u32.saturating_pow(u32::from(self.done))))
    }
}

/// A checksum failed on the only subflow: the peer's infinite mapping is awaited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failing {
    dsn: u64,
    repeats: Repeats,
}

impl Failing {
    /// The data at `dsn` is damaged.
    pub(crate) const fn new(dsn: u64) -> Self {
        Failing { dsn, repeats: Repeats::new(FAIL_ASKS) }
    }

    /// MP_FAIL, which goes out with everything.
    pub(crate) const fn option(&self) -> MpOption {
        MpOption::Fail(MpFail { dsn: self.dsn })
    }

    /// No answer came for one interval. Returns the next interval, or `None` where none is awaited any more.
    pub(crate) fn repeat(&mut self) -> Option<Duration> {
        self.repeats.next()
    }
}
