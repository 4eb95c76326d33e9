//! BALIA, the balanced linked adaptation (draft-walid-mptcp-congestion-control): friendlier than LIA where
//! LIA is unfair to TCP, quicker than OLIA to find new capacity.
//!
//! With `x_k = cwnd_k / rtt_k` and `a = max(x) / x_r` the draft lets subflow r grow, per segment
//! acknowledged and in segments, by
//!
//! ```text
//! x_r / (rtt_r * sum(x)^2) * (1 + a) / 2 * (4 + a) / 5
//! ```
//!
//! With `u = 1 / a` and `T = sum(x) / max(x)` this is one over `cwnd_r * T^2 * g(u)`, where
//! `g(u) = 10 / ((1 + u) * (1 + 4 * u))`. Now everything is bounded: u lies in 0..1, T in 1..n and g in 1..10.
//! So the coupled window is never below the subflow's own, and BALIA's growth never above Reno's.

use super::{FRACTION, Growth, PathWindow, div, div_up, slow_start};

/// Bits behind the point of u, T and g.
const BITS: u32 = 16;
const ONE: u64 = 1 << BITS;
/// Bits behind the point of `T^2 * g`.
const FACTOR_BITS: u32 = 12;

/// BALIA's coupling of a set of subflows; like [`Coupling`](super::Coupling) in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Balia {
    /// The subflow with the highest rate; `None` without subflows.
    fastest: Option<PathWindow>,
    /// `T`, with [`BITS`] bits behind the point.
    rates: u64,
}

impl Balia {
    /// From the subflows that are established, in any order. Walks them twice.
    #[must_use]
    pub fn new<'a>(paths: impl Iterator<Item = &'a PathWindow> + Clone) -> Self {
        let fastest = paths.clone().copied().reduce(|fastest, path| {
            let here = path.window().saturating_mul(fastest.rtt());
            let there = fastest.window().saturating_mul(path.rtt());
            if here > there { path } else { fastest }
        });
        let rates =
            paths.fold(0, |sum: u64, path| sum.saturating_add(fastest.map_or(ONE, |f| relative_rate(path, &f))));
        Balia { fastest, rates }
    }

    /// How much `path` may grow for `acked` bytes newly acknowledged on it. In slow start as
    /// [`Coupling::growth`](super::Coupling::growth).
    #[must_use]
    pub fn growth(&self, path: &PathWindow, acked: u64) -> Growth {
        if path.slow_start {
            return slow_start(path, acked);
        }
        let own = path.window() << FRACTION;
        let Some(fastest) = self.fastest else {
            return Growth::of(path, acked, own);
        };
        let u = relative_rate(path, &fastest);
        let below = ONE.saturating_add(u).saturating_mul(ONE.saturating_add(u.saturating_mul(4)));
        let g = div_up(10 << (3 * BITS), below);
        let factor = self.rates.saturating_mul(self.rates) >> BITS;
        let factor = factor.saturating_mul(g).div_ceil(1 << (2 * BITS - FACTOR_BITS));
        let window = own.saturating_mul(factor) >> FACTOR_BITS;
        Growth::of(path, acked, window.max(own))
    }

    /// By how many bytes `path` shrinks on a loss: `cwnd / 2 * min(a, 1.5)`, so between one half and three
    /// quarters of its window. The caller keeps its own floor of one or two segments.
    #[must_use]
    pub fn shrinkage(&self, path: &PathWindow) -> u64 {
        let half = path.window() / 2;
        let u = self.fastest.map_or(ONE, |f| relative_rate(path, &f));
        let a = div(ONE << BITS, u).min(ONE + ONE / 2);
        half.saturating_mul(a) >> BITS
    }
}

/// `u`, the path's rate over the fastest one's, never above one; [`BITS`] bits behind the point.
fn relative_rate(path: &PathWindow, fastest: &PathWindow) -> u64 {
    // What the path would hold at the fastest one's round trip: no more than that one holds.
    let held = (path.window() << FRACTION).saturating_mul(fastest.rtt());
    let fastest_window = fastest.window() << FRACTION;
    let held = div_up(held, path.rtt()).min(fastest_window);
    div_up(held.saturating_mul(ONE), fastest_window)
}
