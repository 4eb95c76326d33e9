//! A minimal TCP for one subflow: reliable, in order, with a congestion window, timeouts and FINs. Sequence numbers
//! are SSNs in 64 bits.

use mptcp_core::time::Instant;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

const RTO_MIN: Duration = Duration::from_millis(200);
const RTO_MAX: Duration = Duration::from_secs(16);
pub const MOST_TIMEOUTS: u32 = 9;
const DELAYED_ACK: Duration = Duration::from_millis(40);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    SynSent,
    SynReceived,
    Open,
}

/// What an acknowledgement did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acked {
    Nothing,
    Progress,
}

/// A segment to be sent: first SSN, length in bytes, SYN, FIN.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    pub ssn: u64,
    pub len: u32,
    pub fin: bool,
}

#[derive(Debug)]
pub struct Tcp {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub state: State,
    pub mss: u32,
    pub una: u64,
    nxt: u64,
    max: u64,
    buf: VecDeque<u8>,
    /// SSN of `buf`'s first byte.
    buf_ssn: u64,
    pub fin_queued: bool,
    pub rcv_nxt: u64,
    ooo: BTreeMap<u64, Vec<u8>>,
    pub inq: VecDeque<u8>,
    fin_at: Option<u64>,
    pub fin_received: bool,
    pub cwnd: u32,
    ssthresh: u32,
    dupacks: u32,
    resend: bool,
    srtt: Option<Duration>,
    rttvar: Duration,
    sample: Option<(u64, Instant)>,
    rto_at: Option<Instant>,
    pub timeouts: u32,
    pub ack_at: Option<Instant>,
    pub ack_now: bool,
    unacked_segments: u32,
    /// First SSN that the peer's own window does not admit; heeded by plain TCP and in fallback.
    snd_edge: u64,
    /// First SSN that we did not admit.
    rcv_edge: u64,
    pub heed_window: bool,
}

impl Tcp {
    pub fn new(local: SocketAddr, remote: SocketAddr, state: State, mss: u32) -> Self {
        Tcp {
            local,
            remote,
            state,
            mss,
            una: 0,
            nxt: 0,
            max: 0,
            buf: VecDeque::new(),
            buf_ssn: 1,
            fin_queued: false,
            rcv_nxt: u64::from(state == State::SynReceived),
            ooo: BTreeMap::new(),
            inq: VecDeque::new(),
            fin_at: None,
            fin_received: false,
            cwnd: 10 * mss,
            ssthresh: u32::MAX / 2,
            dupacks: 0,
            resend: false,
            srtt: None,
            rttvar: Duration::ZERO,
            sample: None,
            rto_at: None,
            timeouts: 0,
            ack_at: None,
            ack_now: false,
            unacked_segments: 0,
            snd_edge: u64::MAX,
            rcv_edge: 0,
            heed_window: false,
        }
    }

    pub fn end(&self) -> u64 {
        self.buf_ssn + self.buf.len() as u64
    }

    pub fn in_flight(&self) -> u64 {
        self.nxt - self.una
    }

    pub fn srtt(&self) -> (Duration, Duration) {
        (self.srtt.unwrap_or_default(), self.rttvar)
    }

    /// Bytes that could be sent beyond what is buffered.
    pub fn room(&self) -> u32 {
        if self.end() > self.nxt || self.fin_queued {
            return 0;
        }
        u64::from(self.cwnd).saturating_sub(self.in_flight()) as u32
    }

    pub fn write(&mut self, bytes: impl IntoIterator<Item = u8>) {
        self.buf.extend(bytes);
    }

    pub fn bytes(&self, next: &Next) -> Vec<u8> {
        let from = (next.ssn.max(self.buf_ssn) - self.buf_ssn) as usize;
        self.buf.range(from..from + next.len as usize).copied().collect()
    }

    pub fn all_acked(&self) -> bool {
        self.fin_queued && self.una > self.end()
    }

    fn rto(&self) -> Duration {
        let base = self.srtt.map_or(Duration::from_secs(1), |srtt| srtt + 4 * self.rttvar).max(RTO_MIN);
        (base * (1 << self.timeouts.min(16))).min(RTO_MAX)
    }

