//! Coupled congestion control: how much a subflow's window may grow when its data is acknowledged, so
//! that all subflows together are fair to a single TCP (RFC 8684, 3.3.7; RFC 6356).
//!
//! Only the increase in congestion avoidance is coupled. Slow start, halving on loss and everything else
//! stay with each subflow's own TCP (RFC 6356, 3).
//!
//! # The arithmetic
//!
//! RFC 6356 lets subflow i grow by the lesser of `alpha * acked * mss_i / cwnd_total` and
//! `acked * mss_i / cwnd_i`, with
//!
//! ```text
//! alpha = cwnd_total * max(cwnd_k / rtt_k^2) / (sum(cwnd_k / rtt_k))^2
//! ```
//!
//! Both bounds are `acked * mss_i` over a window. So this module keeps not alpha but the *coupled window*
//! `W = cwnd_total / alpha`. The growth is `acked * mss_i / max(W, cwnd_i)`: one division per ACK. Let b be
//! the subflow that has the maximum, and `D = sum(cwnd_k * rtt_b / rtt_k)`. Then W is `D^2 / cwnd_b`. That
//! form is in bytes throughout, needs no square of a time, and cannot overflow:
//!
//! - Windows are cut to 2^30 bytes (the most TCP can advertise, RFC 7323), round trips to 1 us and
//!   2^26 us (67 s). A window or MSS of zero counts as one byte.
//! - Since b has the maximum, `cwnd_k * rtt_b / rtt_k <= sqrt(cwnd_k * cwnd_b)`. With n subflows D is at
//!   most n * 2^30 and W at most n times the total window. For n up to 32, the most that a connection may
//!   have, every step fits into 64 bits. Beyond that steps saturate; `max(W, cwnd_i)` still keeps each
//!   subflow at or below what a TCP of its own would do.
//! - D and W carry [`FRACTION`] = 7 fractional bits and are rounded up. So the growth is never too large, and
//!   too small by less than one part in a thousand for windows of one MSS and more.

mod balia;
mod hystart;
#[cfg(test)]
mod tests;

pub use balia::Balia;
pub use hystart::{HyStart, Verdict};

/// Bits behind the binary point in windows, and in [`Growth`].
pub const FRACTION: u32 = 7;
/// [`Growth`] has this many bits behind the binary point: growths of less than a byte per ACK add up.
const GROWTH_FRACTION: u32 = 16;
/// Bits behind the point of [`Coupling::alpha`].
pub const ALPHA_FRACTION: u32 = 16;

const MOST_WINDOW: u64 = 1 << 30;
const MOST_RTT: u64 = (1 << 26) - 1;
const MOST_ACKED: u64 = 1 << 30;
const MOST_SEGMENT: u64 = u16::MAX as u64;

/// What the coupling must know of one established subflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PathWindow {
    /// Congestion window, bytes.
    pub cwnd: u64,
    /// Smoothed round trip, microseconds. Without a sample yet, leave the subflow out.
    pub srtt_us: u64,
    /// Maximum segment size, bytes; TCP's option has 16 bits for it.
    pub mss: u32,
    /// Whether the subflow is in slow start. It counts in the sums all the same (RFC 6356, 3), but grows as
    /// its own TCP says.
    pub slow_start: bool,
}

impl PathWindow {
    fn window(&self) -> u64 {
        self.cwnd.clamp(1, MOST_WINDOW)
    }

    fn rtt(&self) -> u64 {
        self.srtt_us.clamp(1, MOST_RTT)
    }

    fn segment(&self) -> u64 {
        u64::from(self.mss).clamp(1, MOST_SEGMENT)
    }

    /// Whether `cwnd / rtt^2` is larger here. 128 bits, but only multiplied, never divided.
    fn beats(&self, other: &PathWindow) -> bool {
        let here = u128::from(self.window()).saturating_mul(square(other.rtt()));
        let there = u128::from(other.window()).saturating_mul(square(self.rtt()));
        here > there
    }
}

/// RFC 6356's coupling of a set of subflows, worked out once per round trip or whenever a window or a
/// round trip has changed much. Two numbers, `Copy`; holds no reference to the subflows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Coupling {
    /// `W`, bytes with [`FRACTION`] bits behind the point. Zero without subflows: each grows alone.
    window: u64,
    /// Sum of the windows, bytes.
    total: u64,
}

impl Coupling {
    /// No coupling: every subflow grows as a TCP of its own.
    pub const NONE: Coupling = Coupling { window: 0, total: 0 };

