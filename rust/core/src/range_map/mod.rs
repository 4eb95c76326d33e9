//! Ordered, non-overlapping ranges of sequence space, each with a value; and sets of them.
//!
//! Held out-of-order data, maps and the reinjection queue are all ranges of 64-bit sequence space. A
//! [`RangeMap`] is an AVL tree over a [`Slab`](crate::pool::Slab): indices instead of pointers, loops
//! instead of recursion, memory from the connection's [`Pool`]. Keys are plain `u64`s that do not
//! wrap. For DSNs the keys are offsets from the initial DSN.
//!
//! **Cost.** Insert, remove and look-up cost O(log n). The first and the last range, and the place behind
//! the last one, are found in O(1). An empty map that was never used owns no memory.
//!
//! **Locks.** A map belongs to one connection and is used with its MP_LOCK held.

mod set;
#[cfg(test)]
mod tests;
mod tree;

pub use set::RangeSet;

use crate::pool::{NoMemory, Pool};
use core::fmt;
use tree::{NIL, Tree};

/// The half-open range [start, end) and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<V> {
    /// First number in the range.
    pub start: u64,
    /// First number behind the range.
    pub end: u64,
    /// What the map keeps for it.
    pub value: V,
}

impl<V> Span<V> {
    /// How many numbers the range has.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range has no number. No map holds such a range.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end <= self.start
    }
}

/// Why a range was not inserted. The map is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertError {
    /// The pool refused.
    NoMemory,
    /// A range of the map has numbers in common with it.
    Overlap,
    /// It has no numbers at all.
    Empty,
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoMemory => "memory refused",
            Self::Overlap => "range overlaps one that is there",
            Self::Empty => "range is empty",
        })
    }
}

impl core::error::Error for InsertError {}

impl From<NoMemory> for InsertError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

/// Ordered, non-overlapping ranges of `u64`, each with a `V`.
#[derive(Debug)]
pub struct RangeMap<V> {
    tree: Tree<V>,
    covered: u64,
}

