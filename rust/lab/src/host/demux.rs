//! Which connection a packet is for, and what becomes of one that is for none.

use mptcp_core::error::JoinRefusal;
use mptcp_core::mpcb::join_token;
use mptcp_core::time::Instant;
use mptcp_wire::{MpOption, MpTcpRst};

use super::Host;
use super::conn::Conn;
use super::packet::{Flags, TcpSegment};

impl Host {
    /// A packet arrived. What is no intact TCP segment for one of the host's addresses is dropped.
    pub fn packet_in(&mut self, now: Instant, packet: &[u8]) {
        let Some(segment) = TcpSegment::parse(packet) else { return };
        if !self.sh.cfg.addresses.contains(&segment.dst.ip()) || segment.src.port() == 0 {
            return;
        }
        if let Some(&(id, slot)) = self.sh.tuples.get(&(segment.dst, segment.src)) {
            if let Some(conn) = self.conns.get_mut(&id) {
                conn.segment(&mut self.sh, slot, &segment, now);
            }
            self.requeue(id, now);
            return;
        }
        if segment.flags.has(Flags::RST) {
            return;
        }
        let opens = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK);
        let refusal = if opens { self.opened(now, &segment) } else { Err(None) };
        if let Err(refusal) = refusal {
            self.refuse(&segment, refusal);
        }
    }

    /// A SYN arrived. The error says whether the RST tells why.
    fn opened(&mut self, now: Instant, segment: &TcpSegment<'_>) -> Result<(), Option<JoinRefusal>> {
        // RFC 8684 section 3.2: the token names the connection, and no listener is asked.
        if let Some(token) = join_token(segment.options) {
            let id = self.sh.tokens.find(token).ok_or(Some(JoinRefusal::UnknownToken))?;
            let conn = self.conns.get_mut(&id).ok_or(Some(JoinRefusal::UnknownToken))?;
            let joined = conn.join_syn(&mut self.sh, segment, now);
            self.requeue(id, now);
            return joined.map_err(Some);
        }
        let backlog = self.sh.cfg.backlog;
        let listener = self.listeners.get_mut(&segment.dst.port()).ok_or(None)?;
        if listener.embryos + listener.ready.len() >= backlog {
            // As a full listen queue does everywhere: the peer tries again.
            return Ok(());
        }
        listener.embryos += 1;
        let id = self.new_id();
        match Conn::from_syn(&mut self.sh, id, segment, now) {
            Some(conn) => {
                self.conns.insert(id, conn);
                self.requeue(id, now);
            }
            None => {
                if let Some(listener) = self.listeners.get_mut(&segment.dst.port()) {
                    listener.embryos -= 1;
                }
            }
        }
        Ok(())
    }

    /// Answers with a RST (RFC 9293 section 3.10.7.1; MP_TCPRST where a join is refused).
    fn refuse(&mut self, segment: &TcpSegment<'_>, refusal: Option<JoinRefusal>) {
        let acknowledges = segment.flags.has(Flags::ACK);
        let mut buffer = [0; 4];
        let mut options: &[u8] = &[];
        if let Some(refusal) = refusal {
            let reason = refusal.rst_reason();
            let option = MpOption::TcpRst(MpTcpRst { transient: false, reason });
            let len = option.emit(&mut buffer).unwrap_or(0);
            options = &buffer[..len];
        } else if acknowledges || !segment.flags.has(Flags::SYN) {
            options = self.sh.resets.find(&(segment.dst, segment.src)).unwrap_or_default();
        }
        let reply = TcpSegment {
            src: segment.dst,
            dst: segment.src,
            seq: segment.ack,
            ack: if acknowledges { 0 } else { segment.seq.wrapping_add(segment.seq_len()) },
            flags: if acknowledges { Flags::RST } else { Flags::RST.and(Flags::ACK) },
            window: 0,
            options,
            payload: &[],
        };
        self.sh.out.push_back(reply.build());
    }
}
