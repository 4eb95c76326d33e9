//! mp_do_reass(): data-level reassembly (RFC 8684 sections 3.3.1 and 3.3.2; CAIA report 130424A,
//! section III-B).
//!
//! In-order bytes of the subflows arrive here as pieces of data-sequence space and leave in data
//! order, each byte once. [`Reass`] keeps ranges, never bytes: a held range carries the caller's
//! opaque token (an mbuf chain in the kernel, a buffer's index in the lab). A token's bytes are never
//! split; the caller trims a new piece at its two ends and nothing more.
//!
//! **The caller's part**, for each piece, with MP_LOCK held:
//!
//! 1. [`Reass::arrive`] says what to do with the piece.
//! 2. After `Deliver` and `Hold`: [`Reass::next_superseded`] until `None`; free each token.
//! 3. `Deliver`: append the bytes to the receive buffer, then [`Reass::next_ready`] until `None`,
//!    appending each. `Hold`: [`Reass::hold`] the bytes under a token. Otherwise: free the piece.
//!
//! **Overlaps.** RFC 8684 section 3.3.1 leaves the choice to the receiver; data-level retransmissions
//! need not repeat the original division. A new piece loses its front to the range before it and its
//! tail to a range that reaches to its end or beyond. Held ranges that lie wholly inside what is left
//! of the new piece are superseded by it.
//!
//! **Sequence numbers.** DSNs are 64-bit, start at a random number and may wrap. Inside, positions are
//! offsets from the first expected DSN: these start at 0, do not wrap in 2^64 bytes, and are in plain
//! order. A DSN is taken as up to 2^63 - 1 ahead of `rcv_nxt`, or else as behind it.
//!
//! **Memory.** In-order data never needs any. With no memory out-of-order data is not taken, hence not
//! DATA_ACKed, and the peer sends it again.

#[cfg(test)]
mod tests;

use crate::pool::{NoMemory, Pool};
use crate::range_map::RangeMap;

/// What to do with a piece that arrived. Where a piece is taken, the three numbers are bytes of it:
/// drop `skip` at its front, use `len`, drop `cut` at its tail. They add up to the piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Placement {
    /// In order: goes to the application now. `rcv_nxt` has advanced past it.
    Deliver {
        /// Bytes at the front that were delivered before.
        skip: u32,
        /// Bytes to deliver; never 0.
        len: u32,
        /// Bytes at the tail that are held already or beyond the window.
        cut: u32,
    },
    /// Ahead of a gap. Memory is reserved; the caller calls [`Reass::hold`] next.
    Hold {
        /// Bytes at the front that are held or were delivered already.
        skip: u32,
        /// Bytes to hold; never 0.
        len: u32,
        /// Bytes at the tail that are held already or beyond the window.
        cut: u32,
    },
    /// Every byte that may be taken is there already, or the piece is empty.
    Duplicate,
    /// Wholly beyond the shared receive window; not taken.
    BeyondWindow,
    /// No memory to hold it; not taken.
    NoMemory,
}

/// A held range that has become in-order: drop `skip` bytes of the token's front, deliver `len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The token that was given to [`Reass::hold`].
    pub token: u64,
    /// Bytes at the front that were delivered in the meantime. Only a caller that left
    /// [`Reass::next_superseded`] out sees other than 0.
    pub skip: u32,
    /// Bytes to deliver; 0 means that the token is to be freed.
    pub len: u32,
}

/// The range was not held; the token is the caller's again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHeld(
    /// The token that was to be held.
    pub u64,
);

/// The data-level receive sequence of one connection. Used under MP_LOCK.
#[derive(Debug)]
pub struct Reass {
    /// The DSN of offset 0.
    first_dsn: u64,
    /// Offset of `rcv_nxt`.
    nxt: u64,
    held: RangeMap<u64>,
    /// Offsets of the piece placed last, while held ranges inside it wait for next_superseded().
    superseding: Option<(u64, u64)>,
}

