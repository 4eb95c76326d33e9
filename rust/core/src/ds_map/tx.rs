//! `t_txmaps`: our maps on one subflow that the subflow has not acknowledged.

use super::DsMap;
use crate::pool::{NoMemory, Pool};
use alloc::collections::VecDeque;

/// Maps in SSN order, without gaps: what `mp_get_map()` granted to one subflow. Under MP_LOCK.
///
/// Beside the maps stands a monotonic queue of minima, so that the lowest data offset still referred to
/// (which decides what `so_snd` may let go) is known in O(1) although reinjected maps are out of data order.
#[derive(Debug, Default)]
pub struct TxMaps {
    maps: VecDeque<DsMap>,
    /// Candidates for the minimum: (ssn of the map, its doff), both rising.
    minima: VecDeque<(u64, u64)>,
}

impl TxMaps {
    /// No maps, no memory.
    #[must_use]
    pub const fn new() -> Self {
        TxMaps { maps: VecDeque::new(), minima: VecDeque::new() }
    }

    /// Makes room for one more map.
    ///
    /// # Errors
    /// [`NoMemory`]; nothing has changed.
    pub fn reserve(&mut self, pool: &mut Pool) -> Result<(), NoMemory> {
        pool.reserve_deque(&mut self.maps, 1)?;
        pool.reserve_deque(&mut self.minima, 1)
    }

    /// Appends a map; memory was made with [`TxMaps::reserve`]. Returns false, without the map, where it was not.
    pub fn push(&mut self, map: DsMap) -> bool {
        if self.maps.len() == self.maps.capacity() || self.minima.len() == self.minima.capacity() {
            return false;
        }
        while self.minima.back().is_some_and(|&(_, doff)| doff >= map.doff) {
            self.minima.pop_back();
        }
        self.minima.push_back((map.ssn, map.doff));
        self.maps.push_back(map);
        true
    }

    /// Lets go of maps that lie wholly below `acked` (first SSN not acknowledged). Returns the last one let go.
    pub fn ack(&mut self, acked: u64) -> Option<DsMap> {
        let mut last = None;
        while let Some(map) = self.maps.front().copied()
            && map.ssn_end() <= acked
        {
            self.maps.pop_front();
            if self.minima.front().is_some_and(|&(ssn, _)| ssn == map.ssn) {
                self.minima.pop_front();
            }
            last = Some(map);
        }
        last
    }

    /// Lowest data offset that a map still refers to.
    #[must_use]
    pub fn min_doff(&self) -> Option<u64> {
        self.minima.front().map(|&(_, doff)| doff)
    }

    /// The map that covers `ssn`. O(log n).
    #[must_use]
    pub fn find(&self, ssn: u64) -> Option<&DsMap> {
        let after = self.maps.partition_point(|map| map.ssn <= ssn);
        let map = self.maps.get(after.checked_sub(1)?)?;
        (ssn < map.ssn_end()).then_some(map)
    }

    /// Oldest map first.
    pub fn iter(&self) -> impl Iterator<Item = &DsMap> {
        self.maps.iter()
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
        pool.release_deque(core::mem::take(&mut self.maps));
        pool.release_deque(core::mem::take(&mut self.minima));
    }
}
