//! What the caller must do next.

use super::Mpcb;
use super::timer::Timer;
use crate::error::ConnError;
use crate::rng::Rng;
use crate::subflow::{Subflow, SubflowId, Wants};
use crate::time::Instant;
use bitflags::bitflags;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

/// A map that was refused memory is asked for again after so long.
const STARVED_WAIT: Duration = Duration::from_millis(50);

/// One thing for the caller to do; none of them is done while MP_LOCK is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Let TCP send on this subflow: it may map data (`tcp_output`).
    Output(SubflowId),
    /// Send an ACK without payload on this subflow now: it carries a signal, a DATA_ACK or the DATA_FIN.
    SendAck(SubflowId),
    /// Send a segment that the peer has to answer now, however far TCP's retransmission timer has backed off: again the first one
    /// that is not acknowledged, or, where everything is, an ACK with the sequence number before the next one (a keepalive).
    Probe(SubflowId),
    /// Open a subflow: connect a new TCP from `local` (any port) to `remote`.
    OpenSubflow {
        /// Its id; the subflow exists already at this level.
        sf: SubflowId,
        /// Address to bind to.
        local: IpAddr,
        /// Where to connect.
        remote: SocketAddr,
    },
    /// Close the subflow in order: FIN after what is mapped.
    Close(SubflowId),
    /// Reset the subflow; its RST takes options from `SubflowTx`. Report [`Mpcb::subflow_closed`] then.
    Reset(SubflowId),
    /// There is data in `so_rcv`.
    WakeReader,
    /// There is room in `so_snd`; call [`Mpcb::snd_release`] first.
    WakeWriter,
    /// The peer will send no more: end of file after what was delivered.
    PeerClosed,
    /// The connection is over; nothing follows.
    Closed(ConnError),
}

bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct ConnWants: u8 {
        const WAKE_READER = 0x01;
        const WAKE_WRITER = 0x02;
        const PEER_CLOSED = 0x04;
        const CLOSED = 0x08;
    }
}

/// What [`Mpcb::take_wakes`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wakes {
    /// As [`Action::WakeReader`].
    pub reader: bool,
    /// As [`Action::WakeWriter`].
    pub writer: bool,
    /// [`Mpcb::poll_action`] may have something else.
    pub more: bool,
}

impl Mpcb {
    /// Takes the two actions that nearly every segment brings, and says whether it is worth asking for others.
    pub fn take_wakes(&mut self, now: Instant) -> Wakes {
        let reader = self.take(ConnWants::WAKE_READER);
        let writer = self.take(ConnWants::WAKE_WRITER);
        let asked =
            !self.wants.is_empty() || self.starved || self.live().any(|subflow| !subflow.pending.wants.is_empty());
        Wakes { reader, writer, more: asked || !self.nothing_due(now) }
    }

    /// The next thing to do; call until `None` after every other call. Never allocates but for a new subflow.
    pub fn poll_action(&mut self, now: Instant, rng: &mut dyn Rng) -> Option<Action> {
        if self.take(ConnWants::WAKE_READER) {
            return Some(Action::WakeReader);
        }
        if self.take(ConnWants::PEER_CLOSED) {
            return Some(Action::PeerClosed);
        }
        if self.take(ConnWants::WAKE_WRITER) {
            return Some(Action::WakeWriter);
        }
        let nothing_due = self.nothing_due(now);
        if !self.mode.is_over() {
            if !nothing_due {
                self.hand_out_signals(now);
            }
            if core::mem::take(&mut self.starved) {
                self.timers.set(Timer::Starved, now + STARVED_WAIT);
            }
        }
        if let Some(action) = self.subflow_action() {
            return Some(action);
        }
        if !self.mode.is_over() {
            if nothing_due {
                debug_assert!(self.next_signal().is_none_or(|at| at > now), "a signal was overlooked");
                debug_assert!(self.wanted_now(now).is_none(), "a path was overlooked");
                debug_assert!(self.rescue_now(now).is_none(), "an outage was overlooked");
                return None;
            }
            // One that memory is refused for is tried again.
            if let Some(wanted) = self.wanted_now(now) {
                return self.open_wanted(&wanted, now, rng);
            }
            if let Some(wanted) = self.rescue_now(now) {
                return self.open_rescue(&wanted, now, rng);
            }
            self.note_next_due();
            return None;
        }
        let error = self.mode.ended()?;
        self.take(ConnWants::CLOSED).then_some(Action::Closed(error))
    }

    fn take(&mut self, want: ConnWants) -> bool {
        let wanted = self.wants.contains(want);
        self.wants.remove(want);
        wanted
    }

    fn subflow_action(&mut self) -> Option<Action> {
        let subflow = self.live_mut().find(|subflow| !subflow.pending.wants.is_empty())?;
        let sf = subflow.id;
        // Data goes before the FIN, and a RST before everything.
        let order = [
            (Wants::RESET, Action::Reset(sf)),
            (Wants::OUTPUT, Action::Output(sf)),
            (Wants::ACK, Action::SendAck(sf)),
            (Wants::PROBE, Action::Probe(sf)),
            (Wants::CLOSE, Action::Close(sf)),
        ];
        let (want, action) = order.into_iter().find(|(want, _)| subflow.pending.wants.contains(*want))?;
        subflow.pending.wants.remove(want);
        if want == Wants::ACK && subflow.pending.wants.contains(Wants::ACK_AGAIN) {
            subflow.pending.wants.remove(Wants::ACK_AGAIN);
            subflow.want(Wants::ACK);
        }
        Some(action)
    }

    /// Asks for output on every subflow that has room for a segment more.
    pub(super) fn request_output(&mut self) {
        for subflow in self.live_mut().filter(|subflow| subflow.is_established()) {
            if subflow.sending.could_send(subflow.health.metrics()) {
                subflow.want(Wants::OUTPUT);
            }
        }
    }

    /// Asks for an ACK without payload on the subflow that received last, or else on any.
    pub(super) fn ask_ack(&mut self) {
        let last = self.last_rx;
        let usable = |sf: SubflowId, mpcb: &Mpcb| mpcb.get(sf).is_some_and(Subflow::is_working);
        let choice = if let Some(fallback) = self.mode.fallback() {
            // There is no other, and after our FIN the peer still wants to know of the window.
            Some(fallback.sf())
        } else if usable(last, self) {
            Some(last)
        } else {
            self.live()
                .filter(|subflow| subflow.is_established())
                .min_by_key(|subflow| (subflow.health.is_stalled(), subflow.is_backup(), subflow.health.metrics().srtt))
                .map(|subflow| subflow.id)
        };
        if let Some(subflow) = choice.and_then(|sf| self.get_mut(sf)).filter(|subflow| !subflow.is_resetting()) {
            subflow.want(Wants::ACK);
        }
    }
}