    /// From the subflows that are established, in any order. Walks them three times.
    #[must_use]
    pub fn lia<'a>(paths: impl Iterator<Item = &'a PathWindow> + Clone) -> Self {
        let Some(best) = best(paths.clone()) else {
            return Coupling::NONE;
        };
        let d = equivalent_window(paths.clone(), best.rtt());
        let best_window = best.window() << FRACTION;
        // D / cwnd_b, 1 or more, with 12 bits behind the point: D * that stays below 2^64.
        let ratio = div_up(d.saturating_mul(1 << 12), best_window);
        Coupling { window: d.saturating_mul(ratio).div_ceil(1 << 12), total: total(paths) }
    }

    /// How much `path` may grow for `acked` bytes newly acknowledged on it, outside of slow start. Never
    /// more than a TCP of its own would (RFC 6356, goal 2). In slow start: RFC 5681's `min(acked, mss)`,
    /// for callers whose TCP leaves that to them.
    #[must_use]
    pub fn growth(&self, path: &PathWindow, acked: u64) -> Growth {
        if path.slow_start {
            return slow_start(path, acked);
        }
        let own = path.window() << FRACTION;
        Growth::of(path, acked, self.window.max(own))
    }

    /// RFC 6356's alpha with [`ALPHA_FRACTION`] bits behind the point, for statistics: 1 for one subflow,
    /// 1/n for n equal ones, above 1 where round trips differ.
    #[must_use]
    pub fn alpha(&self) -> u64 {
        let shifted = self.total.saturating_mul(1 << (FRACTION + ALPHA_FRACTION));
        shifted.checked_div(self.window).unwrap_or(1 << ALPHA_FRACTION)
    }
}

/// What an uncoupled TCP in congestion avoidance would grow by: `acked * mss / cwnd`.
#[must_use]
pub fn reno_growth(path: &PathWindow, acked: u64) -> Growth {
    if path.slow_start {
        return slow_start(path, acked);
    }
    Growth::of(path, acked, path.window() << FRACTION)
}

/// An amount by which a window grows, finer than a byte. Large windows grow by less than a byte per ACK:
/// rounding each one down would stop them. Add them up in a [`Credit`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Growth(u64);

impl Growth {
    /// Whole bytes, the rest dropped.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0 >> GROWTH_FRACTION
    }

    /// `acked * mss / window`, `window` with [`FRACTION`] bits behind the point. Never more than `acked`,
    /// since no window is counted as less than a segment.
    fn of(path: &PathWindow, acked: u64, window: u64) -> Self {
        let mss = path.segment();
        let window = window.max(mss << FRACTION);
        // At most 2^(30 + 16 + 7); the quotient at most 2^30. A window above 2^48 exists only beyond 32
        // subflows, and then the digits behind the point saturate to less.
        let dividend = acked.min(MOST_ACKED).saturating_mul(mss).saturating_mul(1 << FRACTION);
        let (whole, rest) = (div(dividend, window), rem(dividend, window));
        let behind = div(rest.saturating_mul(1 << GROWTH_FRACTION), window);
        Growth((whole << GROWTH_FRACTION).saturating_add(behind))
    }
}

/// The part of a byte that a subflow's window has still to grow by; kept beside the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Credit(u64);

impl Credit {
    /// Adds a growth and hands out the whole bytes.
    #[must_use = "these bytes are to be added to the window"]
    pub fn add(&mut self, growth: Growth) -> u64 {
        let sum = self.0.saturating_add(growth.0);
        self.0 = sum & ((1 << GROWTH_FRACTION) - 1);
        sum >> GROWTH_FRACTION
    }
}

fn slow_start(path: &PathWindow, acked: u64) -> Growth {
    let bytes = acked.min(path.segment());
    Growth(bytes.saturating_mul(1 << GROWTH_FRACTION))
}

fn best<'a>(paths: impl Iterator<Item = &'a PathWindow>) -> Option<&'a PathWindow> {
    paths.reduce(|best, path| if path.beats(best) { path } else { best })
}

/// `D`: what window at `rtt` would carry as much as all subflows do; [`FRACTION`] bits behind the point.
fn equivalent_window<'a>(paths: impl Iterator<Item = &'a PathWindow>, rtt: u64) -> u64 {
    paths.fold(0, |sum: u64, path| {
        // 2^30 * 2^7 * 2^26 < 2^64, since the largest round trip is one less.
        let scaled = (path.window() << FRACTION).saturating_mul(rtt);
        sum.saturating_add(div_up(scaled, path.rtt()))
    })
}

fn total<'a>(paths: impl Iterator<Item = &'a PathWindow>) -> u64 {
    paths.fold(0, |sum: u64, path| sum.saturating_add(path.window()))
}

fn square(rtt: u64) -> u128 {
    u128::from(rtt).saturating_mul(u128::from(rtt))
}

/// Rounded down; a divisor of zero counts as one.
fn div(dividend: u64, divisor: u64) -> u64 {
    dividend.checked_div(divisor).unwrap_or(dividend)
}

/// What [`div`] leaves.
fn rem(dividend: u64, divisor: u64) -> u64 {
    dividend.checked_rem(divisor).unwrap_or(0)
}

/// Rounded up; a divisor of zero counts as one.
fn div_up(dividend: u64, divisor: u64) -> u64 {
    dividend.div_ceil(divisor.max(1))
}
