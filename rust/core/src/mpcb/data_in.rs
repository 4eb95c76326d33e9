//! `mp_do_reass()`: in-order bytes of the subflows become data of the connection.

use super::Mpcb;
use super::action::ConnWants;
use crate::ds_map::RxPiece;
use crate::reass::Placement;
use crate::subflow::SubflowId;
use crate::time::Instant;
use mptcp_wire::checksum::{Sum, dss_checksum_ok};

/// What to do with the bytes at the head of a subflow's in-order queue. Lengths in bytes; what is cut off the head
/// counts as taken as soon as the step is returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RxStep {
    /// Nothing to do now.
    Wait,
    /// Sum the first `len` bytes, without cutting them off, and call [`Mpcb::rx_sum`].
    Sum {
        /// Bytes to sum.
        len: u32,
    },
    /// Cut off and throw away.
    Discard {
        /// Bytes to cut off.
        len: u32,
    },
    /// Cut off `skip + len + cut` bytes; append the `len` in the middle to `so_rcv`, throw the rest away.
    Deliver {
        /// Bytes before.
        skip: u32,
        /// Bytes to deliver.
        len: u32,
        /// Bytes behind.
        cut: u32,
    },
    /// Cut off `skip + len + cut` bytes; keep the `len` in the middle as one buffer and call [`Mpcb::rx_hold`], or free them and
    /// call [`Mpcb::rx_refuse`].
    Hold {
        /// Bytes before.
        skip: u32,
        /// Bytes to keep.
        len: u32,
        /// Bytes behind.
        cut: u32,
    },
    /// Append `len` bytes of a held buffer, after its first `skip`, to `so_rcv`, and free it.
    DeliverHeld {
        /// The buffer.
        token: u64,
        /// Bytes before.
        skip: u32,
        /// Bytes to deliver.
        len: u32,
    },
    /// Free a held buffer.
    FreeHeld {
        /// The buffer.
        token: u64,
    },
}

/// A piece between [`RxStep::Hold`] and its place in `reass`, where what it supersedes has to go first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    doff: u64,
    len: u32,
    pub(super) token: Option<u64>,
}

impl Mpcb {
    /// Takes the next step with the `avail` bytes in the subflow's in-order queue; call until [`RxStep::Wait`], each
    /// time with what is left in the queue.
    pub fn mp_do_reass(&mut self, sf: SubflowId, avail: u32, now: Instant) -> RxStep {
        if let Some(token) = self.reass.next_superseded(&mut self.pool) {
            return RxStep::FreeHeld { token };
        }
        if let Some(Holding { doff, len, token: Some(token) }) = self.holding.take()
            && self.reass.hold(doff, len, token).is_err()
        {
            return RxStep::FreeHeld { token };
        }
        if let Some(ready) = self.reass.next_ready(&mut self.pool) {
            self.delivered(ready.len);
            return RxStep::DeliverHeld { token: ready.token, skip: ready.skip, len: ready.len };
        }
        self.take_peer_fin(now);
        let Some(subflow) = self.get(sf) else {
            return if avail > 0 { RxStep::Discard { len: avail } } else { RxStep::Wait };
        };
        if avail == 0 {
            return RxStep::Wait;
        }
        if self.mode.is_over() || subflow.is_resetting() {
            return self.discard(sf, avail);
        }
        if self.mode.is_failing() {
            return RxStep::Wait;
        }
        match subflow.receiving.at_head() {
            Some(piece) => self.mapped_bytes(sf, &piece, avail),
            None => self.unmapped_bytes(sf, avail, now),
        }
    }

    /// [`Mpcb::mp_do_reass`] would have nothing to do for an empty queue.
    #[must_use]
    pub fn rx_idle(&self) -> bool {
        self.holding.is_none() && self.ending.awaited_fin().is_none() && self.reass.is_settled()
    }

    /// The sum that [`RxStep::Sum`] asked for.
    pub fn rx_sum(&mut self, sf: SubflowId, sum: Sum, now: Instant) {
        let idsn = self.agreed.remote.idsn;
        let Some(receiving) = self.get_mut(sf).map(|subflow| &mut subflow.receiving) else {
            return;
        };
        let Some((piece, csum)) = receiving.at_head().and_then(|piece| Some((piece, piece.csum?))) else {
            return;
        };
        let (dsn, ssn) = (idsn.wrapping_add(piece.doff), crate::seq::wire_ssn(receiving.head()));
        if !dss_checksum_ok(dsn, ssn, csum.wire_len, csum.csum, sum) {
            return self.checksum_failed(sf, piece.doff, now);
        }
        receiving.verified();
        if u64::from(csum.wire_len) > piece.len {
            // RFC 8684 section 3.3.3: the last octet of the map was a DATA_FIN.
            self.note_peer_fin(sf, piece.doff.saturating_add(piece.len));
        }
    }

    /// The buffer that [`RxStep::Hold`] asked for, under the caller's name for it. `Err` hands it back: free it.
    ///
    /// # Errors
    /// The token, where no `Hold` was pending.
    pub fn rx_hold(&mut self, token: u64) -> Result<(), u64> {
        match &mut self.holding {
            Some(Holding { token: slot @ None, .. }) => {
                *slot = Some(token);
                self.stats.pieces_held = self.stats.pieces_held.saturating_add(1);
                Ok(())
            }
            _ => Err(token),
        }
    }

