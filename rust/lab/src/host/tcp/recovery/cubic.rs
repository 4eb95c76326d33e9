//! The congestion window of one subflow: CUBIC (RFC 9438) with HyStart++ (RFC 9406) in slow start.

use std::time::Duration;

use mptcp_core::time::Instant;

/// Multiplicative decrease (RFC 9438, 4.6).
const BETA: f64 = 0.7;
/// Aggressiveness in segments per second cubed (RFC 9438, 4.1).
const C: f64 = 0.4;
/// Initial window in segments (RFC 6928).
const INITIAL_SEGMENTS: f64 = 10.0;
/// HyStart++: samples that make a round's minimum trustworthy.
const ROUND_SAMPLES: u32 = 8;
/// HyStart++: how much slower conservative slow start grows.
const CONSERVATIVE_DIVISOR: f64 = 4.0;
/// HyStart++: rounds of conservative slow start before congestion avoidance.
const CONSERVATIVE_ROUNDS: u32 = 5;

/// A congestion window, counted in octets.
#[derive(Clone, Debug)]
pub(crate) struct Cubic {
    mss: f64,
    window: f64,
    threshold: f64,
    /// The window before the last reduction.
    w_max: f64,
    /// Start of the present congestion avoidance and the window it began with.
    epoch: Option<(Instant, f64)>,
    /// What Reno would have (RFC 9438, 4.3).
    w_est: f64,
    hystart: HyStart,
}

/// Finds the end of slow start by a rise of the round-trip time, before the queue overflows.
#[derive(Clone, Debug, Default)]
struct HyStart {
    round_end: u64,
    last_round_least: Option<Duration>,
    round_least: Option<Duration>,
    samples: u32,
    /// Rounds left of conservative slow start, and the RTT that caused it.
    conservative: Option<(u32, Duration)>,
}

impl Cubic {
    /// The window of a new subflow with segments of `mss` octets.
    pub(crate) fn new(mss: usize) -> Cubic {
        let mss = mss as f64;
        Cubic {
            mss,
            window: INITIAL_SEGMENTS * mss,
            threshold: f64::INFINITY,
            w_max: 0.0,
            epoch: None,
            w_est: 0.0,
            hystart: HyStart::default(),
        }
    }

    /// Octets that may be in flight.
    pub(crate) fn window(&self) -> usize {
        self.window as usize
    }

    /// The window that a reduction aims at.
    pub(crate) fn threshold(&self) -> usize {
        if self.threshold.is_finite() { self.threshold as usize } else { usize::MAX }
    }

    fn in_slow_start(&self) -> bool {
        self.window < self.threshold
    }

    /// A round-trip time was measured on the acknowledgement that moved to `acked`, while `sent` was
    /// the highest offset ever sent.
    pub(crate) fn on_rtt(&mut self, rtt: Duration, acked: u64, sent: u64) {
        if self.in_slow_start() && self.hystart.on_rtt(rtt, acked, sent) {
            self.threshold = self.window;
        }
    }

    /// `acked` octets left the network while the window was the limit, outside of recovery.
    pub(crate) fn on_ack(&mut self, now: Instant, acked: usize, srtt: Duration) {
        let acked = acked as f64;
        if self.in_slow_start() {
            let divisor = if self.hystart.conservative.is_some() { CONSERVATIVE_DIVISOR } else { 1.0 };
            self.window += acked / divisor;
            return;
        }
        let (start, from) = *self.epoch.get_or_insert_with(|| {
            self.w_est = self.window;
            (now, self.window)
        });
        let w_max = self.w_max.max(from);
        let k = ((w_max - from) / (C * self.mss)).cbrt();
        let t = (now.since(start) + srtt).as_secs_f64();
        let target = (C * (t - k).powi(3)).mul_add(self.mss, w_max);
        // RFC 9438, 4.3: the additive increase that makes Reno with BETA as fast as Reno with 1/2.
        let alpha = if self.w_est < w_max { 3.0 * (1.0 - BETA) / (1.0 + BETA) } else { 1.0 };
        self.w_est += alpha * self.mss * acked / self.window;
        let target = target.clamp(self.window, 1.5 * self.window);
        self.window += (target - self.window) * acked / self.window;
        self.window = self.window.max(self.w_est);
    }

