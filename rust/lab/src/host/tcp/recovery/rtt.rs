//! Round-trip time and retransmission timeout (RFC 6298), with Linux's lower bound on the variance.

use std::time::Duration;

/// Until the first measurement (RFC 6298, 2.1).
const INITIAL_RTO: Duration = Duration::from_secs(1);
/// Least distance between the smoothed RTT and the timeout. RFC 6298 wants a timeout of at least a
/// second; every widespread stack uses a fraction of that, and a dead path must be noticed soon.
const MIN_MARGIN: Duration = Duration::from_millis(200);
/// RFC 6298, 2.5.
const MAX_RTO: Duration = Duration::from_secs(60);

/// The estimator of one subflow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rtt {
    smoothed: Option<Duration>,
    variance: Duration,
    least: Option<Duration>,
    backoff: u32,
}

impl Rtt {
    /// Takes a measurement, of a segment that was sent once only (Karn).
    pub(crate) fn sample(&mut self, rtt: Duration) {
        self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
        self.smoothed = Some(match self.smoothed {
            None => {
                self.variance = rtt / 2;
                rtt
            }
            Some(smoothed) => {
                self.variance = (self.variance * 3 + smoothed.abs_diff(rtt)) / 4;
                (smoothed * 7 + rtt) / 8
            }
        });
        self.backoff = 0;
    }

    /// The smoothed round-trip time; `None` before the first measurement.
    pub(crate) const fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// The mean deviation.
    pub(crate) const fn variance(&self) -> Duration {
        self.variance
    }

    /// The least ever measured.
    pub(crate) const fn least(&self) -> Option<Duration> {
        self.least
    }

    /// The timeout, doubled for each time it has expired since the last measurement.
    pub(crate) fn timeout(&self) -> Duration {
        let base = self.smoothed.map_or(INITIAL_RTO, |smoothed| smoothed + (self.variance * 4).max(MIN_MARGIN));
        base.saturating_mul(1 << self.backoff.min(10)).min(MAX_RTO)
    }

    /// The timeout has expired.
    pub(crate) fn back_off(&mut self) {
        self.backoff += 1;
    }

    /// New data was acknowledged: the path works.
    pub(crate) fn end_backoff(&mut self) {
        self.backoff = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_timeout_follows_rfc_6298() {
        let mut rtt = Rtt::default();
        assert_eq!(rtt.timeout(), INITIAL_RTO);
        rtt.sample(100 * MS);
        assert_eq!(rtt.timeout(), 300 * MS);
        rtt.sample(200 * MS);
        // SRTT = 112.5 ms, RTTVAR = (3 * 50 + 100) / 4 = 62.5 ms.
        assert_eq!(rtt.timeout(), Duration::from_micros(362_500));
        assert_eq!(rtt.least(), Some(100 * MS));
    }

    #[test]
    fn backing_off_doubles_until_a_minute_and_ends_with_a_sample() {
        let mut rtt = Rtt::default();
        rtt.sample(50 * MS);
        let base = rtt.timeout();
        rtt.back_off();
        assert_eq!(rtt.timeout(), base * 2);
        (0..20).for_each(|_| rtt.back_off());
        assert_eq!(rtt.timeout(), MAX_RTO);
        rtt.sample(50 * MS);
        assert!(rtt.timeout() <= base);
    }
}
