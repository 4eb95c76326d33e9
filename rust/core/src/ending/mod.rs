//! The end of a connection: DATA_FIN in both directions, and the application that has closed
//! (RFC 8684 sections 3.3.3 and 3.5).
//!
//! Our own DATA_FIN is part of the send buffer ([`SndBuf::fin_due`]), because it takes the data offset after the last
//! byte. This keeps the peer's, and answers what follows from both. Under MP_LOCK.

use crate::error::{ConnError, SubflowEnd};
use crate::sockbuf::SndBuf;

/// The peer's DATA_FIN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PeerFin {
    /// Not announced.
    Open,
    /// Announced, at this data offset; data before it may be missing.
    At(u64),
    /// All data before it was delivered, and it is part of our DATA_ACK. After a fallback: the subflow's FIN.
    Taken,
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Ending {
    peer_fin: PeerFin,
    /// The application has closed its socket.
    detached: bool,
}

/// What becomes of a connection whose last subflow is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LastGone {
    /// It is over.
    Over(ConnError),
    /// A new path may come ("break before make").
    Wait,
}

impl Ending {
    pub(crate) const fn new() -> Self {
        Ending { peer_fin: PeerFin::Open, detached: false }
    }

    /// The peer announced a DATA_FIN at `doff`. The first one counts: it cannot move, nor lie below `rcv_nxt`. Returns
    /// whether it was taken before, so that our DATA_ACK for it must have been lost.
    pub(crate) fn note_peer_fin(&mut self, doff: u64, rcv_nxt: u64) -> bool {
        if self.peer_fin == PeerFin::Open && doff >= rcv_nxt {
            self.peer_fin = PeerFin::At(doff);
        }
        self.is_peer_done()
    }

    /// Where the peer's DATA_FIN waits for the data before it.
    pub(crate) const fn awaited_fin(&self) -> Option<u64> {
        match self.peer_fin {
            PeerFin::At(doff) => Some(doff),
            PeerFin::Open | PeerFin::Taken => None,
        }
    }

    /// All data before the peer's DATA_FIN has been delivered. Returns whether that is news.
    pub(crate) fn take_peer_fin(&mut self) -> bool {
        core::mem::replace(&mut self.peer_fin, PeerFin::Taken) != PeerFin::Taken
    }

    /// The peer has sent all, and we have taken it.
    pub(crate) fn is_peer_done(&self) -> bool {
        self.peer_fin == PeerFin::Taken
    }

    /// The peer has said where its data ends.
    pub(crate) fn has_peer_fin(&self) -> bool {
        self.peer_fin != PeerFin::Open
    }

    /// The application closes its socket. Returns whether that is news.
    pub(crate) const fn detach(&mut self) -> bool {
        !core::mem::replace(&mut self.detached, true)
    }

    /// The application has closed its socket.
    pub(crate) const fn is_detached(&self) -> bool {
        self.detached
    }

    /// Both directions have ended, or are about to: no new subflows. Data that the peer has not acknowledged may still need
    /// one, whether our application is there or not.
    pub(crate) fn refuses_subflows(&self, snd: &SndBuf) -> bool {
        snd.sb_cc() == 0 && (self.detached || (self.is_peer_done() && snd.is_shut()))
    }

    /// Both DATA_FINs were acknowledged: every subflow is to be closed by FIN.
    pub(crate) fn is_complete(&self, snd: &SndBuf) -> bool {
        self.is_peer_done() && snd.fin_acked()
    }

    /// Whether the FIN of a subflow is to be answered now; `others`: there is an established subflow without FIN.
    ///
    /// RFC 8684 section 3.3.3: a FIN closes only its subflow. The last one carries our direction until our DATA_FIN is acknowledged,
    /// where the peer has ended its own by a DATA_FIN. Without DATA_FIN it has closed a path, not the connection: data that it
    /// has not acknowledged may still get through, and what is written later waits for a new path.
    pub(crate) fn answers_fin(&self, others: bool, snd: &SndBuf) -> bool {
        others || (!self.has_peer_fin() && snd.sb_cc() == 0)
    }

    /// The last subflow is gone, and `end` is how; `transient`: the peer's RST said that it might be joined again.
    pub(crate) fn last_subflow_gone(&self, end: SubflowEnd, transient: bool, snd: &SndBuf) -> LastGone {
        // The peer has everything, and we have everything of it, but for the last acknowledgement.
        if self.is_peer_done() && snd.is_shut() && snd.sb_cc() == 0 {
            return LastGone::Over(ConnError::Done);
        }
        match end {
            // RFC 8684 section 4: all subflows reset is the connection reset.
            SubflowEnd::Reset if !transient => LastGone::Over(ConnError::Reset),
            SubflowEnd::Fin if self.detached => LastGone::Over(ConnError::Reset),
            SubflowEnd::Fin | SubflowEnd::Reset | SubflowEnd::Timeout | SubflowEnd::Local => LastGone::Wait,
        }
    }

    /// The application has closed, and the peer took too long.
    pub(crate) fn close_timer(&self, snd: &SndBuf) -> ConnError {
        // Only the FINs of subflows are missing: a path may have died.
        if self.is_complete(snd) { ConnError::Done } else { ConnError::TimedOut }
    }
}

#[cfg(test)]
mod tests;
