//! `t_rxmaps`: maps that the peer sent for one subflow and whose bytes have not all been taken.

use crate::pool::Pool;
use crate::range_map::{InsertError, RangeMap};

/// At most so many maps wait on one subflow; a peer that sends more is refused memory.
pub(super) const MAX_MAPS: usize = 4096;

/// The checksum of a map, and what its pseudo-header holds as length (with a DATA_FIN, one more than the bytes).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MapSum {
    /// From the option.
    pub csum: u16,
    /// Data-level length from the option.
    pub wire_len: u16,
}

#[derive(Clone, Copy, Debug)]
struct RxMap {
    doff: u64,
    /// Checksum that still has to be verified.
    csum: Option<MapSum>,
}

/// The part of a map that starts at the SSN asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RxPiece {
    /// Data offset of the first byte.
    pub doff: u64,
    /// Bytes from there to the end of the map.
    pub len: u64,
    /// The map's checksum, where it has not been verified; the piece is the whole map then.
    pub csum: Option<MapSum>,
}

/// What became of a map that arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recorded {
    /// Kept.
    New,
    /// Known already, or its bytes have been taken.
    Old,
    /// It contradicts a map that is known: ignored, a map does not change (RFC 8684 section 3.3.1).
    Conflict,
    /// No memory.
    NoMemory,
    /// Its front is gone already (its memory was refused before), so that its checksum can never be verified.
    Unverifiable,
}

/// Maps by SSN. Under MP_LOCK. Maps without checksum that continue one another merge, so that a peer that sends one map
/// for each segment costs one map in all.
#[derive(Debug)]
pub struct RxMaps {
    maps: RangeMap<RxMap>,
    /// First SSN whose bytes have not been taken.
    taken: u64,
}

impl RxMaps {
    /// No maps; the first byte of the subflow has SSN 1.
    #[must_use]
    pub const fn new() -> Self {
        RxMaps { maps: RangeMap::new(), taken: 1 }
    }

    /// First SSN whose bytes have not been taken.
    #[must_use]
    pub const fn head(&self) -> u64 {
        self.taken
    }

