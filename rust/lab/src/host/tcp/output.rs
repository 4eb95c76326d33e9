//! Segments to the wire: their options, window and acknowledgement.

use std::collections::VecDeque;

use mptcp_core::time::Instant;
use mptcp_wire::{MpOption, MpTcpRst};
use smoltcp::socket::tcp::State;

use super::options::{SynOptions, write_sack};
use super::{FlowEnd, MOST_SYNS, TcpFlow, expand};
use crate::host::packet::{Flags, MAX_OPTIONS, TCP_HEADER, TcpSegment, ip_header_len};

/// A segment that is about to leave, as the level above sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Departure {
    /// Offset of its first octet; its low 32 bits are the SSN.
    pub(crate) off: u64,
    /// Octets of data.
    pub(crate) len: u32,
    /// Its flags.
    pub(crate) flags: Flags,
}

/// What the level above puts into the header of each segment.
pub(crate) trait SegmentOptions {
    /// Writes options of at most `room` octets, a multiple of four, and returns their number.
    fn options(&mut self, departure: &Departure, room: usize, out: &mut [u8]) -> usize;
    /// The window to advertise, in octets.
    fn window(&self) -> u32;
}

impl TcpFlow {
    /// Sends all that may be sent now: lost segments, queued data, acknowledgements that are due, a FIN, a
    /// RST. Appends packets to `out`.
    pub(crate) fn flush(&mut self, now: Instant, source: &mut dyn SegmentOptions, out: &mut VecDeque<Vec<u8>>) {
        if self.end.is_some()
            && let Some(seq) = self.refused.take()
        {
            self.reset_half_open(seq, source, out);
        }
        self.flush_lost(now, source, out);
        self.flush_probe(now, source, out);
        loop {
            self.endpoint.egress(now);
            let mut progress = false;
            while let Some(packet) = self.endpoint.next_output() {
                progress |= self.forward(now, &packet, source, out);
            }
            if !progress {
                break;
            }
            self.acknowledge_to_smoltcp(now);
        }
        let due = self.ack_timer.take_if(|at| *at <= now).is_some() && self.endpoint.state() != State::Closed;
        if self.ack_wanted || due {
            self.send_ack(source, out);
        }
        self.note_state();
    }

    fn flush_lost(&mut self, now: Instant, source: &mut dyn SegmentOptions, out: &mut VecDeque<Vec<u8>>) {
        if self.end.is_some() && self.endpoint.state() == State::Closed {
            return;
        }
        let mut any = false;
        while let Some(sent) = self.sender.retransmit(now) {
            let (off, fin, payload) = (sent.off, sent.fin, sent.payload.clone());
            any = true;
            self.emit(off, &payload, segment_flags(fin, false), source, out);
        }
        if any {
            self.sender.rearm(now);
        }
    }

    /// The first segment that is not acknowledged, or a keepalive (RFC 9293, 3.8.4). The retransmission timer goes on as it was.
    fn flush_probe(&mut self, now: Instant, source: &mut dyn SegmentOptions, out: &mut VecDeque<Vec<u8>>) {
        if !std::mem::take(&mut self.probe_wanted) || !self.handshake_over || self.end.is_some() {
            return;
        }
        match self.sender.probe(now) {
            Some(sent) => {
                let (off, fin, payload) = (sent.off, sent.fin, sent.payload.clone());
                self.emit(off, &payload, segment_flags(fin, false), source, out);
            }
            None => self.emit(self.sender.nxt() - 1, &[], Flags::ACK, source, out),
        }
    }

    /// Sends an acknowledgement without data now.
    pub(crate) fn send_ack(&mut self, source: &mut dyn SegmentOptions, out: &mut VecDeque<Vec<u8>>) {
        self.ack_wanted = false;
        if self.handshake_over && self.irs.is_some() {
            self.emit(self.sender.nxt(), &[], Flags::ACK, source, out);
        }
    }

    /// Passes on what smoltcp sent. True if it was new data or a FIN, which smoltcp may now forget.
    fn forward(
        &mut self,
        now: Instant,
        packet: &[u8],
        source: &mut dyn SegmentOptions,
        out: &mut VecDeque<Vec<u8>>,
    ) -> bool {
        let Some(segment) = TcpSegment::parse_unsummed(packet) else { return false };
        if segment.flags.has(Flags::SYN) {
            self.forward_syn(now, &segment, source, out);
            return false;
        }
        let (Some(iss), Some(_)) = (self.iss, self.irs) else { return false };
        if segment.flags.has(Flags::RST) {
            if self.end == Some(FlowEnd::Aborted) || self.end == Some(FlowEnd::TimedOut) {
                let flags = Flags::RST.and(Flags::ACK);
                self.emit(self.sender.nxt(), &[], flags, source, out);
            }
            return false;
        }
        let nxt = self.sender.nxt();
        let off = expand(segment.seq.wrapping_sub(iss), nxt);
        if segment.seq_len() == 0 {
            // An acknowledgement that went with another segment need not be repeated.
            if self.answer_due || self.ack_sent != self.rcv_nxt() {
                self.send_ack(source, out);
            }
            return false;
        }
        if off != nxt {
            // smoltcp's own retransmission timer; ours is at work.
            return false;
        }
        let fin = segment.flags.has(Flags::FIN);
        self.sender.sent(now, segment.payload, fin);
        self.fin_sent |= fin;
        self.octets_sent += segment.payload.len() as u64;
        let flags = segment_flags(fin, segment.flags.has(Flags::PSH));
        self.emit(off, segment.payload, flags, source, out);
        true
    }

