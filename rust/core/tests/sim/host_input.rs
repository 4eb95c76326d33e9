//! Segments that arrive at one host.

use crate::host::{Host, Role};
use crate::packet::Packet;
use crate::tcp::{Acked, State};
use mptcp_core::crypto::KeyMaterial;
use mptcp_core::error::{ConnError, SubflowEnd};
use mptcp_core::handshake::{FallbackReason, Responder, SynAckVerdict, ThirdAckVerdict};
use mptcp_core::mpcb::{SegIn, SegVerdict, join_token};
use mptcp_core::time::Instant;
use mptcp_wire::MpTcpRst;

impl Host {
    pub fn input(&mut self, packet: &Packet, now: Instant) {
        let found = self.flows.iter().position(|f| f.tcp.local == packet.to && f.tcp.remote == packet.from);
        match found {
            None if packet.flags.syn && !packet.flags.ack => self.on_syn(packet, now),
            None => self.refuse(packet, None),
            Some(at) if self.flows[at].gone => self.on_late(at, packet),
            Some(at) => self.on_segment(at, packet, now),
        }
        self.pump(now);
        self.fin_early(packet, now);
        self.late_acks(now);
        self.pump(now);
    }

    /// TIME_WAIT: a FIN is acknowledged, data means that the peer does not know.
    fn on_late(&mut self, at: usize, packet: &Packet) {
        let closed = self.flows[at].tcp.all_acked() && self.flows[at].tcp.fin_received;
        if !closed {
            return self.refuse(packet, None);
        }
        if packet.span() > 0 {
            self.send_ack(at);
        }
    }

    fn on_syn(&mut self, packet: &Packet, now: Instant) {
        if let Some(token) = join_token(&packet.options) {
            return self.on_join_syn(packet, token, now);
        }
        if !self.flows.is_empty() {
            return self.refuse(packet, None);
        }
        let cfg = self.setup.cfg;
        let answer =
            Responder::version_for(&packet.options, cfg.accepts(mptcp_wire::Version::V0)).and_then(|version| {
                let key = KeyMaterial::derive(version, self.key.key);
                Responder::on_syn(&packet.options, version, key, cfg.checksum, cfg.deny_join_id0)
            });
        let role = answer.map_or(Role::Plain, Role::Responding);
        let plain = matches!(role, Role::Plain);
        let at = self.add_flow(packet.to, packet.from, State::SynReceived, role);
        if plain {
            self.go_plain(at, FallbackReason::NoCapable);
        }
        self.send_syn(at, now);
    }

    fn on_join_syn(&mut self, packet: &Packet, token: u32, now: Instant) {
        let Some(mpcb) = self.mpcb.as_mut().filter(|m| m.ended().is_none() && m.agreed().local.token == token) else {
            return self.refuse(packet, None);
        };
        match mpcb.join_syn(&packet.options, packet.to, packet.from, &mut self.rng) {
            Ok(request) => {
                let at = self.add_flow(packet.to, packet.from, State::SynReceived, Role::Joining(request));
                self.send_syn(at, now);
            }
            Err(refusal) => {
                self.refuse(packet, Some(MpTcpRst { transient: false, reason: refusal.rst_reason() }));
            }
        }
    }

    fn on_segment(&mut self, at: usize, packet: &Packet, now: Instant) {
        match self.flows[at].tcp.state {
            State::SynSent => self.on_syn_ack(at, packet, now),
            State::SynReceived => self.on_third_ack(at, packet, now),
            State::Open if packet.flags.syn => self.send_ack(at),
            State::Open => self.on_open(at, packet, now),
        }
    }

    fn on_syn_ack(&mut self, at: usize, packet: &Packet, now: Instant) {
        if packet.flags.rst {
            self.tell_core(at, packet, now);
            return self.flow_ended(at, SubflowEnd::Reset, now);
        }
        if !(packet.flags.syn && packet.flags.ack) {
            return;
        }
        if self.flows[at].sf.is_some() {
            if self.tell_core(at, packet, now) == SegVerdict::Drop {
                return;
            }
            self.flows[at].tcp.opened(packet, now);
            self.send_ack(at);
            return;
        }
        self.flows[at].tcp.opened(packet, now);
        let Role::Opening(opener) = &self.flows[at].role else {
            return;
        };
        match opener.on_syn_ack(&packet.options) {
            SynAckVerdict::MultiPath(agreed) => self.promote(&agreed, at, packet.window, now),
            SynAckVerdict::PlainTcp(reason) => self.go_plain(at, reason),
        }
        self.send_ack(at);
    }