    /// Number of maps that wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.maps.len()
    }

    /// No map waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.maps.is_empty()
    }

    /// Keeps the map `ssn .. ssn+len` to `doff`. O(log n); O(1) and without memory where it continues the last one.
    pub fn record(&mut self, ssn: u64, len: u64, doff: u64, csum: Option<MapSum>, pool: &mut Pool) -> Recorded {
        let end = ssn.saturating_add(len);
        if end <= self.taken || len == 0 {
            return Recorded::Old;
        }
        if csum.is_some() && ssn < self.taken && self.at_head().is_none() {
            return Recorded::Unverifiable;
        }
        if let Some(last) = self.maps.last()
            && last.end == ssn
            && csum.is_none()
            && last.value.csum.is_none()
            && last.value.doff.saturating_add(last.len()) == doff
        {
            // Nothing lies behind the last map, so widening it cannot fail.
            return match self.maps.set_bounds(last.start, last.start, end) {
                Ok(_) => Recorded::New,
                Err(_) => Recorded::Conflict,
            };
        }
        if self.maps.first_overlap(ssn, end).is_none() {
            return self.insert(ssn, end, RxMap { doff, csum }, pool);
        }
        self.fill_gaps(ssn, end, doff, csum, pool)
    }

    /// A map that overlaps known ones: the parts that are new, as far as it agrees with them. O(k log n) for k known maps.
    fn fill_gaps(&mut self, ssn: u64, end: u64, doff: u64, csum: Option<MapSum>, pool: &mut Pool) -> Recorded {
        let line = doff.wrapping_sub(ssn);
        if let Some(csum) = csum
            && self.gains_data_fin(ssn, end, line, csum)
        {
            return Recorded::Old;
        }
        let (mut at, mut outcome) = (ssn.max(self.taken), Recorded::Old);
        while at < end {
            let known = self.maps.first_overlap(at, end);
            let gap_end = known.map_or(end, |known| known.start.max(at));
            if at < gap_end {
                // A checksum covers exactly its map: half of one cannot be verified.
                if csum.is_some() {
                    return Recorded::Conflict;
                }
                outcome = self.insert(at, gap_end, RxMap { doff: line.wrapping_add(at), csum: None }, pool);
                if outcome != Recorded::New {
                    return outcome;
                }
            }
            let Some(known) = known else {
                break;
            };
            let same_line = known.value.doff.wrapping_sub(known.start) == line;
            let same_sum = known.value.csum.is_none() || known.value.csum == csum;
            if !same_line || !same_sum || (csum.is_some() && known.end < end) {
                return Recorded::Conflict;
            }
            at = known.end;
        }
        outcome
    }

    /// Whether a known map that waits for its checksum and the one given differ in nothing but a DATA_FIN, which takes one number
    /// more: a peer that closes in the meantime repeats what was lost with the DATA_FIN in the same map, as Linux does. Both
    /// checksums are of the same bytes. The one with the DATA_FIN is kept, in whichever order they come.
    fn gains_data_fin(&mut self, ssn: u64, end: u64, line: u64, csum: MapSum) -> bool {
        let same = |map: &RxMap| map.doff.wrapping_sub(ssn) == line;
        let Some(known) = self.maps.first_overlap(ssn, end).filter(|known| (known.start, known.end) == (ssn, end))
        else {
            return false;
        };
        let Some(old) = known.value.csum.filter(|old| same(&known.value) && old.wire_len.abs_diff(csum.wire_len) == 1)
        else {
            return false;
        };
        if old.wire_len < csum.wire_len
            && let Some(map) = self.maps.get_mut(known.start)
        {
            map.csum = Some(csum);
        }
        true
    }

    fn insert(&mut self, ssn: u64, end: u64, map: RxMap, pool: &mut Pool) -> Recorded {
        if self.maps.len() >= MAX_MAPS {
            return Recorded::NoMemory;
        }
        match self.maps.insert(ssn, end, map, pool) {
            Ok(()) => Recorded::New,
            Err(InsertError::NoMemory) => Recorded::NoMemory,
            Err(InsertError::Overlap | InsertError::Empty) => Recorded::Conflict,
        }
    }

    /// The map of the first byte that has not been taken; `None` while it is unmapped.
    #[must_use]
    pub fn at_head(&self) -> Option<RxPiece> {
        let span = self.maps.first().filter(|span| span.start <= self.taken && self.taken < span.end)?;
        let into = self.taken.saturating_sub(span.start);
        Some(RxPiece {
            doff: span.value.doff.saturating_add(into),
            len: span.end.saturating_sub(self.taken),
            csum: span.value.csum,
        })
    }

    /// First SSN at or after the head that a map covers.
    #[must_use]
    pub fn next_mapped(&self) -> Option<u64> {
        self.maps.first().map(|span| span.start.max(self.taken))
    }

    /// The checksum of the map at the head has been verified.
    pub fn verified(&mut self) {
        if let Some(span) = self.maps.first()
            && let Some(map) = self.maps.get_mut(span.start)
        {
            map.csum = None;
        }
    }

    /// The next `bytes` have been taken: maps that end there go.
    pub fn take(&mut self, bytes: u64, pool: &mut Pool) {
        self.taken = self.taken.saturating_add(bytes);
        while self.maps.first().is_some_and(|span| span.end <= self.taken) {
            self.maps.pop_first(pool);
        }
    }

    /// Gives back all memory.
    pub fn clear(&mut self, pool: &mut Pool) {
        self.maps.clear(pool);
    }
}

impl Default for RxMaps {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
impl RxMaps {
    /// Data offset of the byte at `ssn`.
    pub(super) fn offset_of(&self, ssn: u64) -> Option<u64> {
        let span = self.maps.containing(ssn).filter(|_| ssn >= self.taken)?;
        Some(span.value.doff + (ssn - span.start))
    }
}