impl<V: Copy> Default for RangeMap<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Copy> RangeMap<V> {
    /// An empty map, without any memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { tree: Tree::new(), covered: 0 }
    }

    /// How many ranges there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether there is no range.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tree.len() == 0
    }

    /// The sum of the lengths of all ranges.
    #[must_use]
    pub const fn covered(&self) -> u64 {
        self.covered
    }

    /// The lowest range. O(1).
    #[must_use]
    pub fn first(&self) -> Option<Span<V>> {
        self.tree.span(self.tree.first())
    }

    /// The highest range. O(1).
    #[must_use]
    pub fn last(&self) -> Option<Span<V>> {
        self.tree.span(self.tree.last())
    }

    /// The last range that starts at or before `x`.
    #[must_use]
    pub fn floor(&self, x: u64) -> Option<Span<V>> {
        self.tree.span(self.tree.floor(x))
    }

    /// The first range that starts at or after `x`.
    #[must_use]
    pub fn ceiling(&self, x: u64) -> Option<Span<V>> {
        self.tree.span(self.tree.ceiling(x))
    }

    /// The range that `x` lies in.
    #[must_use]
    pub fn containing(&self, x: u64) -> Option<Span<V>> {
        self.floor(x).filter(|s| x < s.end)
    }

    /// The lowest range with a number in [start, end), if any.
    #[must_use]
    pub fn first_overlap(&self, start: u64, end: u64) -> Option<Span<V>> {
        self.containing(start).or_else(|| self.ceiling(start)).filter(|s| start < end && s.start < end)
    }

    /// Makes sure that the next insert is not refused memory. Removals in between do no harm.
    ///
    /// # Errors
    /// [`NoMemory`] when the pool refuses.
    pub fn reserve_one(&mut self, pool: &mut Pool) -> Result<(), NoMemory> {
        self.reserve(1, pool)
    }

    /// Makes sure that the next `n` inserts are not refused memory. For `n` up to 64 removals in between do no harm.
    ///
    /// # Errors
    /// [`NoMemory`] when the pool refuses.
    pub fn reserve(&mut self, n: u32, pool: &mut Pool) -> Result<(), NoMemory> {
        self.tree.reserve(pool, n)
    }

    /// Adds [start, end) with value `v`.
    ///
    /// # Errors
    /// [`InsertError`] says why not; the map is unchanged then.
    pub fn insert(&mut self, start: u64, end: u64, v: V, pool: &mut Pool) -> Result<(), InsertError> {
        let (parent, before) = self.place(start, end)?;
        self.tree.reserve(pool, 1)?;
        self.attach(parent, before, Span { start, end, value: v })
    }

    /// Adds [start, end) with value `v` in memory that [`RangeMap::reserve_one`] reserved.
    ///
    /// # Errors
    /// [`InsertError`] says why not; `NoMemory` when nothing was reserved.
    pub fn insert_reserved(&mut self, start: u64, end: u64, v: V) -> Result<(), InsertError> {
        let (parent, before) = self.place(start, end)?;
        self.attach(parent, before, Span { start, end, value: v })
    }

    /// Takes out the range that starts exactly at `start`.
    pub fn remove(&mut self, start: u64, pool: &mut Pool) -> Option<Span<V>> {
        let i = self.tree.exact(start);
        self.detach(i, pool)
    }

    /// Takes out the lowest range.
    pub fn pop_first(&mut self, pool: &mut Pool) -> Option<Span<V>> {
        self.detach(self.tree.first(), pool)
    }

    /// Takes out the highest range.
    pub fn pop_last(&mut self, pool: &mut Pool) -> Option<Span<V>> {
        self.detach(self.tree.last(), pool)
    }

    /// The value of the range that starts exactly at `start`.
    pub fn get_mut(&mut self, start: u64) -> Option<&mut V> {
        let i = self.tree.exact(start);
        self.tree.span_mut(i).map(|s| &mut s.value)
    }

    /// Moves the bounds of the range that starts exactly at `start` to [to_start, to_end). Its order
    /// among the others must stay. Returns whether there was such a range.
    ///
    /// # Errors
    /// [`InsertError::Empty`] and [`InsertError::Overlap`] (also where it would pass a neighbour);
    /// nothing is changed then. Never `NoMemory`.
    pub fn set_bounds(&mut self, start: u64, to_start: u64, to_end: u64) -> Result<bool, InsertError> {
        let i = self.tree.exact(start);
        let Some(old) = self.tree.span(i) else {
            return Ok(false);
        };
        if to_start >= to_end {
            return Err(InsertError::Empty);
        }
        let clear_before = self.tree.span(self.tree.previous(i)).is_none_or(|p| p.end <= to_start);
        let clear_behind = self.tree.span(self.tree.next(i)).is_none_or(|n| to_end <= n.start);
        if !(clear_before && clear_behind) {
            return Err(InsertError::Overlap);
        }
        if let Some(span) = self.tree.span_mut(i) {
            (span.start, span.end) = (to_start, to_end);
            let new_len = span.len();
            self.covered = self.covered.saturating_sub(old.len()).saturating_add(new_len);
        }
        Ok(true)
    }

    /// All ranges, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = Span<V>> + '_ {
        self.iter_at(self.tree.first())
    }

    /// All ranges that start at or after `x`, lowest first.
    pub fn iter_from(&self, x: u64) -> impl Iterator<Item = Span<V>> + '_ {
        self.iter_at(self.tree.ceiling(x))
    }

    /// Removes every range and gives all memory back.
    pub fn clear(&mut self, pool: &mut Pool) {
        self.tree.clear(pool);
        self.covered = 0;
    }

    /// Gives the spare memory of an empty map back; does nothing while there is a range.
    pub fn trim(&mut self, pool: &mut Pool) {
        self.tree.trim(pool);
    }

    fn iter_at(&self, from: u32) -> impl Iterator<Item = Span<V>> + '_ {
        let mut at = from;
        core::iter::from_fn(move || {
            let span = self.tree.span(at);
            at = self.tree.next(at);
            span
        })
    }

    /// The node to hang [start, end) under, and whether on its left side.
    fn place(&self, start: u64, end: u64) -> Result<(u32, bool), InsertError> {
        if start >= end {
            return Err(InsertError::Empty);
        }
        let slot = self.tree.slot(start);
        let clear_before = self.tree.span(slot.before).is_none_or(|p| p.end <= start);
        let clear_behind = self.tree.span(slot.behind).is_none_or(|n| end <= n.start);
        if !(clear_before && clear_behind) {
            return Err(InsertError::Overlap);
        }
        Ok((slot.parent, slot.parent == slot.behind && slot.parent != NIL))
    }

    fn attach(&mut self, parent: u32, left: bool, span: Span<V>) -> Result<(), InsertError> {
        self.tree.attach(parent, left, span)?;
        self.covered = self.covered.saturating_add(span.len());
        Ok(())
    }

    fn detach(&mut self, i: u32, pool: &mut Pool) -> Option<Span<V>> {
        let span = self.tree.detach(i, pool)?;
        self.covered = self.covered.saturating_sub(span.len());
        Some(span)
    }
}
