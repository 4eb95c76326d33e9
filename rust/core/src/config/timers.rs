//! How long to wait, how often to try again, when to give up.

use core::time::Duration;

/// The longest wait that a backoff may grow to, whatever is asked for.
const LONGEST: Duration = Duration::from_secs(3600);

/// A wait that doubles with each retry, and a number of retries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// The wait before the first retry.
    pub initial: Duration,
    /// No wait is longer.
    pub cap: Duration,
    /// How often it is tried again. Zero: never.
    pub retries: u8,
}

impl Backoff {
    /// The wait before the next retry where `done` retries have been made: `wait(0)` after the first
    /// attempt. `None` once all have been made; [`Backoff::last_wait`] says how long an answer to the last
    /// one may still take.
    #[must_use]
    pub fn wait(&self, done: u8) -> Option<Duration> {
        (done < self.retries).then(|| self.doubled(done))
    }

    /// How long an answer to the last retry is waited for.
    #[must_use]
    pub fn last_wait(&self) -> Duration {
        self.doubled(self.retries)
    }

    fn doubled(&self, times: u8) -> Duration {
        let factor = 1_u32.checked_shl(u32::from(times)).unwrap_or(u32::MAX);
        self.initial.saturating_mul(factor).min(self.cap).min(LONGEST)
    }
}

/// The waits of one VNET.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timers {
    /// ADD_ADDR until its echo comes (RFC 8684, 3.4.1). From 1 s with five retries an address is given up
    /// after about a minute. A first wait of 120 s, as elsewhere, leaves a short connection without its second
    /// path after one lost segment.
    pub add_addr: Backoff,
    /// MP_JOIN's third ACK until the fourth packet comes (RFC 8684, 3.2). A new path has no round trip yet: 300 ms
    /// is longer than most.
    pub join_ack: Backoff,
    /// Joining again over a path that was lost: the first wait begins when it is gone.
    pub rejoin: Backoff,
    /// How long a connection that the application has closed waits for its last DATA_ACK and for the
    /// peer's DATA_FIN.
    pub close: Duration,
    /// Timeouts in a row before a stalled subflow may be reset and joined again. At least 1. (A subflow is stalled, and
    /// gets no new data, from the first timeout on.)
    pub stale_loss_cnt: u8,
}

impl Timers {
    /// The defaults of a new VNET.
    pub const DEFAULT: Timers = Timers {
        add_addr: Backoff { initial: Duration::from_secs(1), cap: Duration::from_secs(64), retries: 5 },
        join_ack: Backoff { initial: Duration::from_millis(300), cap: Duration::from_secs(16), retries: 5 },
        rejoin: Backoff { initial: Duration::from_secs(1), cap: Duration::from_secs(64), retries: 10 },
        close: Duration::from_secs(60),
        stale_loss_cnt: 4,
    };
}
