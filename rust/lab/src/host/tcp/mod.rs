//! TCP below the multipath level: one [`TcpFlow`] for each subflow.
//!
//! smoltcp ([`endpoint`]) has the state machine of connection and close. The flow stands between it and the wire,
//! and speaks to each in the way it needs:
//!
//! - to the wire, each segment with the MPTCP options and the connection's window; retransmissions,
//!   congestion window, SACK ([`recovery`]) and the order of what arrives ([`inbox`]) are the flow's own;
//! - to smoltcp, segments without options, with a window that never closes, and acknowledged as soon as
//!   they are on the wire. The multipath level, or plain TCP's part of this module, honours the peer's
//!   real window. smoltcp sees none of the peer's data, only its SYN and, right behind that, its FIN: the
//!   buffer that smoltcp would want is one of the whole window, from the SYN to the end of TIME-WAIT.
//!
//! Offsets count octets of sequence space from the SYN, which is 0, in 64 bits; their low 32 bits are
//! RFC 8684's relative subflow sequence number (SSN).

mod endpoint;
mod inbox;
mod input;
mod options;
mod output;
mod ranges;
mod recovery;

use std::net::SocketAddr;
use std::time::Duration;

use mptcp_core::time::Instant;
use mptcp_wire::RstReason;
use smoltcp::socket::tcp::State;

use super::packet::{TCP_HEADER, ip_header_len};
use endpoint::{Endpoint, EndpointOptions};
use inbox::Inbox;
use ranges::Ranges;
use recovery::{Sender, TimerEvent};

pub(crate) use input::{Acceptance, Arrival};
pub(crate) use output::{Departure, SegmentOptions};

/// Octets of options that a data segment of a multipath connection must have room for: a DSS with
/// 64-bit DATA_ACK, 64-bit DSN and checksum.
const DSS_ROOM: usize = 28;
/// Full segments that may be queued between two flushes.
pub(crate) const SEGMENTS_AT_ONCE: usize = 4;
/// How long an acknowledgement may wait for a second segment (RFC 9293, 3.8.6.3: less than half a second).
const ACK_DELAY: Duration = Duration::from_millis(10);
/// RFC 7323, section 2.3.
const MAX_SHIFT: u8 = 14;
/// SYNs sent before a connection attempt is given up.
const MOST_SYNS: u32 = 6;
/// Retransmission timeouts without any answer before the flow is given up.
const MOST_TIMEOUTS: u32 = 10;

/// How a flow came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FlowEnd {
    /// FINs in both directions, or closed before the handshake was over.
    Closed,
    /// The peer reset it.
    Reset,
    /// We reset it.
    Aborted,
    /// The peer does not answer.
    TimedOut,
}

/// What a flow is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowOptions {
    /// Our address and port.
    pub(crate) local: SocketAddr,
    /// The peer's.
    pub(crate) remote: SocketAddr,
    /// Octets of the largest IP packet on this path.
    pub(crate) mtu: usize,
    /// Octets that may wait to be taken or come early; also fixes the window scale of our SYN.
    pub(crate) rx_buffer: usize,
    /// Decides the initial sequence number.
    pub(crate) seed: u64,
}

