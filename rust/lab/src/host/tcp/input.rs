//! Segments from the wire: which of them may be believed, and what smoltcp is told.

use mptcp_core::time::Instant;
use smoltcp::socket::tcp::State;

use super::options::{SynOptions, sack_blocks};
use super::{ACK_DELAY, FlowEnd, TcpFlow, expand};
use crate::host::packet::{Flags, TcpSegment};

/// Scale that smoltcp is told the peer uses, so that its window never restricts.
const WIDE_SHIFT: u8 = 14;
/// Acknowledgements older than this are forged (RFC 5961, section 5.2).
const OLDEST_ACK: u64 = 1 << 30;

/// A segment that TCP takes, in offsets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arrival {
    /// Offset of the first octet.
    pub(crate) off: u64,
    /// Octets of data.
    pub(crate) len: u32,
    /// The first of our offsets that the peer has not acknowledged.
    pub(crate) ack: u64,
    /// The window in octets.
    pub(crate) window: u32,
}

/// What TCP thinks of a segment (RFC 9293 section 3.10.7, RFC 5961).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Acceptance {
    /// It belongs to the connection.
    Accept(Arrival),
    /// Nothing in it is new or credible, but it wants an acknowledgement. The levels above must not see
    /// it.
    Answer,
    /// It is to be forgotten.
    Drop,
}

impl TcpFlow {
    /// Judges a segment that arrived for this flow's addresses. Changes nothing.
    pub(crate) fn examine(&self, segment: &TcpSegment<'_>) -> Acceptance {
        let flags = segment.flags;
        match self.endpoint.state() {
            State::Closed => Acceptance::Drop,
            State::Listen => {
                let opens = flags.has(Flags::SYN) && !flags.has(Flags::ACK.and(Flags::RST));
                if opens { self.accept(segment, 0, 0) } else { Acceptance::Drop }
            }
            State::SynSent => self.examine_answer(segment),
            _ => self.examine_synchronized(segment),
        }
    }

    fn accept(&self, segment: &TcpSegment<'_>, off: u64, ack: u64) -> Acceptance {
        let syn = segment.flags.has(Flags::SYN);
        let shift = if syn { 0 } else { self.peer_shift };
        Acceptance::Accept(Arrival {
            off,
            len: segment.payload.len() as u32,
            ack,
            window: u32::from(segment.window) << shift,
        })
    }

    /// RFC 9293, 3.10.7.3: only what acknowledges our SYN exactly is believed.
    fn examine_answer(&self, segment: &TcpSegment<'_>) -> Acceptance {
        let flags = segment.flags;
        let acknowledges = flags.has(Flags::ACK) && self.iss.is_some_and(|iss| segment.ack == iss.wrapping_add(1));
        if acknowledges && flags.has(Flags::SYN.and(Flags::RST)) {
            self.accept(segment, 0, 1)
        } else {
            Acceptance::Drop
        }
    }

    fn examine_synchronized(&self, segment: &TcpSegment<'_>) -> Acceptance {
        let (Some(irs), Some(iss)) = (self.irs, self.iss) else { return Acceptance::Drop };
        let flags = segment.flags;
        let next = self.rcv_nxt();
        let off = expand(segment.seq.wrapping_sub(irs), next);
        let held = self.rx_buffer.saturating_sub(self.readable()) as u64;
        // At the multipath level a subflow may be ahead of the window that was told on it; core judges the data.
        let window = if self.heed_window { held.min(self.advertised_edge.saturating_sub(next)) } else { held };
        if flags.has(Flags::RST) {
            // RFC 5961, section 3.2.
            return match off {
                _ if off == next => self.accept(segment, off, self.sender.una()),
                _ if (next..next + window).contains(&off) => Acceptance::Answer,
                _ => Acceptance::Drop,
            };
        }
        if flags.has(Flags::SYN) {
            // Our third ACK was lost, or RFC 5961, section 4.2. While half open, smoltcp's timer answers.
            return if self.handshake_over { Acceptance::Answer } else { Acceptance::Drop };
        }
        if !flags.has(Flags::ACK) {
            return Acceptance::Drop;
        }
        let len = u64::from(segment.seq_len());
        let fits = if segment.payload.is_empty() {
            // A FIN alone takes no room.
            off >= next && off <= next + window
        } else {
            off + len > next && off < next + window
        };
        if !fits {
            return Acceptance::Answer;
        }
        let una = self.sender.una();
        let ack = expand(segment.ack.wrapping_sub(iss), una);
        if ack > self.sender.nxt() || ack + OLDEST_ACK < una || (!self.handshake_over && ack != 1) {
            return if self.handshake_over { Acceptance::Answer } else { Acceptance::Drop };
        }
        self.accept(segment, off, ack.max(una))
    }

    /// Hands over a SYN or SYN/ACK that was accepted. `multipath`: what follows carries MPTCP options.
    pub(crate) fn deliver_syn(&mut self, now: Instant, segment: &TcpSegment<'_>, multipath: bool) {
        let active = self.endpoint.state() == State::SynSent;
        let peer = SynOptions::parse(segment.options);
        self.irs = Some(segment.seq);
        self.synchronize(&peer, multipath);
        if active {
            self.our_shift = if peer.shift.is_some() { self.offered_shift } else { 0 };
            self.window_edge = 1 + u64::from(segment.window);
            self.complete(now);
        }
        let mut options = Vec::new();
        let told = SynOptions { mss: u16::try_from(self.mss).ok(), shift: peer.shift.map(|_| WIDE_SHIFT), sack: false };
        told.write(&mut options);
        // Data on a SYN (RFC 7413) is not taken; the peer sends it again.
        let told = TcpSegment { options: &options, payload: &[], window: u16::MAX, ..*segment };
        self.endpoint.input(now, &told);
    }

