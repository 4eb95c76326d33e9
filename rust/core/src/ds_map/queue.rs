//! Maps in the order in which they were given out.

use super::DsMap;
use crate::pool::{NoMemory, Pool};
use alloc::collections::VecDeque;

/// Maps of one subflow in SSN order, without gaps, until they are acknowledged.
#[derive(Debug, Default)]
pub(crate) struct MapQueue {
    maps: VecDeque<DsMap>,
}

impl MapQueue {
    /// No maps, no memory.
    pub(crate) const fn new() -> Self {
        MapQueue { maps: VecDeque::new() }
    }

    /// Makes room for one more map.
    ///
    /// # Errors
    /// [`NoMemory`]; nothing has changed.
    pub(crate) fn reserve(&mut self, pool: &mut Pool) -> Result<(), NoMemory> {
        pool.reserve_deque(&mut self.maps, 1)
    }

    /// Room was made for a map.
    pub(super) fn has_room(&self) -> bool {
        self.maps.len() < self.maps.capacity()
    }

    /// Appends a map; memory was made with [`MapQueue::reserve`]. Returns false, without the map, where it was not.
    pub(crate) fn push(&mut self, map: DsMap) -> bool {
        let room = self.has_room();
        if room {
            self.maps.push_back(map);
        }
        room
    }

    /// Takes the oldest map out if it lies wholly below `acked` (first SSN not acknowledged).
    pub(crate) fn pop_acked(&mut self, acked: u64) -> Option<DsMap> {
        let acked = self.maps.front().is_some_and(|map| map.ssn_end() <= acked);
        if acked { self.maps.pop_front() } else { None }
    }

    /// Lets go of maps that lie wholly below `acked`.
    pub(crate) fn ack(&mut self, acked: u64) {
        while self.pop_acked(acked).is_some() {}
    }

    /// The map that covers `ssn`. O(log n).
    pub(crate) fn find(&self, ssn: u64) -> Option<&DsMap> {
        let after = self.maps.partition_point(|map| map.ssn <= ssn);
        let map = self.maps.get(after.checked_sub(1)?)?;
        (ssn < map.ssn_end()).then_some(map)
    }

    /// The maps that begin at or after `ssn`, oldest first. O(log n) for the first.
    pub(crate) fn iter_from(&self, ssn: u64) -> impl Iterator<Item = &DsMap> {
        self.maps.range(self.maps.partition_point(|map| map.ssn < ssn)..)
    }

    pub(crate) fn len(&self) -> usize {
        self.maps.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.maps.is_empty()
    }

    /// Gives back all memory.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        pool.release_deque(core::mem::take(&mut self.maps));
    }
}
