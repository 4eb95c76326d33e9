//! The sending side of a subflow: what is mapped to it and what of that it has acknowledged.

use super::Metrics;
use crate::ds_map::{DsMap, TxMaps};
use crate::pool::{NoMemory, Pool};
use crate::seq;

/// What we send on one subflow. SSNs and data offsets as in [`crate::seq`]. Under MP_LOCK.
#[derive(Debug)]
pub(crate) struct Sending {
    maps: TxMaps,
    next_ssn: u64,
    acked: u64,
    /// Maps below this SSN have been queued for reinjection already.
    queued: u64,
    next_doff: u64,
    /// Each map that is outstanding continues the one before.
    contiguous: bool,
    bytes_mapped: u64,
}

impl Sending {
    pub(crate) const fn new() -> Self {
        Sending {
            maps: TxMaps::new(),
            next_ssn: 1,
            acked: 1,
            queued: 1,
            next_doff: 1,
            contiguous: true,
            bytes_mapped: 0,
        }
    }

    /// Maps that the subflow has not acknowledged (`t_txmaps`).
    pub(crate) const fn maps(&self) -> &TxMaps {
        &self.maps
    }

    /// SSN of the next byte to map.
    pub(crate) const fn next_ssn(&self) -> u64 {
        self.next_ssn
    }

    /// First SSN that the peer has not acknowledged.
    pub(crate) const fn acked(&self) -> u64 {
        self.acked
    }

    /// The peer's TCP has acknowledged data on this subflow.
    pub(crate) const fn was_acked(&self) -> bool {
        self.acked > 1
    }

    /// Bytes mapped and not acknowledged.
    pub(crate) const fn in_flight(&self) -> u64 {
        self.next_ssn.saturating_sub(self.acked)
    }

    /// Payload bytes mapped so far.
    pub(crate) const fn bytes_mapped(&self) -> u64 {
        self.bytes_mapped
    }

    /// The congestion window has room for a segment more, or nothing is in flight that could open it.
    pub(crate) fn could_send(&self, metrics: &Metrics) -> bool {
        let in_flight = self.in_flight();
        in_flight == 0 || in_flight.saturating_add(u64::from(metrics.mss)) <= u64::from(metrics.cwnd)
    }

    /// Whether SSN and data offset run in parallel from the first outstanding byte up to data offset `nxt`, so that
    /// one infinite mapping can stand for all that is outstanding (RFC 8684 section 3.7).
    pub(crate) const fn is_contiguous_to(&self, nxt: u64) -> bool {
        self.contiguous && self.next_doff == nxt
    }

    /// Makes room for one more map, at data offset `doff`.
    ///
    /// # Errors
    /// [`NoMemory`]; nothing has changed.
    pub(crate) fn reserve(&mut self, doff: u64, pool: &mut Pool) -> Result<(), NoMemory> {
        self.maps.reserve(doff, pool)
    }

    /// Takes a map for which memory was reserved. `all_acked`: no data was outstanding on the connection. Returns false, with
    /// nothing changed, where there is no room.
    pub(crate) fn commit(&mut self, map: DsMap, all_acked: bool, pool: &mut Pool) -> bool {
        if !self.maps.push(map, pool) {
            return false;
        }
        self.contiguous = all_acked || (self.contiguous && map.doff == self.next_doff);
        self.next_doff = map.doff_end();
        self.next_ssn = map.ssn_end();
        self.bytes_mapped = self.bytes_mapped.saturating_add(u64::from(map.len));
        true
    }

    /// TCP's acknowledgement number (low 32 bits of the first SSN not acknowledged): lets go of the maps below it.
    /// Returns whether it acknowledges anything new; one for what was never sent does not.
    pub(crate) fn ack(&mut self, ack: u32, pool: &mut Pool) -> bool {
        let ack = seq::expand32(ack, self.acked);
        // The FIN takes one number after the last byte.
        if ack > self.next_ssn.saturating_add(1) || ack <= self.acked {
            return false;
        }
        self.acked = ack.min(self.next_ssn);
        self.maps.ack(ack, pool);
        true
    }

    /// Whether an ACK that acknowledges nothing new is an answer to what is in flight, with a `window` (bytes) that does not
    /// hold it.
    pub(crate) fn is_answered_without_room(&self, ack: u32, window: u32) -> bool {
        seq::expand32(ack, self.acked) == self.acked && u64::from(window) < self.in_flight()
    }

    /// Hands each map that was not queued for reinjection yet to `queue`, oldest first. Where that is refused memory, the rest
    /// is handed over the next time.
    pub(crate) fn queue_maps(&mut self, mut queue: impl FnMut(&DsMap) -> Result<(), NoMemory>) {
        let from = self.queued;
        let refused = self.maps.iter_from(from).find(|map| queue(map).is_err());
        self.queued = refused.map_or(self.next_ssn, |map| map.ssn);
    }

    /// Gives back all memory.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        self.maps.clear(pool);
    }
}
