//! What was sent on a subflow and not yet acknowledged, and which of it was lost (RFC 8985, RACK).

use std::collections::VecDeque;
use std::time::Duration;

use mptcp_core::time::Instant;

/// A segment as it was first sent; it is never cut or joined, so that it stays within its mapping.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Offset of the first octet: the SYN is 0, the first octet of data 1. The low 32 bits are the SSN.
    pub(crate) off: u64,
    /// The data.
    pub(crate) payload: Vec<u8>,
    /// A FIN follows the data.
    pub(crate) fin: bool,
    /// The last time it was sent.
    sent_at: Instant,
    /// How often it was sent.
    times: u32,
    sacked: bool,
    lost: bool,
}

impl Sent {
    /// Octets of sequence space.
    pub(crate) fn len(&self) -> u64 {
        self.payload.len() as u64 + u64::from(self.fin)
    }

    /// The offset behind the segment.
    pub(crate) fn end(&self) -> u64 {
        self.off + self.len()
    }

    fn in_pipe(&self) -> bool {
        !self.sacked && !self.lost
    }
}

/// What an acknowledgement brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delivered {
    /// Octets that were not known to have arrived before.
    pub(crate) octets: u64,
    /// Octets by which the cumulative acknowledgement moved.
    pub(crate) advanced: u64,
    /// The round-trip time of the latest segment that was sent only once, and did not wait for one that was not.
    pub(crate) rtt: Option<Duration>,
}

/// The segments in flight, oldest first, and RACK's state.
#[derive(Debug)]
pub(crate) struct Scoreboard {
    segments: VecDeque<Sent>,
    una: u64,
    nxt: u64,
    pipe: u64,
    sacked_segments: usize,
    lost_segments: usize,
    /// The latest sending time among the segments that have arrived, and the end of that segment.
    newest: (Instant, u64),
    newest_rtt: Duration,
    highest_sacked: u64,
    reordering_seen: bool,
    /// Multiplier of the reordering window, raised by each needless retransmission.
    patience: u32,
}

impl Scoreboard {
    pub(crate) fn new() -> Scoreboard {
        Scoreboard {
            segments: VecDeque::new(),
            una: 1,
            nxt: 1,
            pipe: 0,
            sacked_segments: 0,
            lost_segments: 0,
            newest: (Instant::ZERO, 0),
            newest_rtt: Duration::ZERO,
            highest_sacked: 0,
            reordering_seen: false,
            patience: 1,
        }
    }

    /// The first offset that is not acknowledged.
    pub(crate) const fn una(&self) -> u64 {
        self.una
    }

    /// The first offset that was never sent.
    pub(crate) const fn nxt(&self) -> u64 {
        self.nxt
    }

