//! `t_txmaps`: our maps on one subflow that the subflow has not acknowledged.

use super::DsMap;
use super::carried::Carried;
use super::queue::MapQueue;
use crate::pool::{NoMemory, Pool};

/// Maps in SSN order, without gaps: what `mp_get_map()` granted to one subflow. Under MP_LOCK.
///
/// Found by SSN, and by data offset as well: what this subflow need not send again, and where a gap ends that no
/// subflow carries, are questions about data. While each map continues the one before, that costs nothing.
#[derive(Debug)]
pub struct TxMaps {
    maps: MapQueue,
    carried: Carried,
}

impl Default for TxMaps {
    fn default() -> Self {
        Self::new()
    }
}

impl TxMaps {
    /// No maps, no memory.
    #[must_use]
    pub const fn new() -> Self {
        TxMaps { maps: MapQueue::new(), carried: Carried::new() }
    }

    /// Makes room for one more map, at data offset `doff`.
    ///
    /// # Errors
    /// [`NoMemory`]; the maps are unchanged.
    pub fn reserve(&mut self, doff: u64, pool: &mut Pool) -> Result<(), NoMemory> {
        self.maps.reserve(pool)?;
        self.carried.reserve(doff, pool)
    }

    /// Appends a map that is not empty; memory was made with [`TxMaps::reserve`]. Returns false, without the map, where
    /// it was not.
    pub fn push(&mut self, map: DsMap, pool: &mut Pool) -> bool {
        self.maps.has_room() && self.carried.push(&map, pool).is_ok() && self.maps.push(map)
    }

    /// Lets go of maps that lie wholly below `acked` (first SSN not acknowledged). Returns the last one let go.
    pub fn ack(&mut self, acked: u64, pool: &mut Pool) -> Option<DsMap> {
        let mut last = None;
        while let Some(map) = self.maps.pop_acked(acked) {
            self.carried.remove(&map, pool);
            last = Some(map);
        }
        last
    }

    /// Whether a map refers to the byte at data offset `doff`. O(log n).
    #[must_use]
    pub fn carries(&self, doff: u64) -> bool {
        self.carried.ssn_of(doff).is_some()
    }

    /// The lowest data offset at or after `doff` that a map refers to. O(log n).
    #[must_use]
    pub fn next_carried(&self, doff: u64) -> Option<u64> {
        self.carried.next(doff)
    }

    /// The first stretch of [`from`, `to`) that no map refers to, as (first, behind the last). O(log n) for each stretch
    /// of maps that is skipped.
    #[must_use]
    pub fn first_gap(&self, from: u64, to: u64) -> Option<(u64, u64)> {
        let start = self.carried.end_of_run(from, to);
        let end = self.carried.next(start).unwrap_or(u64::MAX).min(to);
        (start < end).then_some((start, end))
    }

    /// The map that covers `ssn`. O(log n).
    #[must_use]
    pub fn find(&self, ssn: u64) -> Option<&DsMap> {
        self.maps.find(ssn)
    }

    /// The map that refers to the byte at data offset `doff`; of several the newest. O(log n).
    #[must_use]
    pub fn find_doff(&self, doff: u64) -> Option<&DsMap> {
        self.maps.find(self.carried.ssn_of(doff)?)
    }

    /// The maps that begin at or after `ssn`, oldest first. O(log n) for the first.
    pub fn iter_from(&self, ssn: u64) -> impl Iterator<Item = &DsMap> {
        self.maps.iter_from(ssn)
    }

    /// Number of maps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.maps.len()
    }

    /// Nothing is mapped and unacknowledged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.maps.is_empty()
    }

    /// Gives back all memory.
    pub fn clear(&mut self, pool: &mut Pool) {
        self.maps.clear(pool);
        self.carried.clear(pool);
    }
}