    fn forward_syn(
        &mut self,
        now: Instant,
        segment: &TcpSegment<'_>,
        source: &mut dyn SegmentOptions,
        out: &mut VecDeque<Vec<u8>>,
    ) {
        self.syns += 1;
        if self.syns > MOST_SYNS {
            self.give_up(FlowEnd::TimedOut);
            return;
        }
        if self.syns == 1 {
            self.syn_sent_at = now;
        }
        self.iss = Some(segment.seq);
        let said = SynOptions::parse(segment.options);
        let shift = said.shift.map(|_| self.wanted_shift());
        self.offered_shift = shift.unwrap_or(0);
        let answers = segment.flags.has(Flags::ACK);
        if answers {
            self.our_shift = self.offered_shift;
        }
        let mut options = Vec::with_capacity(MAX_OPTIONS);
        SynOptions { mss: u16::try_from(self.true_mss()).ok(), shift, sack: !answers || self.sack }.write(&mut options);
        let departure = Departure { off: 0, len: 0, flags: segment.flags };
        let mut buffer = [0; MAX_OPTIONS];
        let written = source.options(&departure, MAX_OPTIONS - options.len(), &mut buffer);
        options.extend_from_slice(&buffer[..written]);
        let window = u16::try_from(source.window()).unwrap_or(u16::MAX);
        self.advertised_edge = 1 + u64::from(window);
        out.push_back(TcpSegment { options: &options, window, payload: &[], ..*segment }.build());
    }

    /// RFC 9293, 3.10.7.3: the RST for a SYN/ACK lies where that one's acknowledgement says.
    fn reset_half_open(&mut self, seq: u32, source: &mut dyn SegmentOptions, out: &mut VecDeque<Vec<u8>>) {
        let flags = Flags::RST;
        let mut buffer = [0; MAX_OPTIONS];
        let written = source.options(&Departure { off: 1, len: 0, flags }, MAX_OPTIONS, &mut buffer);
        self.reset_options = buffer[..written].to_vec();
        let (src, dst, options) = (self.local, self.remote, self.reset_options.as_slice());
        out.push_back(TcpSegment { src, dst, seq, ack: 0, flags, window: 0, options, payload: &[] }.build());
    }

    fn emit(
        &mut self,
        off: u64,
        payload: &[u8],
        flags: Flags,
        source: &mut dyn SegmentOptions,
        out: &mut VecDeque<Vec<u8>>,
    ) {
        let (Some(iss), Some(irs)) = (self.iss, self.irs) else { return };
        let next = self.rcv_nxt();
        let headers = ip_header_len(self.remote.ip()) + TCP_HEADER;
        let room = self.mtu.saturating_sub(headers + payload.len()).min(MAX_OPTIONS) & !3;
        let mut buffer = [0; MAX_OPTIONS];
        let departure = Departure { off, len: payload.len() as u32, flags };
        let written = match self.reset_reason {
            Some(reason) if flags.has(Flags::RST) => {
                let option = MpOption::TcpRst(MpTcpRst { transient: false, reason });
                option.emit(&mut buffer).unwrap_or(0)
            }
            _ if self.multipath => source.options(&departure, room, &mut buffer),
            _ => 0,
        };
        let mut options = buffer[..written].to_vec();
        if flags.has(Flags::RST) {
            self.reset_options.clone_from(&options);
        } else if self.sack {
            let blocks = self.ranges.blocks().map(|(l, r)| (irs.wrapping_add(l as u32), irs.wrapping_add(r as u32)));
            write_sack(&mut options, room - written, blocks);
        }
        self.ack_sent = next;
        self.answer_due = false;
        self.ack_timer = None;
        let window = self.scaled(source.window());
        self.advertised_edge = self.advertised_edge.max(next + (u64::from(window) << self.our_shift));
        let segment = TcpSegment {
            src: self.local,
            dst: self.remote,
            seq: iss.wrapping_add(off as u32),
            ack: irs.wrapping_add(next as u32),
            flags,
            window,
            options: &options,
            payload,
        };
        out.push_back(segment.build());
    }
}

fn segment_flags(fin: bool, push: bool) -> Flags {
    let mut flags = Flags::ACK;
    if fin {
        flags = flags.and(Flags::FIN);
    }
    if push {
        flags = flags.and(Flags::PSH);
    }
    flags
}
