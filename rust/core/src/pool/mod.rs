//! Memory that can fail: one byte budget per connection, charged before it is taken.
//!
//! Nothing in core may assume that an allocation succeeds. Every growing structure asks the
//! connection's [`Pool`]. The pool refuses when the budget is spent or the allocator fails. Then data is
//! not taken (the peer sends it again), no new map is granted, or a handshake falls back to plain TCP.
//!
//! **Locks.** A pool belongs to one connection and is used with that connection's MP_LOCK held.
//!
//! **Charging.** Vectors are charged by capacity, not by length. The pool only counts: dropping a
//! charged vector frees its memory but not its charge. Give it to [`Pool::release_vec`] instead.

mod grow;
#[cfg(any(test, feature = "testing"))]
mod refusal;
mod slab;
#[cfg(test)]
mod tests;

pub use slab::Slab;

use core::fmt;

/// A request for memory was refused; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory refused")
    }
}

impl core::error::Error for NoMemory {}

/// The memory budget of one connection, in bytes. Used under MP_LOCK.
#[derive(Debug)]
pub struct Pool {
    limit: usize,
    used: usize,
    peak: usize,
    refusals: u64,
    #[cfg(any(test, feature = "testing"))]
    injector: refusal::Injector,
}

impl Pool {
    /// A pool that grants at most `limit` bytes at a time.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            used: 0,
            peak: 0,
            refusals: 0,
            #[cfg(any(test, feature = "testing"))]
            injector: refusal::Injector::never(),
        }
    }

    /// The budget in bytes.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the budget to `limit` bytes. What is already charged stays charged, even beyond it.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Bytes charged now.
    #[must_use]
    pub const fn used(&self) -> usize {
        self.used
    }

    /// The most bytes that were ever charged at once.
    #[must_use]
    pub const fn peak(&self) -> usize {
        self.peak
    }

    /// How many requests were refused, for whatever reason.
    #[must_use]
    pub const fn refusals(&self) -> u64 {
        self.refusals
    }

    /// Charges `bytes` to the budget.
    ///
    /// # Errors
    /// [`NoMemory`] when the budget does not allow it; nothing is charged then.
    pub fn charge(&mut self, bytes: usize) -> Result<(), NoMemory> {
        #[cfg(any(test, feature = "testing"))]
        if self.injector.refuses() {
            return Err(self.refuse());
        }
        match self.used.checked_add(bytes) {
            Some(used) if used <= self.limit => {
                self.set_used(used);
                Ok(())
            }
            _ => Err(self.refuse()),
        }
    }

    /// Gives back `bytes` that were charged.
    pub fn release(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.used, "more released than was charged");
        self.used = self.used.saturating_sub(bytes);
    }

    /// Counts a refusal.
    const fn refuse(&mut self) -> NoMemory {
        self.refusals = self.refusals.saturating_add(1);
        NoMemory
    }

    fn set_used(&mut self, used: usize) {
        self.used = used;
        self.peak = self.peak.max(used);
    }
}

/// Making memory scarce on purpose, for tests.
#[cfg(any(test, feature = "testing"))]
impl Pool {
    /// The `n`-th request from now (0 is the next one) is refused, once.
    pub const fn refuse_nth(&mut self, n: u64) {
        self.injector.refuse_nth(n);
    }

    /// From now on about `per_mille` of every thousand requests are refused; the same `seed` refuses
    /// the same ones. 0 ends it.
    pub const fn refuse_randomly(&mut self, seed: u64, per_mille: u16) {
        self.injector.refuse_randomly(seed, per_mille);
    }
}