/// A piece in offsets, and what becomes of it: [start, end) is the part to take.
struct Plan {
    start: u64,
    end: u64,
    placement: Placement,
}

impl Reass {
    /// Nothing received yet; `rcv_nxt` is the first DSN expected (the IDSN plus one).
    #[must_use]
    pub const fn new(rcv_nxt: u64) -> Self {
        Self { first_dsn: rcv_nxt, nxt: 0, held: RangeMap::new(), superseding: None }
    }

    /// The next DSN expected in order: what DATA_ACK carries (RFC 8684 section 3.3.2).
    #[must_use]
    pub const fn rcv_nxt(&self) -> u64 {
        self.first_dsn.wrapping_add(self.nxt)
    }

    /// Bytes delivered in order so far, a DATA_FIN counted as one.
    #[must_use]
    pub const fn delivered(&self) -> u64 {
        self.nxt
    }

    /// Bytes held ahead of a gap.
    #[must_use]
    pub const fn held_bytes(&self) -> u64 {
        self.held.covered()
    }

    /// Ranges held ahead of a gap.
    #[must_use]
    pub const fn held_ranges(&self) -> usize {
        self.held.len()
    }

    /// The DSN behind the last byte received, in order or not.
    #[must_use]
    pub fn highest(&self) -> u64 {
        let end = self.held.last().map_or(self.nxt, |s| s.end.max(self.nxt));
        self.first_dsn.wrapping_add(end)
    }

    /// What [`Reass::arrive`] would say, memory aside. Changes nothing.
    pub fn classify(&self, dsn: u64, len: u32, right_edge: u64) -> Placement {
        self.plan(dsn, len, right_edge).placement
    }

    /// Places the `len` bytes at `dsn`; `right_edge` is the first DSN beyond the shared receive
    /// window. `Deliver` has advanced `rcv_nxt`; `Hold` has reserved what [`Reass::hold`] needs.
    /// O(1) for in-order data while nothing is held, else O(log held ranges).
    pub fn arrive(&mut self, dsn: u64, len: u32, right_edge: u64, pool: &mut Pool) -> Placement {
        self.superseding = None;
        let plan = self.plan(dsn, len, right_edge);
        match plan.placement {
            Placement::Deliver { .. } => self.nxt = plan.end,
            Placement::Hold { .. } => {
                if let Err(NoMemory) = self.held.reserve_one(pool) {
                    return Placement::NoMemory;
                }
            }
            refused => return refused,
        }
        if !self.held.is_empty() {
            self.superseding = Some((plan.start, plan.end));
        }
        plan.placement
    }

    /// The next token whose bytes the piece placed last contains whole; the caller frees it.
    #[inline]
    pub fn next_superseded(&mut self, pool: &mut Pool) -> Option<u64> {
        let (start, end) = self.superseding?;
        match self.held.ceiling(start) {
            Some(inner) if inner.end <= end => self.held.remove(inner.start, pool).map(|s| s.value),
            _ => {
                self.superseding = None;
                None
            }
        }
    }

