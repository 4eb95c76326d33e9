//! mp_do_reass(): data-level reassembly (RFC 8684 sections 3.3.1 and 3.3.2; CAIA report 130424A,
//! section III-B).
//!
//! In-order bytes of the subflows arrive here as pieces of the connection's data and leave in data
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
//! **Sequence numbers.** Positions are data offsets ([`crate::seq`]): plain 64-bit numbers that never wrap.
//!
//! **Memory.** In-order data never needs any. With no memory out-of-order data is not taken, hence not
//! DATA_ACKed, and the peer sends it again.
//!
//! **Limit.** Every held piece costs the caller a buffer, however short it is. So the number of pieces is
//! bounded, as FreeBSD's tcp_reass() bounds its queue (`net.inet.tcp.reass.maxqueuelen`). Beyond the bound
//! only pieces are taken that are in order or that replace a held piece.

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
    /// As many pieces are held as may be; not taken.
    QueueFull,
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
    /// `rcv_nxt`: the data offset expected next.
    nxt: u64,
    /// Held pieces by data offset, with the caller's tokens.
    held: RangeMap<u64>,
    /// Most pieces that may be held.
    max_held: u32,
    /// Offsets of the piece placed last, while held ranges inside it wait for next_superseded().
    superseding: Option<(u64, u64)>,
}

/// What becomes of a piece: [start, end) is the part to take.
struct Plan {
    start: u64,
    end: u64,
    placement: Placement,
}

impl Reass {
    /// Nothing received yet; `rcv_nxt` is the first data offset expected. At most `max_held` pieces will be
    /// held ahead of a gap.
    #[must_use]
    pub const fn new(rcv_nxt: u64, max_held: u32) -> Self {
        Self { nxt: rcv_nxt, held: RangeMap::new(), max_held, superseding: None }
    }

    /// The data offset expected next in order: what DATA_ACK stands for (RFC 8684 section 3.3.2).
    #[must_use]
    pub const fn rcv_nxt(&self) -> u64 {
        self.nxt
    }

    /// Bytes held ahead of a gap.
    #[must_use]
    pub const fn held_bytes(&self) -> u64 {
        self.held.covered()
    }

    /// Pieces held ahead of a gap.
    #[must_use]
    pub const fn held_ranges(&self) -> usize {
        self.held.len()
    }

    /// What [`Reass::arrive`] would say, memory aside. Changes nothing.
    pub fn classify(&self, doff: u64, len: u32, right_edge: u64) -> Placement {
        self.plan(doff, len, right_edge).placement
    }

    /// Places the `len` bytes at data offset `doff`; `right_edge` is the first offset beyond the shared
    /// receive window. `Deliver` has advanced `rcv_nxt`; `Hold` has reserved what [`Reass::hold`] needs.
    /// O(1) for in-order data while nothing is held, else O(log held ranges).
    pub fn arrive(&mut self, doff: u64, len: u32, right_edge: u64, pool: &mut Pool) -> Placement {
        self.superseding = None;
        let plan = self.plan(doff, len, right_edge);
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

    /// Holds `len` bytes at `doff` under `token`, as [`Placement::Hold`] asked: `doff` is the piece's
    /// plus `skip`. O(log held ranges); needs no memory beyond what arrive() reserved.
    ///
    /// # Errors
    /// [`NotHeld`] hands the token back: arrive() did not say `Hold` for these bytes, or
    /// next_superseded() was not called until `None`.
    pub fn hold(&mut self, doff: u64, len: u32, token: u64) -> Result<(), NotHeld> {
        self.superseding = None;
        if doff <= self.nxt || self.is_full() {
            return Err(NotHeld(token));
        }
        let end = doff.checked_add(u64::from(len)).ok_or(NotHeld(token))?;
        self.held.insert_reserved(doff, end, token).map_err(|_| NotHeld(token))
    }

    /// The caller cannot keep the piece for which [`Reass::arrive`] said `Hold`: what it would have replaced stays.
    pub const fn refuse(&mut self) {
        self.superseding = None;
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

    /// Lets a DATA_FIN at `doff` use up its one sequence number (RFC 8684 section 3.3.3). False while
    /// data before it is missing; it may be offered again.
    pub fn take_data_fin(&mut self, doff: u64) -> bool {
        if doff != self.nxt {
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

    fn is_full(&self) -> bool {
        self.held.len() >= self.max_held as usize
    }

    /// Whether [start, end) contains a held piece whole, which it would replace.
    fn replaces(&self, start: u64, end: u64) -> bool {
        self.held.ceiling(start).is_some_and(|inner| inner.end <= end)
    }

    fn plan(&self, doff: u64, len: u32, right_edge: u64) -> Plan {
        let nothing = |placement| Plan { start: 0, end: 0, placement };
        let full_end = doff.saturating_add(u64::from(len));
        let front = doff.max(self.nxt);
        if front >= full_end {
            return nothing(Placement::Duplicate);
        }
        if front >= right_edge {
            return nothing(Placement::BeyondWindow);
        }
        let (start, end) = self.trim_to_gaps(front, full_end.min(right_edge));
        if start >= end {
            return nothing(Placement::Duplicate);
        }
        let skip = bytes(start.saturating_sub(doff));
        let taken = bytes(end.saturating_sub(start));
        let cut = len.saturating_sub(skip).saturating_sub(taken);
        let placement = if start == self.nxt {
            Placement::Deliver { skip, len: taken, cut }
        } else if self.is_full() && !self.replaces(start, end) {
            Placement::QueueFull
        } else {
            Placement::Hold { skip, len: taken, cut }
        };
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