/// One TCP connection.
#[derive(Debug)]
pub(crate) struct TcpFlow {
    local: SocketAddr,
    remote: SocketAddr,
    mtu: usize,
    endpoint: Endpoint,
    /// Our and the peer's initial sequence number.
    iss: Option<u32>,
    irs: Option<u32>,
    /// Window scale that we offered; both are zero unless both sides sent the option.
    offered_shift: u8,
    our_shift: u8,
    peer_shift: u8,
    sack: bool,
    /// Data octets of a full segment.
    mss: usize,
    /// Segments carry MPTCP options.
    multipath: bool,
    /// The peer's TCP window counts, as there is none at the data level.
    heed_window: bool,
    sender: Sender,
    handshake_over: bool,
    syns: u32,
    syn_sent_at: Instant,
    /// What arrived and was not taken, and how much of it there may be.
    inbox: Inbox,
    rx_buffer: usize,
    fin_received: bool,
    ranges: Ranges,
    /// Right edge of the peer's TCP window, and whether that matters (plain TCP).
    window_edge: u64,
    last_ack: (u64, u32),
    /// Plain TCP's timer against a lost window update.
    persist: Option<Instant>,
    /// The last acknowledgement that left, and whether something arrived since that wants an answer.
    ack_sent: u64,
    /// Right edge of the window that the peer was told of.
    advertised_edge: u64,
    answer_due: bool,
    /// When what arrived is acknowledged at the latest.
    ack_timer: Option<Instant>,
    ack_wanted: bool,
    /// The peer is to be asked for an acknowledgement now.
    probe_wanted: bool,
    fin_sent: bool,
    reset_reason: Option<RstReason>,
    /// The SYN/ACK that is to be answered by a RST acknowledged this.
    refused: Option<u32>,
    /// The options of the RST that was sent.
    reset_options: Vec<u8>,
    end: Option<FlowEnd>,
    octets_sent: u64,
    octets_received: u64,
}

impl TcpFlow {
    /// A flow that connects; its SYN leaves with the next [`TcpFlow::flush`].
    pub(crate) fn connect(options: &FlowOptions, multipath: bool, now: Instant) -> Option<TcpFlow> {
        let endpoint = Endpoint::connect(options.local, options.remote, &options.endpoint(), now)?;
        Some(TcpFlow::new(options, multipath, endpoint, now))
    }

    /// A flow that waits for one SYN, handed to [`TcpFlow::deliver`] next.
    pub(crate) fn listen(options: &FlowOptions, multipath: bool, now: Instant) -> Option<TcpFlow> {
        let endpoint = Endpoint::listen(options.local, &options.endpoint(), now)?;
        Some(TcpFlow::new(options, multipath, endpoint, now))
    }

    fn new(options: &FlowOptions, multipath: bool, endpoint: Endpoint, now: Instant) -> TcpFlow {
        TcpFlow {
            local: options.local,
            remote: options.remote,
            mtu: options.mtu,
            endpoint,
            iss: None,
            irs: None,
            offered_shift: 0,
            our_shift: 0,
            peer_shift: 0,
            sack: false,
            mss: 536,
            multipath,
            heed_window: !multipath,
            sender: Sender::new(536, false),
            handshake_over: false,
            syns: 0,
            syn_sent_at: now,
            inbox: Inbox::default(),
            rx_buffer: options.rx_buffer,
            fin_received: false,
            ranges: Ranges::default(),
            window_edge: 0,
            last_ack: (0, 0),
            persist: None,
            ack_sent: 0,
            advertised_edge: 0,
            answer_due: false,
            ack_timer: None,
            ack_wanted: false,
            probe_wanted: false,
            fin_sent: false,
            reset_reason: None,
            refused: None,
            reset_options: Vec::new(),
            end: None,
            octets_sent: 0,
            octets_received: 0,
        }
    }

    /// Our address and port.
    pub(crate) const fn local(&self) -> SocketAddr {
        self.local
    }

    /// The peer's address and port.
    pub(crate) const fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// Data octets of a full segment.
    pub(crate) const fn mss(&self) -> usize {
        self.mss
    }

    /// The sending side.
    pub(crate) const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Data octets that arrived in order, and that were sent for the first time.
    pub(crate) const fn octets(&self) -> (u64, u64) {
        (self.octets_received, self.octets_sent)
    }

    /// How the flow ended, once it has.
    pub(crate) const fn end(&self) -> Option<FlowEnd> {
        self.end
    }

    /// Nothing of it is left: no state, nothing to be sent.
    pub(crate) fn is_gone(&self) -> bool {
        self.end.is_some() && self.endpoint.state() == State::Closed
    }

