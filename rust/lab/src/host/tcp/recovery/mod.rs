//! Loss recovery and congestion control of one subflow's sending side.
//!
//! smoltcp retransmits one segment for three duplicate acknowledgements and all of them after a
//! timeout of at least a second; it reads no SACK. Over a path with a tail-drop queue that costs most of
//! the rate. So smoltcp sees its segments acknowledged as soon as they are handed over, and this
//! [`Sender`] keeps them until the peer has acknowledged them: SACK and RACK (RFC 8985), tail loss
//! probes, proportional rate reduction (RFC 6937), CUBIC with HyStart++.

mod cubic;
mod rtt;
mod scoreboard;

use std::time::Duration;

use mptcp_core::time::Instant;

use cubic::Cubic;
use rtt::Rtt;
use scoreboard::{Delivered, Scoreboard};

pub(crate) use scoreboard::Sent;

/// What a due timer means to the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TimerEvent {
    /// Lost segments may be sent again: ask [`Sender::retransmit`].
    Losses,
    /// The retransmission timer fired: the path may be dead.
    Timeout,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TimerKind {
    Reorder,
    Probe,
    Timeout,
}

/// Fast recovery or recovery after a timeout, until `point` is acknowledged.
#[derive(Clone, Copy, Debug)]
struct Episode {
    point: u64,
    after_timeout: bool,
    delivered: u64,
    sent: u64,
    in_flight_before: u64,
}

/// The sending side of one subflow.
#[derive(Debug)]
pub(crate) struct Sender {
    board: Scoreboard,
    rtt: Rtt,
    cc: Cubic,
    mss: usize,
    sack: bool,
    duplicate_acks: u32,
    episode: Option<Episode>,
    timer: Option<(Instant, TimerKind)>,
    probe_wanted: bool,
    probed: bool,
    window_limited: bool,
    /// The first lost segment of an episode goes out whatever the window says (RFC 5681, 3.2).
    first_retransmission: bool,
    retransmissions: u64,
    timeouts: u64,
    unanswered: u32,
}

impl Sender {
    /// A sender of segments with up to `mss` octets of data to a peer that reports with SACK or not.
    pub(crate) fn new(mss: usize, sack: bool) -> Sender {
        Sender {
            board: Scoreboard::new(),
            rtt: Rtt::default(),
            cc: Cubic::new(mss),
            mss,
            sack,
            duplicate_acks: 0,
            episode: None,
            timer: None,
            probe_wanted: false,
            probed: false,
            window_limited: false,
            first_retransmission: false,
            retransmissions: 0,
            timeouts: 0,
            unanswered: 0,
        }
    }

    /// First offset that the peer has not acknowledged.
    pub(crate) const fn una(&self) -> u64 {
        self.board.una()
    }

    /// First offset that was never sent.
    pub(crate) const fn nxt(&self) -> u64 {
        self.board.nxt()
    }

    /// Whether everything that was sent is acknowledged.
    pub(crate) fn is_idle(&self) -> bool {
        self.board.is_empty()
    }

    /// Smoothed round-trip time, and its mean deviation.
    pub(crate) fn srtt(&self) -> (Option<Duration>, Duration) {
        (self.rtt.smoothed(), self.rtt.variance())
    }

    /// The handshake measured the path.
    pub(crate) fn seed_rtt(&mut self, rtt: Duration) {
        self.rtt.sample(rtt);
    }

    /// Congestion window in octets.
    pub(crate) fn window(&self) -> usize {
        self.cc.window()
    }