    /// [`Reass::next_superseded`] and [`Reass::next_ready`] have nothing.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.superseding.is_none() && self.held.first().is_none_or(|span| span.start > self.nxt)
    }

    /// Holds `len` bytes at `dsn` under `token`, as [`Placement::Hold`] asked: `dsn` is the piece's
    /// plus `skip`. O(log held ranges); needs no memory beyond what arrive() reserved.
    ///
    /// # Errors
    /// [`NotHeld`] hands the token back: arrive() did not say `Hold` for these bytes, or
    /// next_superseded() was not called until `None`.
    pub fn hold(&mut self, dsn: u64, len: u32, token: u64) -> Result<(), NotHeld> {
        self.superseding = None;
        let start = self.offset(dsn).filter(|&s| s > self.nxt).ok_or(NotHeld(token))?;
        let end = start.checked_add(u64::from(len)).ok_or(NotHeld(token))?;
        self.held.insert_reserved(start, end, token).map_err(|_| NotHeld(token))
    }

    /// The next held range that has become in-order; `rcv_nxt` advances past it.
    #[inline]
    pub fn next_ready(&mut self, pool: &mut Pool) -> Option<Ready> {
        self.held.first().filter(|s| s.start <= self.nxt)?;
        let span = self.held.pop_first(pool)?;
        let skip = self.nxt.saturating_sub(span.start).min(span.len());
        self.nxt = self.nxt.max(span.end);
        Some(Ready { token: span.value, skip: bytes(skip), len: bytes(span.len().saturating_sub(skip)) })
    }

    /// Lets a DATA_FIN at `dsn` use up its one sequence number (RFC 8684 section 3.3.3). False while
    /// data before it is missing; it may be offered again.
    pub fn take_data_fin(&mut self, dsn: u64) -> bool {
        if dsn != self.rcv_nxt() {
            return false;
        }
        self.nxt = self.nxt.saturating_add(1);
        true
    }

    /// Gives spare memory back while nothing is held; for a connection that has gone quiet.
    pub fn trim(&mut self, pool: &mut Pool) {
        self.held.trim(pool);
    }

    /// Tear-down: hands the held tokens back one by one; with `None` all memory is back in the pool.
    pub fn drain(&mut self, pool: &mut Pool) -> Option<u64> {
        self.superseding = None;
        let token = self.held.pop_last(pool).map(|s| s.value);
        if token.is_none() {
            self.held.clear(pool);
        }
        token
    }

    /// The offset of `dsn`; `None` behind `rcv_nxt` (or beyond 2^64 bytes of data).
    fn offset(&self, dsn: u64) -> Option<u64> {
        let ahead = dsn.wrapping_sub(self.rcv_nxt());
        if ahead > i64::MAX.unsigned_abs() { None } else { self.nxt.checked_add(ahead) }
    }

    fn plan(&self, dsn: u64, len: u32, right_edge: u64) -> Plan {
        let nothing = |placement| Plan { start: 0, end: 0, placement };
        let ahead = dsn.wrapping_sub(self.rcv_nxt());
        let (front, skipped) = match self.offset(dsn) {
            Some(offset) => (offset, 0),
            None => (self.nxt, 0u64.wrapping_sub(ahead)),
        };
        let Some(new) = u64::from(len).checked_sub(skipped).filter(|&n| n > 0) else {
            return nothing(Placement::Duplicate);
        };
        let edge = self.offset(right_edge).unwrap_or(self.nxt);
        if front >= edge {
            return nothing(Placement::BeyondWindow);
        }
        let full_end = front.saturating_add(new);
        let (start, end) = self.trim_to_gaps(front, full_end.min(edge));
        if start >= end {
            return nothing(Placement::Duplicate);
        }
        let skip = bytes(skipped.saturating_add(start.saturating_sub(front)));
        let (len, cut) = (bytes(end.saturating_sub(start)), bytes(full_end.saturating_sub(end)));
        let placement =
            if start == self.nxt { Placement::Deliver { skip, len, cut } } else { Placement::Hold { skip, len, cut } };
        Plan { start, end, placement }
    }

    /// [start, end) without what the range before it has and what a range reaching beyond it has.
    fn trim_to_gaps(&self, mut start: u64, mut end: u64) -> (u64, u64) {
        if self.held.is_empty() {
            return (start, end);
        }
        if let Some(before) = self.held.floor(start) {
            start = start.max(before.end);
        }
        // The last range that starts inside; all others that do end where it starts or earlier.
        if let Some(last) = self.held.floor(end.saturating_sub(1))
            && last.end >= end
        {
            end = end.min(last.start);
        }
        (start, end)
    }
}

/// A number of bytes of one piece, which the caller counted in 32 bits.
fn bytes(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
