//! The receiving side of a subflow: the peer's maps, and signs that options are stripped on the way.

use crate::ds_map::{MapSum, Recorded, RxMaps, RxPiece};
use crate::pool::Pool;
use crate::seq;
use mptcp_wire::DssMap;

/// What the peer sends on one subflow. SSNs and data offsets as in [`crate::seq`]. Under MP_LOCK.
#[derive(Debug)]
pub(crate) struct Receiving {
    maps: RxMaps,
    /// The peer's last map as it came, where it was recorded: every segment of a map repeats it.
    last_map: Option<DssMap>,
    /// In-order bytes below this SSN are thrown away: their map could not be recorded.
    discard_below: u64,
    /// What the peer mapped to it did not always continue the data: it was sent again, or out of order.
    reordered: bool,
    /// In-order bytes wait for a map.
    waits_for_map: bool,
    /// Payload below this SSN came in segments without DSS.
    unmapped_below: u64,
    dss_seen: bool,
    /// An option of the peer other than MP_CAPABLE came: the third ACK of the handshake may be repeated.
    option_seen: bool,
    /// The last segment came without any MPTCP option.
    last_without_options: bool,
    acks_without_options: u8,
    /// The peer's FIN was received.
    pub(crate) fin: bool,
    bytes: u64,
}

impl Receiving {
    pub(crate) const fn new() -> Self {
        Receiving {
            maps: RxMaps::new(),
            last_map: None,
            discard_below: 0,
            reordered: false,
            waits_for_map: false,
            unmapped_below: 0,
            dss_seen: false,
            option_seen: false,
            last_without_options: false,
            acks_without_options: 0,
            fin: false,
            bytes: 0,
        }
    }

    /// SSN of the next in-order byte to be taken.
    pub(crate) const fn head(&self) -> u64 {
        self.maps.head()
    }

    /// The map at the head of the in-order bytes.
    pub(crate) fn at_head(&self) -> Option<RxPiece> {
        self.maps.at_head()
    }

    /// In-order bytes from the head on that no map covers, before the next one that a map does.
    pub(crate) fn unmapped_len(&self) -> u64 {
        self.maps.next_mapped().map_or(u64::MAX, |next| next.saturating_sub(self.head()))
    }

    /// Maps that wait for their bytes (`t_rxmaps`).
    pub(crate) const fn maps_waiting(&self) -> usize {
        self.maps.len()
    }

    /// Payload bytes taken so far.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Nothing was taken yet: its first byte is still to come.
    pub(crate) const fn is_unheard(&self) -> bool {
        self.head() == 1
    }

    /// Whether `map` is the one recorded last.
    pub(crate) fn repeats(&self, map: &DssMap) -> bool {
        self.last_map == Some(*map)
    }

    /// `map` was recorded, or could not be.
    pub(crate) fn remember(&mut self, map: Option<DssMap>) {
        self.last_map = map;
    }

    /// Records a map of `len` bytes; see [`RxMaps::record`]. What cannot be recorded is discarded when its bytes come: TCP
    /// will acknowledge them, so their map would never come again.
    pub(crate) fn record(&mut self, ssn: u64, len: u64, doff: u64, csum: Option<MapSum>, pool: &mut Pool) -> Recorded {
        let recorded = self.maps.record(ssn, len, doff, csum, pool);
        if matches!(recorded, Recorded::NoMemory | Recorded::Unverifiable) {
            self.discard_below = self.discard_below.max(ssn.saturating_add(len));
        }
        recorded
    }

    /// The checksum of the map at the head is right.
    pub(crate) fn verified(&mut self) {
        self.maps.verified();
    }

    /// Bytes at the head that are to be thrown away.
    pub(crate) const fn to_discard(&self) -> u64 {
        self.discard_below.saturating_sub(self.head())
    }

    /// `bytes` were taken from the head.
    pub(crate) fn take(&mut self, bytes: u32, pool: &mut Pool) {
        self.maps.take(u64::from(bytes), pool);
        self.bytes = self.bytes.saturating_add(u64::from(bytes));
        self.waits_for_map = false;
    }

    /// A piece did not continue the data.
    pub(crate) fn note_reordered(&mut self) {
        self.reordered = true;
    }

    /// All that the peer sent on it was the next data when it came.
    pub(crate) const fn is_in_data_order(&self) -> bool {
        !self.reordered
    }

    /// In-order bytes have to wait for a map.
    pub(crate) fn wait_for_map(&mut self) {
        self.waits_for_map = true;
    }

    /// In-order bytes wait, and no map has come for them.
    pub(crate) fn is_stuck(&self) -> bool {
        self.waits_for_map && self.at_head().is_none()
    }

    /// A segment of `len` bytes at `ssn` (low 32 bits) came without DSS. If no other segment's map covers them when they
    /// are in order, something on the way strips options (RFC 8684 section 3.7).
    pub(crate) fn note_unmapped(&mut self, ssn: u32, len: u32) {
        let start = seq::expand32(ssn, self.head());
        self.unmapped_below = self.unmapped_below.max(start.saturating_add(u64::from(len)));
    }

    /// The byte at the head came in a segment without DSS.
    pub(crate) const fn head_is_unmapped(&self) -> bool {
        self.head() < self.unmapped_below
    }

    /// A DSS, or MP_CAPABLE with a mapping, came.
    pub(crate) fn note_dss(&mut self) {
        self.dss_seen = true;
    }

    /// The peer's DSS has been seen on this subflow.
    pub(crate) const fn dss_seen(&self) -> bool {
        self.dss_seen
    }

    /// An option other than MP_CAPABLE came.
    pub(crate) fn note_option(&mut self) {
        self.option_seen = true;
    }

    /// The peer's options have passed on this subflow after the handshake.
    pub(crate) const fn option_seen(&self) -> bool {
        self.option_seen
    }

    /// An ACK came; `options`: with any MPTCP option; `news`: it acknowledged data.
    pub(crate) fn note_ack(&mut self, options: bool, news: bool) {
        self.last_without_options = !options;
        if options {
            self.acks_without_options = 0;
        } else if news {
            self.acks_without_options = self.acks_without_options.saturating_add(1);
        }
    }

    /// Acknowledgements of data in a row that came without any MPTCP option.
    pub(crate) const fn acks_without_options(&self) -> u8 {
        self.acks_without_options
    }

    /// The last segment came without any MPTCP option.
    pub(crate) const fn last_without_options(&self) -> bool {
        self.last_without_options
    }

    /// Gives back all memory.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        self.maps.clear(pool);
    }
}
