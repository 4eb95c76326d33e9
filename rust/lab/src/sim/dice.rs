//! Random choices, all from one seed.

use std::time::Duration;

use mptcp_core::rng::{Rng, SeededRng};

/// The generator with which a scenario is drawn. The order of the draws is part of a seed's meaning.
#[derive(Clone, Debug)]
pub(super) struct Dice(SeededRng);

impl Dice {
    pub(super) const fn new(seed: u64) -> Dice {
        Dice(SeededRng::new(seed))
    }

    /// A seed for something that draws on its own.
    pub(super) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// From 0 to `n` - 1.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n.max(1)
    }

    /// Both ends included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// From 0 to `most`, each power of two as likely as the next: small ones more often.
    pub(super) fn size(&mut self, most: u64) -> u64 {
        let bits = u64::from(u64::BITS - most.leading_zeros());
        let bound = 1_u64 << self.below(bits + 1);
        self.below(bound.min(most) + 1)
    }

    pub(super) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// One of several.
    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
}
