//! Data-sequence maps (CAIA's `ds_map`; RFC 8684 section 3.3.1).
//!
//! A [`DsMap`] ties a range of one subflow's sequence space to a range of the connection's data. `mp_get_map()` gives out
//! maps. These wait in the subflow's [`TxMaps`] (`t_txmaps`) until the peer has acknowledged them on that subflow. Maps
//! that the peer sent wait in [`RxMaps`] (`t_rxmaps`) until `mp_do_reass()` has taken their bytes.

mod carried;
mod queue;
mod rx;
mod tx;

pub(crate) use queue::MapQueue;
pub use rx::{MapSum, Recorded, RxMaps, RxPiece};
pub use tx::TxMaps;

/// One mapping of our own data. `ssn` and `doff` as in [`crate::seq`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DsMap {
    /// First SSN covered.
    pub ssn: u64,
    /// Data offset that it stands for.
    pub doff: u64,
    /// Bytes covered; fits the 16-bit field of the option.
    pub len: u32,
    /// DSS checksum over exactly these bytes, where checksums are agreed.
    pub csum: Option<u16>,
}

impl DsMap {
    /// First SSN after the map.
    #[must_use]
    pub const fn ssn_end(&self) -> u64 {
        self.ssn.saturating_add(self.len as u64)
    }

    /// First data offset after the map.
    #[must_use]
    pub const fn doff_end(&self) -> u64 {
        self.doff.saturating_add(self.len as u64)
    }
}

#[cfg(test)]
mod tests;
