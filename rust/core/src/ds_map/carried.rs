//! Which data a subflow's maps carry, found by data offset.
//!
//! The maps themselves are in SSN order. Their data offsets mostly rise, but data that is sent again comes out of
//! order, and one subflow may even carry a byte twice. So a second structure has the data offsets in order. While
//! one map continues the other it is a single stretch and needs no memory.

use super::DsMap;
use crate::pool::{NoMemory, Pool};
use crate::range_map::{RangeMap, Span};

/// Nodes of `older` that one map may need: its stretch, and a stretch around it that is split.
const NODES: u32 = 2;

/// Stretches of data offsets in which SSN and data offset run in parallel; the value is `ssn - doff`, wrapping.
#[derive(Debug)]
pub(super) struct Carried {
    /// The stretch of the newest maps.
    newest: Option<Span<u64>>,
    /// All stretches before; of a byte that several carry, the last one given out. They may overlap `newest`.
    older: RangeMap<u64>,
}

/// SSN of the byte at data offset 0, were the map so long.
const fn line(map: &DsMap) -> u64 {
    map.ssn.wrapping_sub(map.doff)
}

impl Carried {
    pub(super) const fn new() -> Self {
        Carried { newest: None, older: RangeMap::new() }
    }

    /// Makes sure that a map at `doff`, with the next SSN, finds room.
    pub(super) fn reserve(&mut self, doff: u64, pool: &mut Pool) -> Result<(), NoMemory> {
        match self.newest {
            Some(newest) if newest.end != doff => self.older.reserve(NODES, pool),
            _ => Ok(()),
        }
    }

    /// Adds the newest map. Asks for no memory that [`Carried::reserve`] has made.
    ///
    /// # Errors
    /// [`NoMemory`]; nothing has changed.
    pub(super) fn push(&mut self, map: &DsMap, pool: &mut Pool) -> Result<(), NoMemory> {
        let new = Span { start: map.doff, end: map.doff_end(), value: line(map) };
        match &mut self.newest {
            // SSNs have no gaps: where the data continues, so does the line.
            Some(newest) if newest.end == new.start => newest.end = new.end,
            newest => {
                if let Some(before) = *newest {
                    self.older.reserve(NODES, pool)?;
                    *newest = Some(new);
                    self.add_older(&before, pool);
                } else {
                    *newest = Some(new);
                }
            }
        }
        Ok(())
    }

    /// Takes out a map whose predecessors have all been taken out.
    pub(super) fn remove(&mut self, map: &DsMap, pool: &mut Pool) {
        let (end, line) = (map.doff_end(), line(map));
        if let Some(newest) = &mut self.newest
            && newest.value == line
            && (newest.start..newest.end).contains(&map.doff)
        {
            newest.start = end;
            self.newest = self.newest.filter(|newest| !newest.is_empty());
            return;
        }
        let mut at = map.doff;
        while let Some(span) = self.older.first_overlap(at, end) {
            at = span.end;
            if span.value != line {
                continue;
            }
            // Maps go in the order in which they came: what is left of the stretch lies behind this one.
            if span.end > end {
                let _shorter = self.older.set_bounds(span.start, end, span.end);
            } else {
                self.older.remove(span.start, pool);
            }
        }
    }

    /// The SSN under which the byte at `doff` was sent last.
    pub(super) fn ssn_of(&self, doff: u64) -> Option<u64> {
        let span = self.newest_at(doff).or_else(|| self.older.containing(doff))?;
        Some(doff.wrapping_add(span.value))
    }

    /// The first offset at or after `doff` that is not carried, or some offset not below `limit`.
    pub(super) fn end_of_run(&self, doff: u64, limit: u64) -> u64 {
        let mut at = doff;
        while at < limit
            && let Some(span) = self.newest_at(at).or_else(|| self.older.containing(at))
        {
            at = span.end;
        }
        at
    }

    /// The lowest carried offset at or after `doff`.
    pub(super) fn next(&self, doff: u64) -> Option<u64> {
        let newest = self.newest.filter(|newest| doff < newest.end).map(|newest| newest.start.max(doff));
        let older = self.older.first_overlap(doff, u64::MAX).map(|span| span.start.max(doff));
        newest.into_iter().chain(older).min()
    }

    pub(super) fn clear(&mut self, pool: &mut Pool) {
        self.newest = None;
        self.older.clear(pool);
    }

    fn newest_at(&self, doff: u64) -> Option<Span<u64>> {
        self.newest.filter(|newest| (newest.start..newest.end).contains(&doff))
    }

    /// Moves a stretch to `older`, over what is there. Two nodes are free.
    fn add_older(&mut self, new: &Span<u64>, pool: &mut Pool) {
        while let Some(span) = self.older.first_overlap(new.start, new.end) {
            let (head, tail) = (span.start < new.start, span.end > new.end);
            if head {
                let _shorter = self.older.set_bounds(span.start, span.start, new.start);
                if tail {
                    let _reserved = self.older.insert_reserved(new.end, span.end, span.value);
                }
            } else if tail {
                let _shorter = self.older.set_bounds(span.start, new.end, span.end);
            } else {
                self.older.remove(span.start, pool);
            }
        }
        let _reserved = self.older.insert_reserved(new.start, new.end, new.value);
    }
}
