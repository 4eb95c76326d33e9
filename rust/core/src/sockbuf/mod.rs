//! Accounting of the two socket buffers.
//!
//! Bytes leave the multipath socket's `so_snd` when a DATA_ACK has passed them. A subflow that may have to send them
//! again (RFC 8684 section 3.3.2) has them in its own send buffer. So a path that does not acknowledge keeps its own
//! flight from being freed, and nothing else. All numbers are data offsets ([`crate::seq`]). Under MP_LOCK.

/// The send buffer: `so_snd` of the multipath socket.
///
/// `base <= una <= nxt <= end`, except that a DATA_FIN, which takes the offset `end`, may be acknowledged: then `una == nxt == end + 1`.
#[derive(Clone, Copy, Debug)]
pub struct SndBuf {
    base: u64,
    una: u64,
    nxt: u64,
    end: u64,
    edge: u64,
    shut: bool,
}

/// What a DATA_ACK did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataAcked {
    /// Nothing new.
    Old,
    /// It acknowledges what was never sent.
    Invalid,
    /// `una` moved.
    Advanced,
}

impl SndBuf {
    /// Empty; the first byte will have offset 1. `window` is the peer's first window, in bytes.
    #[must_use]
    pub const fn new(window: u32) -> Self {
        SndBuf { base: 1, una: 1, nxt: 1, end: 1, edge: 1_u64.saturating_add(window as u64), shut: false }
    }

    /// First offset without DATA_ACK.
    #[must_use]
    pub const fn una(&self) -> u64 {
        self.una
    }

    /// First offset that no map has covered yet.
    #[must_use]
    pub const fn nxt(&self) -> u64 {
        self.nxt
    }

    /// First offset after what the application wrote.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// First offset beyond the peer's window.
    #[must_use]
    pub const fn edge(&self) -> u64 {
        self.edge
    }

    /// Offset of the first byte held in `so_snd`.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// Bytes without DATA_ACK (`sb_cc`).
    #[must_use]
    pub fn sb_cc(&self) -> u64 {
        self.end.saturating_sub(self.una)
    }

    /// Bytes held in `so_snd` (`sb_actual`): those without DATA_ACK, and those that were not dropped since the last one.
    #[must_use]
    pub fn sb_actual(&self) -> u64 {
        self.end.saturating_sub(self.base)
    }

    /// The application appended `bytes`. Ignored after [`SndBuf::shut`].
    pub fn append(&mut self, bytes: u64) {
        if !self.shut {
            self.end = self.end.saturating_add(bytes);
        }
    }

    /// The application will append no more: the DATA_FIN has offset `end`.
    pub fn shut(&mut self) {
        self.shut = true;
    }

    /// The application will append no more.
    #[must_use]
    pub const fn is_shut(&self) -> bool {
        self.shut
    }

    /// Bytes that no map has covered yet.
    #[must_use]
    pub fn unmapped(&self) -> u64 {
        self.end.saturating_sub(self.nxt)
    }

    /// Unmapped bytes that the peer's window admits.
    #[must_use]
    pub fn mappable(&self) -> u64 {
        self.end.min(self.edge).saturating_sub(self.nxt)
    }

    /// A map for the next `bytes` was given out. `bytes` was at most [`SndBuf::unmapped`].
    pub fn mapped(&mut self, bytes: u64) {
        self.nxt = self.nxt.saturating_add(bytes).min(self.end.max(self.nxt));
    }

    /// All data has been mapped and a DATA_FIN waits for its DATA_ACK: its offset.
    #[must_use]
    pub fn fin_due(&self) -> Option<u64> {
        (self.shut && self.nxt >= self.end && !self.fin_acked()).then_some(self.end)
    }

    /// The DATA_FIN has been acknowledged.
    #[must_use]
    pub const fn fin_acked(&self) -> bool {
        self.shut && self.una > self.end
    }

    /// Something sent waits for a DATA_ACK: data, or the DATA_FIN.
    #[must_use]
    pub fn outstanding(&self) -> bool {
        self.una < self.nxt || self.fin_due().is_some()
    }

    /// A DATA_ACK for everything below `ack`.
    pub fn data_ack(&mut self, ack: u64) -> DataAcked {
        let fin_sent = self.shut && self.nxt >= self.end;
        let most = if fin_sent { self.end.saturating_add(1) } else { self.nxt };
        if ack > most {
            return DataAcked::Invalid;
        }
        if ack <= self.una {
            return DataAcked::Old;
        }
        self.una = ack;
        self.nxt = self.nxt.max(ack);
        DataAcked::Advanced
    }

    /// The window that came with the DATA_ACK `ack`; the right edge never moves left (RFC 8684 section 3.3.4).
    /// Returns whether it opened.
    pub fn window(&mut self, ack: u64, window: u32) -> bool {
        let edge = ack.saturating_add(u64::from(window));
        let opened = edge > self.edge;
        self.edge = self.edge.max(edge);
        opened
    }

    /// Bytes to drop from the head of `so_snd` now: those that a DATA_ACK has passed.
    pub fn release(&mut self) -> u64 {
        let upto = self.una.min(self.end);
        let bytes = upto.saturating_sub(self.base);
        self.base = self.base.max(upto);
        bytes
    }
}

/// The receive side's shared window (RFC 8684 section 3.3.4): one for all subflows, counted from the DATA_ACK.
#[derive(Clone, Copy, Debug)]
pub struct RcvWindow {
    edge: u64,
    /// The peer may send up to here, so that a map that was begun gets complete; what lies beyond `edge` is not taken.
    admitted: u64,
    space: u32,
}

impl RcvWindow {
    /// `space`: bytes free in the application's `so_rcv`.
    #[must_use]
    pub const fn new(space: u32) -> Self {
        RcvWindow { edge: 1_u64.saturating_add(space as u64), admitted: 0, space }
    }

    /// The application's buffer now has `space` bytes free, of which out-of-order data takes none: it lies inside
    /// the window already. Returns how far the right edge moved.
    pub fn set_space(&mut self, rcv_nxt: u64, space: u32) -> u64 {
        self.space = space;
        let edge = rcv_nxt.saturating_add(u64::from(space));
        let moved = edge.saturating_sub(self.edge);
        self.edge = self.edge.max(edge);
        moved
    }

    /// Moves the right edge to at least `edge`, whatever is free. Returns whether it moved.
    pub const fn open_to(&mut self, edge: u64) -> bool {
        let opened = edge > self.edge;
        if opened {
            self.edge = edge;
        }
        opened
    }

    /// Lets the peer send up to `edge`, where the end of a map that began within the window can lie (65,535 bytes behind it). What lies
    /// beyond the window is still not taken. Returns whether that is news.
    pub fn admit(&mut self, edge: u64) -> bool {
        let news = edge > self.edge.max(self.admitted) && edge <= self.edge.saturating_add(65_535);
        if news {
            self.admitted = edge;
        }
        news
    }

    /// First offset that is not taken.
    #[must_use]
    pub const fn edge(&self) -> u64 {
        self.edge
    }

    /// Window to advertise with the DATA_ACK `rcv_nxt`, in bytes.
    #[must_use]
    pub fn advertise(&self, rcv_nxt: u64) -> u32 {
        u32::try_from(self.edge.max(self.admitted).saturating_sub(rcv_nxt)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