    pub fn rto_at(&self) -> Option<Instant> {
        self.rto_at
    }

    /// The SYN or SYN/ACK was sent.
    pub fn sent_syn(&mut self, now: Instant) {
        self.nxt = self.nxt.max(1);
        self.max = self.max.max(1);
        self.rto_at = Some(now + self.rto());
    }

    /// The next segment, if one may leave now; `clip` bounds its length. It counts as sent.
    pub fn next(&mut self, now: Instant, clip: impl Fn(u64, u32) -> u32) -> Option<Next> {
        if self.state != State::Open {
            return None;
        }
        let again = std::mem::take(&mut self.resend);
        let from = if again { self.una } else { self.nxt };
        let end = self.end();
        let mut limit = if again { u64::from(self.mss) } else { u64::from(self.cwnd).saturating_sub(self.in_flight()) };
        if self.heed_window {
            limit = limit.min(self.snd_edge.saturating_sub(from));
        }
        let len = end.saturating_sub(from).min(u64::from(self.mss)).min(limit) as u32;
        let len = if len > 0 { clip(from, len) } else { 0 };
        let fin = self.fin_queued && from + u64::from(len) == end;
        if len == 0 && !fin {
            if end > from && self.in_flight() == 0 && self.rto_at.is_none() {
                // Persist: the window is closed.
                self.rto_at = Some(now + self.rto());
            }
            return None;
        }
        let after = from + u64::from(len) + u64::from(fin);
        if !again {
            if after > self.max && self.sample.is_none() {
                self.sample = Some((after, now));
            }
            self.nxt = after;
            self.max = self.max.max(after);
        }
        if self.rto_at.is_none() || again {
            self.rto_at = Some(now + self.rto());
        }
        Some(Next { ssn: from, len, fin })
    }

    /// The first segment that is not acknowledged, whatever window and timer say; the timer goes on as it was.
    pub fn probe(&mut self, now: Instant, clip: impl Fn(u64, u32) -> u32) -> Option<Next> {
        if self.max <= self.una {
            return None;
        }
        let (timer, again) = (self.rto_at, std::mem::replace(&mut self.resend, true));
        let next = self.next(now, clip);
        self.resend = again;
        self.sample = None;
        if timer.is_some() {
            self.rto_at = timer;
        }
        next
    }

    /// One byte beyond a closed window; none where it is open.
    pub fn window_probe(&mut self, now: Instant) -> Option<Next> {
        let blocked = self.heed_window && self.end() > self.nxt && self.in_flight() == 0 && self.snd_edge <= self.nxt;
        blocked.then(|| {
            self.rto_at = Some(now + self.rto());
            Next { ssn: self.nxt, len: 1, fin: false }
        })
    }

    /// The retransmission timer, if it is due. `Err`: TCP gives up.
    pub fn timer(&mut self, now: Instant) -> Result<bool, ()> {
        if self.rto_at.is_none_or(|at| at > now) {
            return Ok(false);
        }
        self.rto_at = None;
        let probing = self.in_flight() == 0;
        self.timeouts += 1;
        let most = if self.state == State::Open { MOST_TIMEOUTS } else { 5 };
        if self.timeouts > most {
            return Err(());
        }
        self.sample = None;
        self.dupacks = 0;
        if self.state == State::Open && !probing {
            self.ssthresh = (self.cwnd / 2).max(2 * self.mss);
            self.cwnd = 2 * self.mss;
            self.nxt = self.una.max(1);
        }
        Ok(true)
    }

