//! HyStart++ (RFC 9406): a subflow leaves its first slow start when its round trips grow, before it loses half a window.
//!
//! A TCP of its own is often stopped by its receiver's window before it fills a queue; a subflow shares a window that
//! is made for all paths together, so nothing else stops it.

/// RFC 9406 section 4.3, milliseconds.
const MIN_RTT_THRESH: u32 = 4;
const MAX_RTT_THRESH: u32 = 16;
const MIN_RTT_DIVISOR: u32 = 8;
const N_RTT_SAMPLE: u32 = 8;
const CSS_GROWTH_DIVISOR: u32 = 4;
const CSS_ROUNDS: u32 = 5;

/// No sample in a round.
const NONE: u32 = u32::MAX;

/// What the acknowledgement at hand may do to the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Slow start: all of its growth.
    Whole,
    /// Conservative slow start: this part of it.
    Part(u32),
    /// None any more: slow start ends at the window that there is.
    Ended,
}

/// A subflow's first slow start. Zeroes are one that has not begun; words only, so that C can keep it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct HyStart {
    begun: u32,
    /// The round ends when this is acknowledged.
    round_end: u32,
    /// Samples of this round, and their least, ms.
    samples: u32,
    least: u32,
    /// The least of the round before, ms.
    before: u32,
    /// Conservative slow start: rounds begun in it (0: not in it), and the least round trip when it began, ms.
    rounds: u32,
    baseline: u32,
}

impl HyStart {
    /// An acknowledgement of `ack`, while `next` is what will be sent next, with a round trip of `rtt_ms` where one
    /// was measured (RFC 9406 section 4.2).
    pub fn acked(&mut self, ack: u32, next: u32, rtt_ms: Option<u32>) -> Verdict {
        if self.begun == 0 {
            *self =
                HyStart { begun: 1, round_end: next, least: NONE, before: NONE, baseline: NONE, ..HyStart::default() };
        } else if ack.wrapping_sub(self.round_end) < 1 << 31 {
            self.round_end = next;
            self.before = self.least;
            self.least = NONE;
            self.samples = 0;
            if self.rounds > 0 {
                self.rounds = self.rounds.saturating_add(1);
            }
        }
        if let Some(rtt) = rtt_ms {
            self.samples = self.samples.saturating_add(1);
            self.least = self.least.min(rtt);
        }
        if self.samples >= N_RTT_SAMPLE && self.least != NONE {
            self.judge();
        }
        match self.rounds {
            0 => Verdict::Whole,
            1..=CSS_ROUNDS => Verdict::Part(CSS_GROWTH_DIVISOR),
            _ => Verdict::Ended,
        }
    }

    fn judge(&mut self) {
        if self.rounds > 0 {
            // The growth was a passing one: slow start goes on.
            if self.least < self.baseline {
                self.rounds = 0;
                self.baseline = NONE;
            }
        } else if self.before != NONE {
            let grown = (self.before / MIN_RTT_DIVISOR).clamp(MIN_RTT_THRESH, MAX_RTT_THRESH);
            if self.least >= self.before.saturating_add(grown) {
                self.rounds = 1;
                self.baseline = self.least;
            }
        }
    }
}

#[cfg(test)]
mod tests;