    fn on_third_ack(&mut self, at: usize, packet: &Packet, now: Instant) {
        if packet.flags.rst {
            self.flows[at].gone = true;
            if self.mpcb.is_none() {
                self.ended = Some(ConnError::Reset);
            }
            return;
        }
        if packet.flags.syn {
            return self.send_syn(at, now);
        }
        if packet.ack < 1 {
            return;
        }
        match &self.flows[at].role {
            Role::Responding(responder) => match responder.on_third_ack(&packet.options) {
                ThirdAckVerdict::MultiPath(agreed) => self.promote(&agreed, at, packet.window, now),
                ThirdAckVerdict::PlainTcp(reason) => self.go_plain(at, reason),
            },
            Role::Joining(request) => {
                let request = *request;
                let Some(mpcb) = &mut self.mpcb else {
                    return;
                };
                match mpcb.join_third_ack(&request, &packet.options, now) {
                    Ok(sf) => {
                        self.flows[at].tx = mpcb.subflow_tx(sf);
                        self.flows[at].sf = Some(sf);
                        self.flows[at].role = Role::Subflow;
                    }
                    Err(refusal) => {
                        self.flows[at].gone = true;
                        let rst = MpTcpRst { transient: false, reason: refusal.rst_reason() };
                        return self.refuse(packet, Some(rst));
                    }
                }
            }
            Role::Opening(_) | Role::Subflow | Role::Plain => {}
        }
        self.flows[at].tcp.state = State::Open;
        self.on_open(at, packet, now);
    }

    fn tell_core(&mut self, at: usize, packet: &Packet, now: Instant) -> SegVerdict {
        let seg = SegIn {
            ssn: packet.ssn as u32,
            len: packet.payload.len() as u32,
            ack: packet.ack as u32,
            window: self.believed(packet.window),
            flags: packet.flags,
        };
        match (&mut self.mpcb, self.flows[at].sf) {
            (Some(mpcb), Some(sf)) => mpcb.segment_in(sf, &seg, &packet.options, now),
            _ => SegVerdict::Continue,
        }
    }

    fn on_open(&mut self, at: usize, packet: &Packet, now: Instant) {
        let verdict = self.tell_core(at, packet, now);
        if packet.flags.rst {
            return self.flow_ended(at, SubflowEnd::Reset, now);
        }
        if verdict == SegVerdict::Drop {
            return;
        }
        if self.mpcb.as_ref().is_some_and(|mpcb| mpcb.fallback_reason().is_some()) {
            self.flows[at].tcp.heed_window = true;
        }
        let tcp = &mut self.flows[at].tcp;
        let pure = packet.payload.is_empty() && !packet.flags.fin;
        if pure && packet.ssn < tcp.rcv_nxt {
            // A keepalive, or a late ACK: it is answered, as all that lies before the window.
            tcp.ack_now |= packet.ssn + 1 == tcp.rcv_nxt;
        }
        let acked = tcp.ack(packet.ack, packet.window, pure, now);
        tcp.receive(packet.ssn, &packet.payload, packet.flags.fin, now);
        self.tell_metrics(at);
        if self.setup.early_ack && self.flows[at].tcp.ack_now {
            self.send_ack(at);
        }
        self.take_in(at, now);
        if self.setup.early_ack && self.sync(at) && self.flows[at].tcp.ack_at.is_none() {
            // The ACK left before the DATA_ACK had moved.
            self.flows[at].tcp.ack_at = Some(now + std::time::Duration::from_millis(40));
        }
        if acked == Acked::Progress || self.flows[at].tcp.wants_resend() || self.flows[at].tcp.heed_window {
            self.output(at, now);
        }
    }

    /// ACKs that are due and did not leave with data.
    fn late_acks(&mut self, now: Instant) {
        for at in 0..self.flows.len() {
            if self.flows[at].tcp.ack_now && !self.flows[at].gone {
                self.send_ack(at);
            } else if !self.flows[at].gone && self.flows[at].tcp.state == State::Open {
                self.flush_fin(at, now);
            }
        }
    }

    fn flush_fin(&mut self, at: usize, now: Instant) {
        if self.flows[at].tcp.fin_queued {
            self.output(at, now);
        }
    }
}
