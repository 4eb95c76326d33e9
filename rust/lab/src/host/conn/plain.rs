//! The data path of a connection that is, or became in the handshake, plain TCP.

use std::time::Duration;

use mptcp_core::error::ConnError;
use mptcp_core::time::Instant;

use super::{Conn, Level, Role};
use crate::host::packet::{Flags, TcpSegment};
use crate::host::shared::{Shared, Slot};
use crate::host::tcp::{Arrival, FlowEnd, SEGMENTS_AT_ONCE};

/// How long FIN-WAIT-2 lasts for a connection whose application is gone; what Linux does.
const LINGER: Duration = Duration::from_secs(60);

impl Conn {
    pub(super) fn plain_segment(&mut self, slot: Slot, segment: &TcpSegment<'_>, arrival: &Arrival, now: Instant) {
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        if segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::RST) {
            subflow.flow.deliver_syn(now, segment, false);
        } else {
            subflow.flow.deliver(now, segment, arrival);
        }
    }

    fn first(&self) -> Option<Slot> {
        self.subflows.iter().find(|(_, s)| matches!(s.role, Role::First)).map(|(slot, _)| *slot)
    }

    pub(super) fn plain_work(&mut self, sh: &mut Shared, now: Instant) {
        let Some(slot) = self.first() else { return };
        let plain = matches!(self.level, Level::Plain(_));
        if self.aborting
            && let Some(subflow) = self.subflows.get_mut(&slot)
        {
            subflow.flow.abort();
        }
        if plain {
            self.plain_in(slot);
            self.plain_out(sh, slot, now);
            self.linger(slot, now);
        }
        self.flush(sh, slot, now);
        let Some(subflow) = self.subflows.get(&slot) else { return };
        if plain && subflow.flow.is_synchronized() {
            self.established = true;
        }
        let Some(end) = subflow.flow.end() else { return };
        self.end(match end {
            FlowEnd::Closed => ConnError::Done,
            FlowEnd::Reset => ConnError::Reset,
            FlowEnd::Aborted => ConnError::Aborted,
            FlowEnd::TimedOut => ConnError::TimedOut,
        });
    }

    /// Everything was sent and acknowledged, and nobody would read: the peer's FIN is waited for, but not for ever.
    fn linger(&mut self, slot: Slot, now: Instant) {
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        if !self.detached || !self.snd.is_empty() || !subflow.flow.sender().is_idle() {
            return;
        }
        let until = *self.linger_until.get_or_insert(now + LINGER);
        if until <= now {
            subflow.flow.abort();
        }
    }

    fn plain_in(&mut self, slot: Slot) {
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        let (rcv, detached) = (&mut self.rcv, self.detached);
        let readable = subflow.flow.readable();
        subflow.flow.take(readable, |octets| {
            if !detached {
                rcv.append(octets);
            }
        });
        if readable > 0 && detached {
            // RFC 9293, 3.10.4 (RFC 1122, 4.2.2.13): data for an application that is gone.
            subflow.flow.abort();
        }
        if subflow.flow.fin_received() {
            self.peer_closed = true;
        }
    }

    fn plain_out(&mut self, sh: &mut Shared, slot: Slot, now: Instant) {
        loop {
            let Some(subflow) = self.subflows.get_mut(&slot) else { return };
            let room = subflow.flow.room().min(self.snd.len()).min(SEGMENTS_AT_ONCE * subflow.flow.mss());
            if room == 0 {
                break;
            }
            let data = self.snd.copy(0, room);
            let sent = subflow.flow.send(&data);
            self.snd.drop_front(sent);
            if sent == 0 {
                break;
            }
            self.flush(sh, slot, now);
        }
        self.tell_plain_window(sh, slot, now);
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        if !self.snd.is_empty() {
            subflow.flow.note_blocked(now);
        } else if self.shut && subflow.flow.may_send() {
            subflow.flow.close();
        }
    }

    /// RFC 9293, 3.8.6.2.2: tells of a window that has grown by a fair amount.
    fn tell_plain_window(&mut self, sh: &mut Shared, slot: Slot, now: Instant) {
        let space = self.receive_space(sh);
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        if !subflow.flow.is_synchronized() {
            return;
        }
        let edge = subflow.flow.octets().0 + space as u64;
        let step = (sh.cfg.receive_buffer / 4).max(2 * subflow.flow.mss()) as u64;
        if self.advertised_edge == 0 {
            self.advertised_edge = edge;
        } else if edge >= self.advertised_edge + step && !subflow.flow.fin_received() {
            self.advertised_edge = edge;
            self.flush_ack(sh, slot, now);
        }
    }
}
