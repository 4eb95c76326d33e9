//! Data that has to go out again on another path: after the loss of a path, a stall, or a data-level timeout
//! (RFC 8684 section 3.3.6). The subflow that carried it first still delivers it as well.
//!
//! Ranges of data offsets, never bytes. Under MP_LOCK.

use crate::pool::{NoMemory, Pool};
use crate::range_map::RangeSet;

/// What waits to be sent again.
#[derive(Debug)]
pub(crate) struct Reinject {
    queue: RangeSet,
    /// Data below this was sent again opportunistically.
    opportunistic: u64,
}

impl Reinject {
    pub(crate) const fn new() -> Self {
        Reinject { queue: RangeSet::new(), opportunistic: 0 }
    }

    /// Nothing has to be sent again.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Queues [`from`, `to`).
    ///
    /// # Errors
    /// [`NoMemory`]: the next stall, or the data-level timeout, will find it.
    pub(crate) fn add(&mut self, from: u64, to: u64, pool: &mut Pool) -> Result<(), NoMemory> {
        self.queue.insert(from, to, pool)
    }

    /// The ranges that wait, lowest first, as (first, behind the last).
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.queue.iter()
    }

    /// [`from`, `to`) was mapped again.
    pub(crate) fn sent(&mut self, from: u64, to: u64, pool: &mut Pool) {
        // Where a range is split and memory is refused, its bytes merely go out once more.
        let _split = self.queue.subtract(from, to, pool);
    }

    /// Everything below `una` arrived.
    pub(crate) fn acked(&mut self, una: u64, pool: &mut Pool) {
        self.queue.remove_below(una, pool);
    }

    /// The byte at `doff` was not sent again opportunistically since the last data-level timeout.
    pub(crate) const fn is_new_chance(&self, doff: u64) -> bool {
        doff >= self.opportunistic
    }

    /// What lies below `doff` had its opportunistic retransmission; at a data-level timeout `doff` moves back.
    pub(crate) const fn chance_taken(&mut self, doff: u64) {
        self.opportunistic = doff;
    }

    /// Gives back all memory, and forgets what waits.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        self.queue.clear(pool);
    }
}