    /// The acknowledgement and window of a segment.
    pub fn ack(&mut self, ack: u64, window: u32, pure: bool, now: Instant) -> Acked {
        if self.in_flight() == 0 {
            self.timeouts = 0;
        }
        let opened = self.snd_edge == u64::MAX || ack + u64::from(window) > self.snd_edge;
        if ack >= self.una && opened {
            self.snd_edge = ack + u64::from(window);
        }
        if ack > self.max {
            return Acked::Nothing;
        }
        if ack <= self.una {
            if ack == self.una && pure && self.max > self.una && !opened {
                self.dupacks += 1;
                if self.dupacks == 3 {
                    self.resend = true;
                    self.ssthresh = (self.cwnd / 2).max(2 * self.mss);
                    self.cwnd = self.ssthresh;
                }
            }
            return Acked::Nothing;
        }
        if let Some((ssn, at)) = self.sample.filter(|(ssn, _)| *ssn <= ack) {
            let _ = ssn;
            self.measured(now - at);
            self.sample = None;
        }
        let bytes = (ack - self.una) as u32;
        self.cwnd = if self.cwnd < self.ssthresh {
            self.cwnd + bytes.min(2 * self.mss)
        } else {
            self.cwnd + (self.mss * self.mss / self.cwnd).max(1)
        };
        self.cwnd = self.cwnd.min(1 << 20);
        self.una = ack;
        self.nxt = self.nxt.max(ack);
        let done = ack.saturating_sub(self.buf_ssn).min(self.buf.len() as u64) as usize;
        self.buf.drain(..done);
        self.buf_ssn += done as u64;
        // A partial acknowledgement after a loss: the next hole at once.
        self.resend = self.dupacks >= 3 && self.una < self.max;
        self.dupacks = if self.resend { 3 } else { 0 };
        self.timeouts = 0;
        self.rto_at = (self.una < self.nxt).then(|| now + self.rto());
        Acked::Progress
    }

    fn measured(&mut self, rtt: Duration) {
        match self.srtt {
            None => {
                self.srtt = Some(rtt);
                self.rttvar = rtt / 2;
            }
            Some(srtt) => {
                self.rttvar = (self.rttvar * 3 + srtt.abs_diff(rtt)) / 4;
                self.srtt = Some((srtt * 7 + rtt) / 8);
            }
        }
    }

    /// Window that was put into a segment that leaves now.
    pub fn advertised(&mut self, window: u32) {
        self.rcv_edge = self.rcv_edge.max(self.rcv_nxt + u64::from(window));
    }

    /// Payload and FIN of a segment.
    pub fn receive(&mut self, ssn: u64, payload: &[u8], fin: bool, now: Instant) {
        let mut payload = payload.to_vec();
        let mut fin = fin;
        if self.heed_window && ssn + payload.len() as u64 > self.rcv_edge {
            payload.truncate(self.rcv_edge.saturating_sub(ssn) as usize);
            fin = false;
            self.ack_now = true;
        }
        if fin {
            self.fin_at = Some(ssn + payload.len() as u64);
        }
        if !payload.is_empty() {
            let in_order = ssn <= self.rcv_nxt && self.ooo.is_empty();
            let known = self.ooo.get(&ssn).is_some_and(|old| old.len() >= payload.len());
            if !known {
                self.ooo.insert(ssn, payload);
            }
            self.unacked_segments += 1;
            if !in_order || self.unacked_segments >= 2 {
                self.ack_now = true;
            } else if self.ack_at.is_none() {
                self.ack_at = Some(now + DELAYED_ACK);
            }
        }
        while let Some((at, bytes)) = self.ooo.first_key_value() {
            if *at > self.rcv_nxt {
                break;
            }
            let skip = (self.rcv_nxt - at) as usize;
            if skip < bytes.len() {
                let new = bytes[skip..].to_vec();
                self.rcv_nxt += new.len() as u64;
                self.inq.extend(new);
            }
            self.ooo.pop_first();
        }
        if self.fin_at == Some(self.rcv_nxt) && !self.fin_received {
            self.fin_received = true;
            self.rcv_nxt += 1;
        }
        if fin {
            self.ack_now = true;
        }
    }

    /// An acknowledgement leaves with whatever segment was sent.
    pub fn acked_now(&mut self) {
        self.ack_now = false;
        self.ack_at = None;
        self.unacked_segments = 0;
    }
}

impl Tcp {
    /// The SYN/ACK arrived.
    pub fn opened(&mut self, packet: &crate::packet::Packet, now: Instant) {
        self.state = State::Open;
        self.rcv_nxt = 1;
        self.ack(packet.ack, packet.window, false, now);
    }

    /// SSN for a segment without payload.
    pub fn next_ssn(&self) -> u64 {
        self.max
    }

    pub fn wants_resend(&self) -> bool {
        self.resend
    }
}
