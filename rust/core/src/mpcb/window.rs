//! The receive window that all subflows share (RFC 8684 section 3.3.1).

use super::Mpcb;
use crate::ds_map::RxPiece;
use crate::subflow::{SubflowId, Wants};

impl Mpcb {
    /// The application read, or its buffer was resized: `space` bytes are free in `so_rcv`. Returns
    /// whether the peer is to be told by an ACK of its own ([`super::Action::SendAck`]).
    pub fn set_rcv_space(&mut self, space: u32) -> bool {
        let nxt = self.reass.rcv_nxt();
        self.rcv.set_space(nxt, space);
        let mss = self.live().map(|subflow| subflow.health.metrics().mss).max().unwrap_or(0).max(536);
        let opened = self.rcv.edge().saturating_sub(self.advertised_edge);
        // As TCP does: tell the peer once two segments more fit, or half of what is free.
        let tell =
            opened >= u64::from(mss).saturating_mul(2) && opened.saturating_mul(2) >= u64::from(space.min(1 << 20));
        if tell {
            // A window of TCP that was shut is opened by an ACK on the same subflow only, for Linux among others: what
            // waits there to be sent would else wait for its probe.
            let was_shut = self.advertised_edge.saturating_sub(nxt) < u64::from(mss).saturating_mul(2);
            self.advertised_edge = self.rcv.edge();
            if was_shut && !self.mode.is_plain() {
                for subflow in self.live_mut().filter(|subflow| subflow.is_established()) {
                    subflow.want(Wants::ACK);
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

    /// A map with a checksum waits for the rest of its bytes. Where it ends beyond the window, they could never come, nor what lies
    /// behind them on the subflow: the peer is let send them. If the map is the next data, the window opens to its end. If not, what
    /// lies beyond the window is thrown away once the map was verified. The bound is one map, 65,535 bytes.
    pub(super) fn admit_mapping(&mut self, sf: SubflowId, piece: &RxPiece) {
        let end = piece.doff.saturating_add(piece.len);
        let admitted = if piece.doff <= self.reass.rcv_nxt() {
            let opened = self.rcv.open_to(end);
            self.advertised_edge = self.advertised_edge.max(if opened { end } else { 0 });
            opened
        } else {
            self.rcv.admit(end)
        };
        if admitted && let Some(subflow) = self.get_mut(sf) {
            subflow.want(Wants::ACK);
        }
    }
}