    /// A loss, or the first timeout: the path is to get less, `in_flight` octets being outstanding.
    pub(crate) fn on_congestion(&mut self, in_flight: usize) {
        // An application-limited window says nothing about the path (RFC 9438, 4.6).
        let before = self.window.min((in_flight as f64).max(2.0 * self.mss));
        // RFC 9438, 4.7: below the last maximum, room is left for newcomers.
        self.w_max = if before < self.w_max { before * (1.0 + BETA) / 2.0 } else { before };
        self.threshold = (before * BETA).max(2.0 * self.mss);
        self.epoch = None;
        self.hystart.conservative = None;
    }

    /// Sets the window outright: by recovery, and after a timeout.
    pub(crate) fn set_window(&mut self, octets: usize) {
        self.window = (octets as f64).max(self.mss);
    }

    /// The window stood still since the path was not used: time must not count as growth.
    pub(crate) fn idle(&mut self) {
        self.epoch = None;
    }
}

impl HyStart {
    /// Returns true when slow start is over.
    fn on_rtt(&mut self, rtt: Duration, acked: u64, sent: u64) -> bool {
        if acked >= self.round_end {
            self.round_end = sent;
            self.last_round_least = self.round_least.take();
            self.samples = 0;
            if let Some((rounds, _)) = &mut self.conservative {
                *rounds -= 1;
                if *rounds == 0 {
                    self.conservative = None;
                    return true;
                }
            }
        }
        let least = self.round_least.map_or(rtt, |least| least.min(rtt));
        self.round_least = Some(least);
        self.samples += 1;
        if self.samples < ROUND_SAMPLES {
            return false;
        }
        match (self.conservative, self.last_round_least) {
            (Some((_, cause)), _) if least < cause => self.conservative = None,
            (None, Some(last)) => {
                let rise = (last / 8).clamp(Duration::from_millis(4), Duration::from_millis(16));
                if least >= last + rise {
                    self.conservative = Some((CONSERVATIVE_ROUNDS, least));
                }
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: usize = 1000;
    const RTT: Duration = Duration::from_millis(50);

    #[test]
    fn slow_start_doubles_each_round() {
        let mut cubic = Cubic::new(MSS);
        assert_eq!(cubic.window(), 10 * MSS);
        for _ in 0..10 {
            cubic.on_ack(Instant::ZERO, MSS, RTT);
        }
        assert_eq!(cubic.window(), 20 * MSS);
    }

    #[test]
    fn after_a_loss_the_window_comes_back_to_its_maximum_after_k_and_then_passes_it() {
        let mut cubic = Cubic::new(MSS);
        cubic.set_window(1000 * MSS);
        cubic.on_congestion(1000 * MSS);
        assert_eq!(cubic.threshold(), 700 * MSS);
        cubic.set_window(cubic.threshold());
        // K = cbrt(300 / 0.4) = 9.1 s.
        let rtt = Duration::from_millis(200);
        let mut at_k = 0;
        for step in 0..70u32 {
            let now = Instant::from_millis(u64::from(step) * 200);
            for _ in 0..cubic.window() / MSS {
                cubic.on_ack(now, MSS, rtt);
            }
            if step == 45 {
                at_k = cubic.window();
            }
        }
        assert!((990 * MSS..=1005 * MSS).contains(&at_k), "{at_k}");
        assert!(cubic.window() > 1030 * MSS, "{}", cubic.window());
    }

    #[test]
    fn a_rising_round_trip_time_ends_slow_start() {
        let mut cubic = Cubic::new(MSS);
        let (mut acked, mut sent) = (0u64, 10_000u64);
        for round in 0..12u32 {
            let rtt = RTT + Duration::from_millis(10) * round.saturating_sub(2);
            for _ in 0..10 {
                acked += 1000;
                sent += 1000;
                cubic.on_rtt(rtt, acked, sent);
            }
        }
        assert!(cubic.threshold() < usize::MAX);
    }
}