    /// The host has no room for the buffer that [`RxStep::Hold`] asked for, and has freed it. Nothing acknowledges its bytes, so
    /// that the peer sends them again; what is held already stays. Without effect where no `Hold` is pending.
    pub fn rx_refuse(&mut self) {
        if let Some(Holding { doff, len, token: None }) = self.holding {
            self.holding = None;
            self.reass.refuse();
            self.discarded_below = self.discarded_below.max(doff.saturating_add(u64::from(len)));
            self.stats.pieces_no_room = self.stats.pieces_no_room.saturating_add(1);
        }
    }

    fn mapped_bytes(&mut self, sf: SubflowId, piece: &RxPiece, avail: u32) -> RxStep {
        let whole = u32::try_from(piece.len).unwrap_or(u32::MAX);
        // After a fallback what a middlebox changed is taken as it is (RFC 8684 section 3.7).
        if piece.csum.is_some() && !self.mode.is_plain() {
            // RFC 8684 section 3.3.1: nothing of a mapping is delivered before all of it is verified.
            if avail < whole {
                self.admit_mapping(sf, piece);
                return RxStep::Wait;
            }
            return RxStep::Sum { len: whole };
        }
        let len = avail.min(whole);
        // Plain TCP sends nothing again that it was told has arrived: a byte beyond the window, too, has its place.
        let behind = if self.mode.is_plain() { piece.doff.saturating_add(u64::from(len)) } else { 0 };
        let edge = self.rcv.edge().max(behind);
        let placement = self.reass.arrive(piece.doff, len, edge, &mut self.pool);
        self.took(sf, len);
        if !matches!(
            placement,
            Placement::Duplicate | Placement::Deliver { cut: 0, .. } | Placement::Hold { cut: 0, .. }
        ) {
            self.discarded_below = self.discarded_below.max(piece.doff.saturating_add(u64::from(len)));
        }
        if !matches!(placement, Placement::Deliver { skip: 0, cut: 0, .. })
            && let Some(subflow) = self.get_mut(sf)
        {
            subflow.receiving.note_reordered();
        }
        match placement {
            Placement::Deliver { skip, len, cut } => {
                self.delivered(len);
                RxStep::Deliver { skip, len, cut }
            }
            Placement::Hold { skip, len, cut } => {
                self.holding = Some(Holding { doff: piece.doff.saturating_add(u64::from(skip)), len, token: None });
                RxStep::Hold { skip, len, cut }
            }
            Placement::Duplicate => {
                self.stats.pieces_duplicate = self.stats.pieces_duplicate.saturating_add(1);
                RxStep::Discard { len }
            }
            Placement::BeyondWindow => {
                self.stats.pieces_beyond_window = self.stats.pieces_beyond_window.saturating_add(1);
                RxStep::Discard { len }
            }
            Placement::QueueFull => {
                self.stats.pieces_queue_full = self.stats.pieces_queue_full.saturating_add(1);
                RxStep::Discard { len }
            }
            Placement::NoMemory => {
                self.stats.refused_no_memory = self.stats.refused_no_memory.saturating_add(1);
                RxStep::Discard { len }
            }
        }
    }

    /// In-order bytes that no map covers.
    fn unmapped_bytes(&mut self, sf: SubflowId, avail: u32, now: Instant) -> RxStep {
        let Some(receiving) = self.get(sf).map(|subflow| &subflow.receiving) else {
            return RxStep::Wait;
        };
        let len = avail.min(u32::try_from(receiving.unmapped_len()).unwrap_or(u32::MAX));
        let refused = u32::try_from(receiving.to_discard()).unwrap_or(u32::MAX);
        if refused > 0 {
            return self.discard(sf, len.min(refused));
        }
        if self.mode.is_plain() {
            return self.plain_bytes(sf, len);
        }
        if self.unmapped_means_stripped(sf, now) {
            return self.infinite_bytes(sf, len);
        }
        if let Some(subflow) = self.get_mut(sf) {
            subflow.receiving.wait_for_map();
        }
        RxStep::Wait
    }

    pub(super) fn discard(&mut self, sf: SubflowId, len: u32) -> RxStep {
        self.took(sf, len);
        RxStep::Discard { len }
    }

    /// `len` bytes leave the subflow's in-order queue.
    pub(super) fn took(&mut self, sf: SubflowId, len: u32) {
        let pool = &mut self.pool;
        if let Some(subflow) = self.subflows.get_mut(sf.index()).and_then(Option::as_mut) {
            subflow.receiving.take(len, pool);
        }
    }

    /// `len` bytes go to the application.
    pub(super) fn delivered(&mut self, len: u32) {
        self.stats.bytes_delivered = self.stats.bytes_delivered.saturating_add(u64::from(len));
        self.wants.insert(ConnWants::WAKE_READER);
        if self.ending.is_detached() {
            // Data for an application that has closed its socket: as TCP answers it with a RST.
            self.abort();
        }
    }

    /// Bytes held because data before them is missing.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.reass.held_bytes()
    }
}