    /// The peer sent a FIN and all octets before it arrived (and wait to be taken, or were).
    pub(crate) const fn fin_received(&self) -> bool {
        self.fin_received
    }

    /// The three-way handshake is over.
    pub(crate) const fn is_synchronized(&self) -> bool {
        self.handshake_over
    }

    /// Data may be queued.
    pub(crate) fn may_send(&self) -> bool {
        self.handshake_over
            && self.end.is_none()
            && matches!(self.endpoint.state(), State::Established | State::CloseWait)
    }

    /// From here on segments carry no MPTCP options, and the peer's TCP window counts.
    pub(crate) fn become_plain(&mut self) {
        self.multipath = false;
        self.heed_window = true;
    }

    /// From here on the peer's TCP window counts (RFC 8684 section 3.7: fallback in mid-connection).
    pub(crate) fn heed_window(&mut self) {
        self.heed_window = true;
    }

    /// In-order octets that wait to be taken.
    pub(crate) fn readable(&self) -> usize {
        self.inbox.readable()
    }

    /// Calls `take` with the next `len` in-order octets, in pieces. There must be as many.
    pub(crate) fn take(&mut self, len: usize, take: impl FnMut(&[u8])) {
        self.inbox.take(len, take);
    }

    /// Copies the first `len` in-order octets, which stay.
    pub(crate) fn peek(&self, len: usize) -> Vec<u8> {
        self.inbox.peek(len)
    }

    /// The next offset expected from the peer.
    pub(crate) fn rcv_nxt(&self) -> u64 {
        self.inbox.next() + u64::from(self.fin_received)
    }

    /// Octets of new data that may be sent now.
    pub(crate) fn room(&self) -> usize {
        if !self.may_send() {
            return 0;
        }
        let room = self.sender.room();
        if !self.heed_window {
            return room;
        }
        let window = self.window_edge.saturating_sub(self.sender.nxt());
        let window = usize::try_from(window).unwrap_or(usize::MAX);
        // RFC 9293, 3.8.6.2.1: no silly windows, unless nothing is on its way.
        let worth = window >= self.mss || self.sender.is_idle();
        if worth { room.min(window) } else { 0 }
    }

    /// Queues data, at most [`TcpFlow::room`] octets; it leaves with the next [`TcpFlow::flush`].
    /// Returns how many octets were taken.
    pub(crate) fn send(&mut self, data: &[u8]) -> usize {
        self.endpoint.socket().send_slice(data).unwrap_or(0)
    }

    /// Asks the peer for an acknowledgement with the next [`TcpFlow::flush`], however far the retransmission timer has backed off.
    pub(crate) fn probe(&mut self) {
        self.probe_wanted = true;
    }

    /// Sends a FIN after what is queued.
    pub(crate) fn close(&mut self) {
        if !self.handshake_over {
            self.end.get_or_insert(FlowEnd::Closed);
        }
        self.endpoint.socket().close();
    }

    /// Sends a RST with the next [`TcpFlow::flush`] and forgets the connection.
    pub(crate) fn abort(&mut self) {
        if self.endpoint.state() != State::Closed {
            self.end.get_or_insert(FlowEnd::Aborted);
            self.endpoint.socket().abort();
        }
    }

    /// The options of the RST that ended the flow; empty without one.
    pub(crate) fn reset_options(&self) -> &[u8] {
        &self.reset_options
    }

    /// Resets the connection with an MP_TCPRST that says why (RFC 8684 section 3.6).
    pub(crate) fn abort_saying(&mut self, reason: RstReason) {
        self.reset_reason = Some(reason);
        self.abort();
    }

    /// The level above refuses a SYN/ACK that acknowledged `ack`, and is about to abort. smoltcp, which has not seen it,
    /// would go without a RST, and the peer would keep a half-open connection.
    pub(crate) fn refuse_syn_ack(&mut self, ack: u32) {
        self.refused = Some(ack);
    }