    /// Octets that are believed to be in the network.
    pub(crate) const fn pipe(&self) -> u64 {
        self.pipe
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    pub(crate) const fn has_lost(&self) -> bool {
        self.lost_segments > 0
    }

    pub(crate) const fn sacked_segments(&self) -> usize {
        self.sacked_segments
    }

    /// Segment `off`..`off + payload.len() + fin` goes out for the first time; `off` is [`Self::nxt`].
    pub(crate) fn push(&mut self, now: Instant, payload: Vec<u8>, fin: bool) {
        let sent = Sent { off: self.nxt, payload, fin, sent_at: now, times: 1, sacked: false, lost: false };
        self.nxt = sent.end();
        self.pipe += sent.len();
        self.segments.push_back(sent);
    }

    /// The next lost segment, which the caller sends again now.
    pub(crate) fn retransmit_lost(&mut self, now: Instant) -> Option<&Sent> {
        if self.lost_segments == 0 {
            return None;
        }
        let at = self.segments.iter().position(|s| s.lost)?;
        self.lost_segments -= 1;
        self.retransmit_at(now, at)
    }

    /// The last segment that has not arrived, to be sent again as a tail loss probe.
    pub(crate) fn retransmit_last(&mut self, now: Instant) -> Option<&Sent> {
        let at = self.segments.iter().rposition(Sent::in_pipe)?;
        self.pipe -= self.segments[at].len();
        self.retransmit_at(now, at)
    }

    /// The first segment, to be sent again as a probe.
    pub(crate) fn retransmit_first(&mut self, now: Instant) -> Option<&Sent> {
        let first = self.segments.front()?;
        if first.lost {
            self.lost_segments -= 1;
        } else if first.sacked {
            // It arrived, and the peer has not said so in its acknowledgement: it has let go of it.
            return None;
        } else {
            self.pipe -= first.len();
        }
        self.retransmit_at(now, 0)
    }

    fn retransmit_at(&mut self, now: Instant, at: usize) -> Option<&Sent> {
        let sent = &mut self.segments[at];
        sent.lost = false;
        sent.sent_at = now;
        sent.times += 1;
        self.pipe += sent.len();
        Some(sent)
    }

    /// Takes the cumulative acknowledgement `ack` and the blocks of `sacks`, both as offsets that were
    /// checked to lie at or below [`Self::nxt`].
    pub(crate) fn acknowledge(&mut self, now: Instant, ack: u64, sacks: &[(u64, u64)]) -> Delivered {
        let mut delivered = Delivered::default();
        if self.is_duplicate_report(ack, sacks) {
            self.reordering_seen = true;
            self.patience = (self.patience + 1).min(16);
        }
        if ack > self.una {
            delivered.advanced = ack - self.una;
            self.una = ack;
            let mut repaired = false;
            while self.segments.front().is_some_and(|s| s.end() <= ack) {
                let Some(sent) = self.segments.pop_front() else { break };
                repaired |= sent.times > 1;
                if sent.sacked {
                    self.sacked_segments -= 1;
                } else {
                    self.arrived(now, &sent, &mut delivered);
                }
            }
            if repaired {
                // What lay behind the gap has waited for it to be closed, for as long as that took.
                delivered.rtt = None;
            }
        }
        for &(left, right) in sacks {
            if right > self.una {
                self.sack(now, left, right, &mut delivered);
            }
        }
        delivered
    }

    /// RFC 2883: the first block reports data that had arrived before.
    fn is_duplicate_report(&self, ack: u64, sacks: &[(u64, u64)]) -> bool {
        let Some(&(left, right)) = sacks.first() else { return false };
        let inside_second = sacks.get(1).is_some_and(|&(l, r)| l <= left && right <= r);
        right <= ack || inside_second
    }

    fn sack(&mut self, now: Instant, left: u64, right: u64, delivered: &mut Delivered) {
        let from = self.segments.partition_point(|s| s.off < left);
        for at in from..self.segments.len() {
            let sent = &mut self.segments[at];
            if sent.end() > right {
                break;
            }
            if sent.sacked {
                continue;
            }
            // Taken out and put back: `arrived` needs the whole of `self`.
            let mut copy = Sent { payload: std::mem::take(&mut sent.payload), ..*sent };
            self.arrived(now, &copy, delivered);
            copy.sacked = true;
            copy.lost = false;
            self.highest_sacked = self.highest_sacked.max(copy.end());
            self.sacked_segments += 1;
            self.segments[at] = copy;
        }
    }

    fn arrived(&mut self, now: Instant, sent: &Sent, delivered: &mut Delivered) {
        delivered.octets += sent.len();
        if sent.lost {
            self.lost_segments -= 1;
        } else {
            self.pipe -= sent.len();
        }
        let rtt = now.since(sent.sent_at);
        if sent.times == 1 {
            delivered.rtt = Some(delivered.rtt.map_or(rtt, |least| least.min(rtt)));
            if sent.end() < self.highest_sacked {
                self.reordering_seen = true;
            }
        } else if rtt < self.newest_rtt / 2 {
            // The acknowledgement is for an earlier transmission (RFC 8985, 6.2 step 2).
            return;
        }
        if (sent.sent_at, sent.end()) > self.newest {
            self.newest = (sent.sent_at, sent.end());
            self.newest_rtt = rtt;
        }
    }

    /// Marks what must have been lost, since segments sent later have arrived. Returns whether there
    /// was any, and when to look again.
    pub(crate) fn detect_losses(
        &mut self,
        now: Instant,
        in_recovery: bool,
        least_rtt: Duration,
    ) -> (bool, Option<Instant>) {
        if self.sacked_segments == 0 && self.segments.front().is_none_or(|s| s.times == 1) {
            // Everything arrived in the order in which it was sent.
            return (false, None);
        }
        let window = if !self.reordering_seen && (in_recovery || self.sacked_segments >= 3) {
            Duration::ZERO
        } else {
            (least_rtt / 4 * self.patience).min(self.newest_rtt)
        };
        let (mut found, mut again) = (false, None);
        for sent in self.segments.iter_mut().filter(|s| s.in_pipe()) {
            if (sent.sent_at, sent.end()) >= self.newest {
                continue;
            }
            let deadline = sent.sent_at + self.newest_rtt + window;
            if deadline <= now {
                sent.lost = true;
                self.lost_segments += 1;
                self.pipe -= sent.len();
                found = true;
            } else {
                again = Some(again.map_or(deadline, |at: Instant| at.min(deadline)));
            }
        }
        (found, again)
    }

    /// Marks the oldest segment as lost, for peers without SACK. Returns whether it was not yet.
    pub(crate) fn lose_first(&mut self) -> bool {
        match self.segments.front_mut() {
            Some(sent) if sent.in_pipe() => {
                sent.lost = true;
                self.lost_segments += 1;
                self.pipe -= sent.len();
                true
            }
            _ => false,
        }
    }

    /// The retransmission timer fired: everything that is not known to have arrived was lost.
    pub(crate) fn lose_all(&mut self) {
        // A receiver that has let go of what it reported (RFC 2018, section 8).
        let reneged = self.segments.front().is_some_and(|s| s.sacked);
        for sent in &mut self.segments {
            if reneged && sent.sacked {
                sent.sacked = false;
                self.sacked_segments -= 1;
                self.pipe += sent.len();
            }
            if sent.in_pipe() {
                sent.lost = true;
                self.lost_segments += 1;
                self.pipe -= sent.len();
            }
        }
    }

    /// When the oldest segment in flight was last sent.
    pub(crate) fn last_sent_at(&self) -> Option<Instant> {
        self.segments.iter().rev().find(|s| s.in_pipe()).map(|s| s.sent_at)
    }
}
