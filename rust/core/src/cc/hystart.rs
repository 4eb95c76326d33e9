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
mod tests {
    use super::*;

    /// Rounds of `acks` acknowledgements each, with the given round trips, ms. What each round's last one said.
    fn rounds(state: &mut HyStart, from: u32, acks: u32, rtts: &[u32]) -> std::vec::Vec<Verdict> {
        let mut at = from;
        let mut said = std::vec::Vec::new();
        for rtt in rtts {
            let mut last = Verdict::Whole;
            for _ in 0..acks {
                at = at.wrapping_add(1);
                last = state.acked(at, at.wrapping_add(acks), Some(*rtt));
            }
            said.push(last);
        }
        said
    }

    #[test]
    fn steady_round_trips_never_end_it() {
        let mut state = HyStart::default();
        assert!(rounds(&mut state, 1, 10, &[20; 50]).iter().all(|said| *said == Verdict::Whole));
        // Up to the threshold is noise: 4 ms at least, an eighth, 16 ms at most.
        for (base, noise) in [(1, 3), (80, 9), (400, 15)] {
            let mut state = HyStart::default();
            let said = rounds(&mut state, 1, 10, &[base, base + noise, base, base + noise]);
            assert!(said.iter().all(|said| *said == Verdict::Whole), "{base} and {noise}");
        }
    }

    #[test]
    fn a_growing_round_trip_ends_it_after_five_careful_rounds() {
        // The sequence number wraps in the middle.
        let mut state = HyStart::default();
        let said = rounds(&mut state, u32::MAX - 35, 10, &[20, 20, 24, 25, 26, 27, 28, 29]);
        assert_eq!(said[..2], [Verdict::Whole; 2]);
        assert_eq!(said[2..7], [Verdict::Part(4); 5]);
        assert_eq!(said[7], Verdict::Ended);
    }

    #[test]
    fn a_round_trip_that_falls_back_lets_it_go_on() {
        let mut state = HyStart::default();
        let said = rounds(&mut state, 1, 10, &[20, 30, 31, 20, 20, 20, 20, 20, 20, 20]);
        assert_eq!(said[1..3], [Verdict::Part(4); 2]);
        assert!(said[3..].iter().all(|said| *said == Verdict::Whole), "{said:?}");
    }

    #[test]
    fn too_few_samples_say_nothing() {
        let mut state = HyStart::default();
        assert!(rounds(&mut state, 1, 7, &[20, 60, 90]).iter().all(|said| *said == Verdict::Whole));
        let mut state = HyStart::default();
        for at in 1..100 {
            assert_eq!(state.acked(at, at + 10, None), Verdict::Whole);
        }
    }

    #[test]
    fn any_words_are_taken() {
        let mut state =
            HyStart { begun: 7, round_end: 9, samples: NONE, least: 3, before: NONE - 1, rounds: NONE, baseline: 2 };
        assert_eq!(state.acked(10, 5, Some(NONE)), Verdict::Ended);
        assert_eq!(state.acked(10, 5, Some(0)), Verdict::Ended);
    }
}
