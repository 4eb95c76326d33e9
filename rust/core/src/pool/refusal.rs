//! The refusal injector: decides which requests a pool refuses under test.

/// Refuses a chosen request, or random ones, reproducibly.
#[derive(Debug)]
pub(super) struct Injector {
    /// Requests to let pass before the one that is refused.
    countdown: Option<u64>,
    state: u64,
    per_mille: u16,
}

impl Injector {
    pub(super) const fn never() -> Self {
        Self { countdown: None, state: 0, per_mille: 0 }
    }

    pub(super) const fn refuse_nth(&mut self, n: u64) {
        self.countdown = Some(n);
    }

    pub(super) const fn refuse_randomly(&mut self, seed: u64, per_mille: u16) {
        self.state = seed;
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
        self.per_mille > 0 && self.draw() % 1000 < u64::from(self.per_mille)
    }

    /// SplitMix64: every seed, zero too, gives a full-period sequence.
    const fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