    fn give_up(&mut self, why: FlowEnd) {
        self.end.get_or_insert(why);
        self.endpoint.socket().abort();
    }

    /// When [`TcpFlow::on_timer`] wants to be called.
    pub(crate) fn next_timer(&mut self, now: Instant) -> Option<Instant> {
        let timers = [self.endpoint.next_timer(now), self.sender.next_timer(), self.persist, self.ack_timer];
        timers.into_iter().flatten().min()
    }

    /// Acts on the timers that are due; what they cause leaves with the next [`TcpFlow::flush`]. True if
    /// the retransmission timer fired.
    pub(crate) fn on_timer(&mut self, now: Instant) -> bool {
        if self.persist.is_some_and(|at| at <= now) {
            self.persist = None;
            // One octet beyond the window; the retransmission timer goes on from there.
            self.window_edge = self.window_edge.max(self.sender.nxt() + 1);
        }
        let fired = self.sender.on_timer(now) == Some(TimerEvent::Timeout);
        if fired && self.sender.unanswered() > MOST_TIMEOUTS {
            self.give_up(FlowEnd::TimedOut);
        }
        fired
    }

    /// Plain TCP: data waits for the peer's window to open, and an update may get lost.
    pub(crate) fn note_blocked(&mut self, now: Instant) {
        let shut = self.window_edge <= self.sender.nxt();
        if self.heed_window && shut && self.sender.is_idle() && self.may_send() {
            let at = now + self.sender.timeout();
            self.persist.get_or_insert(at);
        }
    }

    /// Takes the size of segments and the scales from the two SYNs.
    fn synchronize(&mut self, peer: &options::SynOptions, multipath: bool) {
        self.multipath = multipath;
        self.heed_window = !multipath;
        self.sack = peer.sack;
        self.peer_shift = peer.shift.unwrap_or(0);
        // RFC 9293, 3.7.1: 536 (IPv6: 1220) where the peer says nothing; less than 88 is no MSS.
        let default = if self.remote.is_ipv6() { 1220 } else { 536 };
        let theirs = peer.mss.map_or(default, |mss| usize::from(mss).max(88));
        let room = if multipath { DSS_ROOM } else { 0 };
        self.mss = theirs.min(self.true_mss()) - room;
        self.sender = Sender::new(self.mss, self.sack);
    }

    fn true_mss(&self) -> usize {
        self.mtu - ip_header_len(self.remote.ip()) - TCP_HEADER
    }

    /// The handshake is over: measures the path by it.
    fn complete(&mut self, now: Instant) {
        self.handshake_over = true;
        if self.syns == 1 {
            self.sender.seed_rtt(now.since(self.syn_sent_at));
        }
    }

    fn note_state(&mut self) {
        if self.end.is_none() && matches!(self.endpoint.state(), State::TimeWait | State::Closed) {
            self.end = Some(FlowEnd::Closed);
        }
    }

    /// The window scale of our SYN: the least with which the whole of `rx_buffer` can be told.
    fn wanted_shift(&self) -> u8 {
        let bits = usize::BITS - self.rx_buffer.leading_zeros();
        u8::try_from(bits.saturating_sub(u16::BITS)).unwrap_or(u8::MAX).min(MAX_SHIFT)
    }

    /// The window's unit in octets, for windows that are not on a SYN.
    fn scaled(&self, window: u32) -> u16 {
        u16::try_from(window >> self.our_shift).unwrap_or(u16::MAX)
    }
}

impl FlowOptions {
    fn endpoint(&self) -> EndpointOptions {
        EndpointOptions { mtu: self.mtu, seed: self.seed }
    }
}

/// `offset` is the 64-bit form of `base + low` that lies nearest to `near`.
fn expand(low: u32, near: u64) -> u64 {
    near.saturating_add_signed(i64::from(low.wrapping_sub(near as u32).cast_signed()))
}
