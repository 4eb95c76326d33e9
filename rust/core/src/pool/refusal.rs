//! The refusal injector: decides which requests a pool refuses under test.

use crate::rng::{Rng, SeededRng};

/// Refuses a chosen request, or random ones, reproducibly.
#[derive(Debug)]
pub(super) struct Injector {
    /// Requests to let pass before the one that is refused.
    countdown: Option<u64>,
    rng: SeededRng,
    per_mille: u16,
}

impl Injector {
    pub(super) const fn never() -> Self {
        Self { countdown: None, rng: SeededRng::new(0), per_mille: 0 }
    }

    pub(super) const fn refuse_nth(&mut self, n: u64) {
        self.countdown = Some(n);
    }

    pub(super) const fn refuse_randomly(&mut self, seed: u64, per_mille: u16) {
        self.rng = SeededRng::new(seed);
        self.per_mille = per_mille;
    }

    /// Whether the request made now is to be refused.
    pub(super) fn refuses(&mut self) -> bool {
        match self.countdown {
            Some(0) => {
                self.countdown = None;
                return true;
            }
            Some(n) => self.countdown = Some(n.saturating_sub(1)),
            None => {}
        }
        self.per_mille > 0 && self.rng.next_u64() % 1000 < u64::from(self.per_mille)
    }
}