    /// Hands over any other segment that was accepted.
    pub(crate) fn deliver(&mut self, now: Instant, segment: &TcpSegment<'_>, arrival: &Arrival) {
        if segment.flags.has(Flags::RST) {
            self.end.get_or_insert(FlowEnd::Reset);
            self.endpoint.socket().abort();
            return;
        }
        if !self.handshake_over {
            self.complete(now);
            self.window_edge = 1 + u64::from(arrival.window);
        }
        self.acknowledged(now, segment, arrival);
        let fin = segment.flags.has(Flags::FIN);
        let next = self.rcv_nxt();
        let mut last = false;
        if arrival.len > 0 || fin {
            self.answer_due = true;
            last = self.keep(now, segment.payload, arrival) && fin && !self.fin_received;
        }
        if last || self.awaits_bare_ack() {
            self.feed(now, segment, last);
        }
        if matches!(self.endpoint.state(), State::CloseWait | State::LastAck | State::Closing | State::TimeWait)
            || (fin && self.endpoint.state() == State::Closed)
        {
            self.fin_received = true;
        }
        let now_next = self.rcv_nxt();
        self.octets_received += now_next - next;
        self.ranges.advance(now_next);
        self.note_state();
    }

    /// Keeps the data of a segment. True if nothing before the segment's end is missing: its FIN counts.
    fn keep(&mut self, now: Instant, payload: &[u8], arrival: &Arrival) -> bool {
        let next = self.inbox.next();
        let end = arrival.off + u64::from(arrival.len);
        let gap = !self.ranges.is_empty();
        if !self.fin_received && self.ranges.insert(next, arrival.off, end) {
            self.inbox.insert(arrival.off, payload);
            self.ranges.advance(self.inbox.next());
        }
        let unacknowledged = self.rcv_nxt().saturating_sub(self.ack_sent);
        if gap || arrival.off > next || (self.ack_timer.is_some() && unacknowledged > self.mss as u64) {
            // RFC 5681, section 4.2: at once while there are gaps, and for at least every second full segment.
            self.ack_timer = Some(now);
        } else if unacknowledged > 0 {
            self.ack_timer.get_or_insert(now + ACK_DELAY);
        }
        end == self.inbox.next()
    }

    /// A segment that wants nothing but an answer.
    pub(crate) fn answer(&mut self) {
        self.answer_due = true;
        self.ack_wanted = true;
    }

    /// Whether smoltcp's state machine waits for an acknowledgement without data.
    fn awaits_bare_ack(&self) -> bool {
        matches!(self.endpoint.state(), State::SynReceived | State::FinWait1 | State::Closing | State::LastAck)
    }

    fn acknowledged(&mut self, now: Instant, segment: &TcpSegment<'_>, arrival: &Arrival) {
        let Some(iss) = self.iss else { return };
        let (una, nxt) = (self.sender.una(), self.sender.nxt());
        let repeated =
            arrival.len == 0 && !segment.flags.has(Flags::FIN) && self.last_ack == (arrival.ack, arrival.window);
        let mut blocks = [(0, 0); 4];
        let mut count = 0;
        for (slot, (left, right)) in blocks.iter_mut().zip(sack_blocks(segment.options)) {
            *slot = (expand(left.wrapping_sub(iss), una), expand(right.wrapping_sub(iss), una));
            // One nonsensical block discredits those that follow.
            if slot.0 >= slot.1 || slot.1 > nxt {
                break;
            }
            count += 1;
        }
        // The peer had no room at all, and may have dropped what was under way: it goes out again without a timeout.
        let reopened = self.last_ack == (arrival.ack, 0) && arrival.window > 0;
        self.sender.on_ack(now, arrival.ack, &blocks[..count], repeated);
        if reopened {
            self.sender.send_all_again(now);
        }
        if arrival.ack >= self.last_ack.0 {
            self.last_ack = (arrival.ack, arrival.window);
            self.window_edge = arrival.ack + u64::from(arrival.window);
            if self.window_edge > nxt {
                self.persist = None;
            }
        }
    }

    /// Translates the segment for smoltcp: no data, no options, the window wide open, and acknowledged what
    /// smoltcp has sent, our FIN excepted until the peer acknowledges it. `last`: its FIN counts.
    fn feed(&mut self, now: Instant, segment: &TcpSegment<'_>, last: bool) {
        let (seq, ack) = (self.smoltcp_seq(), self.smoltcp_ack());
        let flags = if last { Flags::ACK.and(Flags::FIN) } else { Flags::ACK };
        let told = TcpSegment { seq, ack, flags, window: u16::MAX, options: &[], payload: &[], ..*segment };
        self.endpoint.input(now, &told);
    }

    /// What smoltcp expects next: the peer's SYN and FIN are all that it knows of.
    fn smoltcp_seq(&self) -> u32 {
        self.irs.unwrap_or(0).wrapping_add(1 + u32::from(self.fin_received))
    }

    fn smoltcp_ack(&self) -> u32 {
        let fin_outstanding = self.fin_sent && !self.sender.is_idle();
        let off = self.sender.nxt() - u64::from(fin_outstanding);
        self.iss.unwrap_or(0).wrapping_add(off as u32)
    }

    /// Acknowledges to smoltcp what it has just sent.
    pub(super) fn acknowledge_to_smoltcp(&mut self, now: Instant) {
        let told = TcpSegment {
            src: self.remote,
            dst: self.local,
            seq: self.smoltcp_seq(),
            ack: self.smoltcp_ack(),
            flags: Flags::ACK,
            window: u16::MAX,
            options: &[],
            payload: &[],
        };
        self.endpoint.input(now, &told);
    }
}
