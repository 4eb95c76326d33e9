//! A set of numbers, kept as ranges that never touch.

use super::{InsertError, RangeMap, Span};
use crate::pool::{NoMemory, Pool};

/// A set of `u64` numbers as few ordered ranges: what touches or overlaps is merged.
#[derive(Debug, Default)]
pub struct RangeSet {
    map: RangeMap<()>,
}

impl RangeSet {
    /// The empty set, without any memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { map: RangeMap::new() }
    }

    /// How many separate ranges the set consists of.
    #[must_use]
    pub const fn ranges(&self) -> usize {
        self.map.len()
    }

    /// Whether the set has no number.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// How many numbers the set has.
    #[must_use]
    pub const fn covered(&self) -> u64 {
        self.map.covered()
    }

    /// The lowest range as (start, end), half-open. O(1).
    #[must_use]
    pub fn first(&self) -> Option<(u64, u64)> {
        self.map.first().map(bounds)
    }

    /// The highest range as (start, end), half-open. O(1).
    #[must_use]
    pub fn last(&self) -> Option<(u64, u64)> {
        self.map.last().map(bounds)
    }

    /// Whether `x` is in the set.
    #[must_use]
    pub fn contains(&self, x: u64) -> bool {
        self.map.containing(x).is_some()
    }

    /// The range that `x` is in, as (start, end), half-open.
    #[must_use]
    pub fn containing(&self, x: u64) -> Option<(u64, u64)> {
        self.map.containing(x).map(bounds)
    }

    /// The lowest part of [start, end) that is in the set, as (start, end), half-open.
    #[must_use]
    pub fn first_within(&self, start: u64, end: u64) -> Option<(u64, u64)> {
        self.map.first_overlap(start, end).map(|s| (s.start.max(start), s.end.min(end)))
    }

    /// The ranges in order as (start, end), half-open.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.map.iter().map(bounds)
    }

    /// Adds all of [start, end). An empty range adds nothing. A range that touches or overlaps one
    /// that is there needs no memory.
    ///
    /// # Errors
    /// [`NoMemory`] when the pool refuses; the set is unchanged then.
    pub fn insert(&mut self, start: u64, end: u64, pool: &mut Pool) -> Result<(), NoMemory> {
        if start >= end {
            return Ok(());
        }
        let Some(host) = self.first_touching(start, end) else {
            return match self.map.insert(start, end, (), pool) {
                Err(InsertError::NoMemory) => Err(NoMemory),
                // Nothing touches it and it is not empty.
                Ok(()) | Err(InsertError::Overlap | InsertError::Empty) => Ok(()),
            };
        };
        let mut reach = end.max(host.end);
        while let Some(next) = self.map.ceiling(host.start.saturating_add(1))
            && next.start <= reach
        {
            reach = reach.max(next.end);
            self.map.remove(next.start, pool);
        }
        let _in_order = self.map.set_bounds(host.start, start.min(host.start), reach);
        Ok(())
    }

    /// Takes every number of [start, end) out.
    ///
    /// # Errors
    /// [`NoMemory`] when a range had to be split and the pool refused; the set is unchanged then.
    pub fn subtract(&mut self, start: u64, end: u64, pool: &mut Pool) -> Result<(), NoMemory> {
        if let Some(host) = self.map.containing(start)
            && host.start < start
            && end > start
        {
            if host.end > end {
                self.map.reserve_one(pool)?;
            }
            let _shorter = self.map.set_bounds(host.start, host.start, start);
            if host.end > end {
                let _reserved = self.map.insert_reserved(end, host.end, ());
                return Ok(());
            }
        }
        while let Some(next) = self.map.ceiling(start)
            && next.start < end
        {
            if next.end > end {
                let _shorter = self.map.set_bounds(next.start, end, next.end);
                break;
            }
            self.map.remove(next.start, pool);
        }
        Ok(())
    }

    /// Takes every number below `x` out. Never needs memory.
    pub fn remove_below(&mut self, x: u64, pool: &mut Pool) {
        while let Some(first) = self.map.first()
            && first.start < x
        {
            if first.end > x {
                let _shorter = self.map.set_bounds(first.start, x, first.end);
                break;
            }
            self.map.pop_first(pool);
        }
    }

    /// Takes the lowest numbers out, at most `max` of them and all from one range.
    pub fn take_first(&mut self, max: u64, pool: &mut Pool) -> Option<(u64, u64)> {
        let first = self.map.first()?;
        let end = first.end.min(first.start.saturating_add(max));
        self.remove_below(end, pool);
        (end > first.start).then_some((first.start, end))
    }

    /// Empties the set and gives all memory back.
    pub fn clear(&mut self, pool: &mut Pool) {
        self.map.clear(pool);
    }

    /// Asserts every invariant of the tree below.
    #[cfg(test)]
    pub(super) fn audit(&self) {
        let spans = self.map.tree.audit();
        assert!(spans.windows(2).all(|w| w[0].end < w[1].start), "two ranges touch");
    }

    /// The lowest range that overlaps [start, end) or touches it at either end.
    fn first_touching(&self, start: u64, end: u64) -> Option<Span<()>> {
        self.map.floor(start).filter(|s| s.end >= start).or_else(|| self.map.ceiling(start)).filter(|s| s.start <= end)
    }
}

const fn bounds(s: Span<()>) -> (u64, u64) {
    (s.start, s.end)
}
