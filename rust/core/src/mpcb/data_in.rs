//! `mp_do_reass()`: in-order bytes of the subflows become data of the connection.

use super::Mpcb;
use super::action::ConnWants;
use crate::ds_map::RxPiece;
use crate::reass::Placement;
use crate::subflow::{SubflowId, SubflowState, Wants};
use crate::time::Instant;
use mptcp_wire::RstReason;
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
    /// Cut off `skip + len + cut` bytes; keep the `len` in the middle as one buffer and call [`Mpcb::rx_hold`].
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
        if self.over.is_some() || subflow.state == SubflowState::Resetting {
            return self.discard(sf, avail);
        }
        if self.failing.is_some() {
            return RxStep::Wait;
        }
        match subflow.rx.at_head() {
            Some(piece) => self.mapped_bytes(sf, &piece, avail),
            None => self.unmapped_bytes(sf, avail, now),
        }
    }

    /// [`Mpcb::mp_do_reass`] would have nothing to do for an empty queue.
    #[must_use]
    pub fn rx_idle(&self) -> bool {
        self.holding.is_none() && (self.peer_fin.is_none() || self.peer_fin_taken) && self.reass.is_settled()
    }

    /// The sum that [`RxStep::Sum`] asked for.
    pub fn rx_sum(&mut self, sf: SubflowId, sum: Sum, now: Instant) {
        let Some((piece, ssn)) = self.get(sf).and_then(|subflow| Some((subflow.rx.at_head()?, subflow.rx.head())))
        else {
            return;
        };
        let Some(csum) = piece.csum else {
            return;
        };
        let dsn = self.agreed.remote.idsn.wrapping_add(piece.doff);
        if dss_checksum_ok(dsn, crate::seq::wire_ssn(ssn), csum.wire_len, csum.csum, sum) {
            if let Some(subflow) = self.get_mut(sf) {
                subflow.rx.verified();
            }
        } else {
            self.stats.checksum_errors = self.stats.checksum_errors.saturating_add(1);
            self.checksum_failed(sf, piece.doff, now);
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
                Ok(())
            }
            _ => Err(token),
        }
    }

    fn mapped_bytes(&mut self, sf: SubflowId, piece: &RxPiece, avail: u32) -> RxStep {
        let whole = u32::try_from(piece.len).unwrap_or(u32::MAX);
        // After a fallback what a middlebox changed is taken as it is (RFC 8684 section 3.7).
        if piece.csum.is_some() && self.fallback.is_none() {
            // RFC 8684 section 3.3.1: nothing of a mapping is delivered before all of it is verified.
            return if avail < whole { RxStep::Wait } else { RxStep::Sum { len: whole } };
        }
        let len = avail.min(whole);
        // Plain TCP sends nothing again that it was told has arrived: a byte beyond the window, too, has its place.
        let behind = if self.fallback.is_some() { piece.doff.saturating_add(u64::from(len)) } else { 0 };
        let edge = self.rcv.edge().max(behind);
        let placement = self.reass.arrive(piece.doff, len, edge, &mut self.pool);
        self.took(sf, len);
        if !matches!(
            placement,
            Placement::Duplicate | Placement::Deliver { cut: 0, .. } | Placement::Hold { cut: 0, .. }
        ) {
            self.thrown = self.thrown.max(piece.doff.saturating_add(u64::from(len)));
        }
        if !matches!(placement, Placement::Deliver { skip: 0, cut: 0, .. })
            && let Some(subflow) = self.get_mut(sf)
        {
            subflow.rx_bent = true;
        }
        match placement {
            Placement::Deliver { skip, len, cut } => {
                self.delivered(len);
                if self.detached {
                    // Data for an application that has closed its socket: as TCP answers it with a RST.
                    self.abort();
                }
                RxStep::Deliver { skip, len, cut }
            }
            Placement::Hold { skip, len, cut } => {
                self.stats.pieces_held = self.stats.pieces_held.saturating_add(1);
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
            Placement::NoMemory => {
                self.stats.refused_no_memory = self.stats.refused_no_memory.saturating_add(1);
                RxStep::Discard { len }
            }
        }
    }

    /// In-order bytes that no map covers.
    fn unmapped_bytes(&mut self, sf: SubflowId, avail: u32, now: Instant) -> RxStep {
        let Some(subflow) = self.get(sf) else {
            return RxStep::Wait;
        };
        let head = subflow.rx.head();
        let gap = subflow.rx.next_mapped().map_or(u64::MAX, |next| next.saturating_sub(head));
        let len = avail.min(u32::try_from(gap).unwrap_or(u32::MAX));
        if head < subflow.discard {
            let refused = u32::try_from(subflow.discard.saturating_sub(head)).unwrap_or(u32::MAX);
            return self.discard(sf, len.min(refused));
        }
        if let Some(fallback) = self.fallback {
            if !fallback.trusted {
                // The peer may not know that we have fallen back.
                self.reset_subflow(sf, RstReason::MIDDLEBOX, false);
                return RxStep::Wait;
            }
            return self.infinite_bytes(sf, len);
        }
        if self.unmapped_means_stripped(sf, now) {
            return self.infinite_bytes(sf, len);
        }
        if let Some(subflow) = self.get_mut(sf) {
            subflow.unmapped = true;
        }
        RxStep::Wait
    }

    /// Bytes under an infinite mapping: the next data, whatever they are.
    fn infinite_bytes(&mut self, sf: SubflowId, len: u32) -> RxStep {
        let doff = self.reass.rcv_nxt();
        let edge = doff.saturating_add(u64::from(len));
        let placement = self.reass.arrive(doff, len, edge, &mut self.pool);
        self.took(sf, len);
        match placement {
            Placement::Deliver { skip, len, cut } => {
                self.delivered(len);
                if self.detached {
                    self.abort();
                }
                RxStep::Deliver { skip, len, cut }
            }
            _ => RxStep::Discard { len },
        }
    }

    fn discard(&mut self, sf: SubflowId, len: u32) -> RxStep {
        self.took(sf, len);
        RxStep::Discard { len }
    }

    fn took(&mut self, sf: SubflowId, len: u32) {
        let pool = &mut self.pool;
        if let Some(subflow) = self.subflows.get_mut(sf.index()).and_then(Option::as_mut) {
            subflow.rx.take(u64::from(len), pool);
            subflow.bytes_received = subflow.bytes_received.saturating_add(u64::from(len));
            subflow.unmapped = false;
        }
    }

    fn delivered(&mut self, len: u32) {
        self.stats.bytes_delivered = self.stats.bytes_delivered.saturating_add(u64::from(len));
        self.wants.insert(ConnWants::WAKE_READER);
    }

    /// The application read, or its buffer was resized: `space` bytes are free in `so_rcv`. Returns
    /// whether the peer is to be told by an ACK of its own ([`super::Action::SendAck`]).
    pub fn set_rcv_space(&mut self, space: u32) -> bool {
        let nxt = self.reass.rcv_nxt();
        self.rcv.set_space(nxt, space);
        let mss = self.live().map(|subflow| subflow.metrics.mss).max().unwrap_or(0).max(536);
        let opened = self.rcv.edge().saturating_sub(self.told_edge);
        // As TCP does: tell the peer once two segments more fit, or half of what is free.
        let tell =
            opened >= u64::from(mss).saturating_mul(2) && opened.saturating_mul(2) >= u64::from(space.min(1 << 20));
        if tell {
            // A window of TCP that was shut is opened by an ACK on the same subflow only, for Linux among others: what
            // waits there to be sent would else wait for its probe.
            let was_shut = self.told_edge.saturating_sub(nxt) < u64::from(mss).saturating_mul(2);
            self.told_edge = self.rcv.edge();
            if was_shut && self.fallback.is_none() {
                for subflow in self.live_mut().filter(|subflow| subflow.is_established()) {
                    subflow.wants.insert(Wants::ACK);
                }
            } else {
                self.ask_ack();
            }
        }
        tell
    }

    /// Window to advertise on every subflow, in bytes, counted from the DATA_ACK.
    #[must_use]
    pub fn rcv_window(&self) -> u32 {
        self.rcv.advertise(self.reass.rcv_nxt())
    }

    /// Bytes held because data before them is missing.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.reass.held_bytes()
    }
}
