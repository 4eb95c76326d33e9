//! Randomness as an argument: core draws nothing by itself.
//!
//! The kernel hands in its own generator, the simulator a seeded one, so that a run can be replayed.

/// A source of random numbers, lent to core for the length of one call.
///
/// Keys and nonces are drawn from it (RFC 8684, 3.1 and 3.2), so on a real host it must be
/// cryptographically strong. It must not fail and must not sleep.
pub trait Rng {
    /// 64 random bits.
    fn next_u64(&mut self) -> u64;

    /// 32 random bits; the upper half of [`Rng::next_u64`] unless the source knows better.
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }
}

impl<R: Rng + ?Sized> Rng for &mut R {
    fn next_u64(&mut self) -> u64 {
        (**self).next_u64()
    }

    fn next_u32(&mut self) -> u32 {
        (**self).next_u32()
    }
}

/// A repeatable source for tests and simulations (splitmix64). Never for a real host: whoever has
/// seen one number can compute all the others.
#[cfg(any(test, feature = "testing"))]
#[derive(Clone, Debug)]
pub struct SeededRng {
    state: u64,
}

#[cfg(any(test, feature = "testing"))]
impl SeededRng {
    /// The same seed gives the same numbers for ever.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        SeededRng { state: seed }
    }
}

#[cfg(any(test, feature = "testing"))]
impl Rng for SeededRng {
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests;