    /// Octets in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.board.pipe() as usize
    }

    /// Segments that were sent again, and timeouts.
    pub(crate) const fn losses(&self) -> (u64, u64) {
        (self.retransmissions, self.timeouts)
    }

    /// The retransmission timeout.
    pub(crate) fn timeout(&self) -> Duration {
        self.rtt.timeout()
    }

    /// Timeouts since the peer was last heard. A peer with a shut window answers, and is not to be given up.
    pub(crate) const fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// Octets of new data that may be sent now: nothing while lost segments wait, and never a fraction
    /// of a segment where waiting would make it a whole one.
    pub(crate) fn room(&self) -> usize {
        if self.board.has_lost() {
            return 0;
        }
        let room = self.cc.window().saturating_sub(self.in_flight());
        if room >= self.mss || self.board.is_empty() { room.max(self.mss) } else { 0 }
    }

    /// A segment is sent for the first time; it begins at [`Sender::nxt`].
    pub(crate) fn sent(&mut self, now: Instant, payload: &[u8], fin: bool) {
        if self.board.is_empty() {
            self.cc.idle();
        }
        let len = payload.len() as u64;
        self.board.push(now, payload.to_vec(), fin);
        self.count_sent(len);
        self.window_limited = self.in_flight() + self.mss > self.cc.window();
        self.arm(now, None);
    }

    /// Octets sent and not acknowledged, RFC 5681's FlightSize.
    fn outstanding(&self) -> u64 {
        self.board.nxt() - self.board.una()
    }

    fn count_sent(&mut self, len: u64) {
        if let Some(episode) = &mut self.episode {
            episode.sent += len;
        }
    }

    /// The next segment to be sent again, if any may be now.
    pub(crate) fn retransmit(&mut self, now: Instant) -> Option<&Sent> {
        if self.probe_wanted {
            self.probe_wanted = false;
            self.retransmissions += 1;
            return self.board.retransmit_last(now);
        }
        if !self.board.has_lost() {
            return None;
        }
        // A window that is full by a fraction must not stop the only segment that makes progress.
        let free = self.cc.window().saturating_sub(self.in_flight());
        if free < self.mss && self.in_flight() > 0 && !self.first_retransmission {
            return None;
        }
        self.first_retransmission = false;
        self.retransmissions += 1;
        let episode = &mut self.episode;
        let sent = self.board.retransmit_lost(now)?;
        if let Some(episode) = episode {
            episode.sent += sent.len();
        }
        Some(sent)
    }

    /// The first segment that the peer has not acknowledged, to be sent again now whatever window and timers say.
    pub(crate) fn probe(&mut self, now: Instant) -> Option<&Sent> {
        let sent = self.board.retransmit_first(now)?;
        self.retransmissions += 1;
        Some(sent)
    }

    /// Arms the timer again after [`Sender::retransmit`] returned segments.
    pub(crate) fn rearm(&mut self, now: Instant) {
        self.arm(now, None);
    }

    /// An acknowledgement arrived; offsets were checked to lie at or below [`Sender::nxt`].
    /// `repeated`: it carried no data and moved nothing, neither acknowledgement nor window.
    pub(crate) fn on_ack(&mut self, now: Instant, ack: u64, sacks: &[(u64, u64)], repeated: bool) {
        self.unanswered = 0;
        let outstanding = self.outstanding();
        let limited = self.window_limited;
        let mut delivered = self.board.acknowledge(now, ack, sacks);
        if repeated && !self.sack {
            // Some segment has arrived; nobody knows which.
            delivered.octets = self.mss as u64;
        }
        if let Some(rtt) = delivered.rtt {
            self.rtt.sample(rtt);
            self.cc.on_rtt(rtt, ack, self.board.nxt());
        }
        if delivered.advanced > 0 {
            self.rtt.end_backoff();
            self.probed = false;
            self.duplicate_acks = 0;
        }
        let lost = self.look_for_losses(now, repeated, delivered);
        self.leave_episode(ack);
        if lost.0 && self.episode.is_none() {
            self.enter_episode(outstanding, false);
        }
        self.adjust_window(now, delivered, limited);
        self.arm(now, lost.1);
    }

    fn look_for_losses(&mut self, now: Instant, repeated: bool, delivered: Delivered) -> (bool, Option<Instant>) {
        if self.sack {
            let least = self.rtt.least().unwrap_or_default();
            return self.board.detect_losses(now, self.episode.is_some(), least);
        }
        if repeated && !self.board.is_empty() {
            self.duplicate_acks += 1;
            return (self.duplicate_acks == 3 && self.board.lose_first(), None);
        }
        // NewReno: a partial acknowledgement shows the next hole (RFC 6582).
        let partial =
            delivered.advanced > 0 && self.episode.is_some_and(|e| !e.after_timeout && self.board.una() < e.point);
        (partial && self.board.lose_first(), None)
    }

    fn enter_episode(&mut self, outstanding: u64, after_timeout: bool) {
        self.cc.on_congestion(outstanding as usize);
        self.first_retransmission = true;
        self.episode = Some(Episode {
            point: self.board.nxt(),
            after_timeout,
            delivered: 0,
            sent: 0,
            in_flight_before: outstanding.max(1),
        });
    }

    fn leave_episode(&mut self, ack: u64) {
        if let Some(episode) = self.episode
            && ack >= episode.point
        {
            self.episode = None;
            if !episode.after_timeout {
                self.cc.set_window(self.cc.threshold());
            }
        }
    }

    fn adjust_window(&mut self, now: Instant, delivered: Delivered, limited: bool) {
        let srtt = self.rtt.smoothed().unwrap_or_default();
        match &mut self.episode {
            Some(episode) if !episode.after_timeout => {
                episode.delivered += delivered.octets;
                let window = reduced_window(
                    episode,
                    delivered.octets,
                    self.board.pipe(),
                    self.cc.threshold() as u64,
                    self.mss as u64,
                );
                self.cc.set_window(window as usize);
            }
            _ if delivered.octets > 0 && limited => {
                self.cc.on_ack(now, delivered.octets as usize, srtt);
            }
            _ => {}
        }
    }

    /// What is not acknowledged was dropped by the peer for want of room, which it has now. That is no congestion.
    pub(crate) fn send_all_again(&mut self, now: Instant) {
        self.rtt.end_backoff();
        self.board.lose_all();
        self.first_retransmission = self.board.has_lost();
        self.arm(now, None);
    }

    /// When [`Sender::on_timer`] wants to be called.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timer.map(|(at, _)| at)
    }

    /// Acts on the timer if it is due.
    pub(crate) fn on_timer(&mut self, now: Instant) -> Option<TimerEvent> {
        let (at, kind) = self.timer?;
        if at > now {
            return None;
        }
        self.timer = None;
        match kind {
            TimerKind::Reorder => {
                let outstanding = self.outstanding();
                let least = self.rtt.least().unwrap_or_default();
                let (lost, again) = self.board.detect_losses(now, self.episode.is_some(), least);
                if lost && self.episode.is_none() {
                    self.enter_episode(outstanding, false);
                    self.cc.set_window(self.cc.threshold());
                }
                self.arm(now, again);
                Some(TimerEvent::Losses)
            }
            TimerKind::Probe => {
                self.probed = true;
                self.probe_wanted = true;
                self.arm(now, None);
                Some(TimerEvent::Losses)
            }
            TimerKind::Timeout => {
                self.timeouts += 1;
                self.unanswered += 1;
                let outstanding = self.outstanding();
                self.rtt.back_off();
                self.board.lose_all();
                if self.episode.is_none_or(|e| !e.after_timeout) {
                    self.enter_episode(outstanding, true);
                }
                self.cc.set_window(self.mss);
                self.window_limited = true;
                self.arm(now, None);
                Some(TimerEvent::Timeout)
            }
        }
    }

    /// One timer: for reordering, else for a tail loss probe, else for the retransmission timeout.
    fn arm(&mut self, now: Instant, reorder: Option<Instant>) {
        if self.board.is_empty() {
            self.timer = None;
            return;
        }
        if let Some(at) = reorder {
            self.timer = Some((at, TimerKind::Reorder));
            return;
        }
        let timeout = now + self.rtt.timeout();
        self.timer = Some((timeout, TimerKind::Timeout));
        let may_probe = self.sack
            && !self.probed
            && !self.probe_wanted
            && self.episode.is_none()
            && !self.board.has_lost()
            && self.board.sacked_segments() == 0;
        if let (true, Some(srtt)) = (may_probe, self.rtt.smoothed()) {
            // A lone segment's acknowledgement may be delayed (RFC 8985, 7.2).
            let delay = if self.board.len() == 1 { ACK_DELAY } else { MIN_PROBE };
            let at = self.board.last_sent_at().unwrap_or(now).max(now) + srtt * 2 + delay;
            if at < timeout {
                self.timer = Some((at, TimerKind::Probe));
            }
        }
    }
}

/// Least distance of a probe from two round-trip times: timers of real hosts are coarse.
const MIN_PROBE: Duration = Duration::from_millis(2);
/// How long peers commonly delay the acknowledgement of a lone segment (Linux: 40 ms).
const ACK_DELAY: Duration = Duration::from_millis(60);

/// RFC 6937: the window comes down to the threshold in proportion to what arrives.
fn reduced_window(episode: &Episode, delivered: u64, pipe: u64, threshold: u64, mss: u64) -> u64 {
    let allowed = if pipe > threshold {
        (episode.delivered * threshold).div_ceil(episode.in_flight_before).saturating_sub(episode.sent)
    } else {
        let limit = episode.delivered.saturating_sub(episode.sent).max(delivered) + mss;
        (threshold - pipe).min(limit)
    };
    pipe + allowed
}

#[cfg(test)]
mod tests;
