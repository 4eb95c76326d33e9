//! What a link is like, and how to write it on one line.

use std::str::FromStr;
use std::time::Duration;

/// One million: chances in this module are parts of it.
pub const PPM: u32 = 1_000_000;

/// The properties of a link in one direction.
///
/// As a string: `rate=20mbit,delay=10ms,jitter=1ms,loss=0.5%,reorder=1%,reorder_delay=5ms,
/// duplicate=0.1%,queue=64k`. Everything left out keeps the value of [`LinkConfig::default`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LinkConfig {
    /// Bits of IP packet a second; 0 = no limit (and then nothing ever queues).
    pub rate_bps: u64,
    /// Propagation delay, one way.
    #[serde(rename = "delay_us", serialize_with = "micros")]
    pub delay: Duration,
    /// Up to this much is added to the delay of each packet, uniformly. Never reorders by itself.
    #[serde(rename = "jitter_us", serialize_with = "micros")]
    pub jitter: Duration,
    /// Chance that a packet is lost, in parts per million.
    pub loss_ppm: u32,
    /// Chance that a packet is held back by `reorder_delay` so that later ones pass it, in ppm.
    pub reorder_ppm: u32,
    /// How long a reordered packet is held back.
    #[serde(rename = "reorder_delay_us", serialize_with = "micros")]
    pub reorder_delay: Duration,
    /// Chance that a packet arrives twice, in ppm. The copy takes no room on the link.
    pub duplicate_ppm: u32,
    /// Bytes of IP packets that may wait, the one being sent included; more are dropped at the
    /// tail. 0 = no limit. A packet always finds room in an empty queue.
    pub queue_bytes: usize,
}

fn micros<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

impl Default for LinkConfig {
    /// An ideal link: no limits, no delay, no losses.
    fn default() -> Self {
        LinkConfig {
            rate_bps: 0,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss_ppm: 0,
            reorder_ppm: 0,
            reorder_delay: Duration::from_millis(10),
            duplicate_ppm: 0,
            queue_bytes: 0,
        }
    }
}

impl LinkConfig {
    /// A link of `mbit` Mbit/s and `delay_ms` one way, with a queue of `queue_bytes`.
    #[must_use]
    pub fn new(mbit: u64, delay_ms: u64, queue_bytes: usize) -> Self {
        LinkConfig {
            rate_bps: mbit.saturating_mul(1_000_000),
            delay: Duration::from_millis(delay_ms),
            queue_bytes,
            ..LinkConfig::default()
        }
    }

    /// How long `bytes` take to be sent, in whole microseconds rounded down, and the remainder in
    /// units of 1/`rate_bps` microseconds, to be carried into the next packet.
    pub(super) fn transmission(&self, bytes: usize, carry: u64) -> (Duration, u64) {
        if self.rate_bps == 0 {
            return (Duration::ZERO, 0);
        }
        let units = bytes as u128 * 8 * 1_000_000 + u128::from(carry);
        let micros = units / u128::from(self.rate_bps);
        let carry = (units % u128::from(self.rate_bps)) as u64;
        (Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)), carry)
    }
}

/// A configuration string that could not be understood; says which part and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The key is not one of the known ones.
    #[error("unknown setting '{key}' (known: {known})")]
    UnknownKey {
        /// What was written.
        key: String,
        /// The keys that would have been understood.
        known: &'static str,
    },
    /// The value does not parse.
    #[error("'{key}={value}' is not {wanted}")]
    BadValue {
        /// The key before the `=`.
        key: String,
        /// The value after it.
        value: String,
        /// What was expected, with an example.
        wanted: &'static str,
    },
}

pub(super) fn bad(key: &str, value: &str, wanted: &'static str) -> ConfigError {
    ConfigError::BadValue { key: key.into(), value: value.into(), wanted }
}

/// Splits `a=b,c=d,e` into pairs; a key without value gets an empty one. Blank parts are skipped.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',').map(str::trim).filter(|p| !p.is_empty()).map(|p| {
        let (k, v) = p.split_once('=').unwrap_or((p, ""));
        (k.trim(), v.trim())
    })
}

/// Splits a number from the unit behind it: `2.5ms` is (2.5, "ms"). Negative and non-finite
/// numbers are refused.
fn number_and_unit(value: &str) -> Option<(f64, &str)> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    Some((number.parse().ok().filter(|n: &f64| n.is_finite())?, unit.trim()))
}

pub(super) fn duration(key: &str, value: &str) -> Result<Duration, ConfigError> {
    let parsed = number_and_unit(value).and_then(|(n, unit)| {
        let seconds = match unit {
            "us" => n / 1e6,
            "ms" => n / 1e3,
            "s" => n,
            _ => return None,
        };
        // An hour bounds every arithmetic that follows.
        (seconds <= 3600.0).then(|| Duration::from_micros((seconds * 1e6).round() as u64))
    });
    parsed.ok_or_else(|| bad(key, value, "a time of at most an hour such as 500us, 10ms or 1.5s"))
}

pub(super) fn ppm(key: &str, value: &str) -> Result<u32, ConfigError> {
    let parsed = number_and_unit(value).and_then(|(n, unit)| {
        let parts = match unit {
            "%" => n * 10_000.0,
            "ppm" => n,
            "" if n == 0.0 => 0.0,
            _ => return None,
        };
        (parts <= f64::from(PPM)).then(|| parts.round() as u32)
    });
    parsed.ok_or_else(|| bad(key, value, "a share of packets such as 1%, 0.05% or 500ppm"))
}

fn rate(key: &str, value: &str) -> Result<u64, ConfigError> {
    let parsed = number_and_unit(value).and_then(|(n, unit)| {
        let bps = match unit {
            "bit" => n,
            "kbit" => n * 1e3,
            "mbit" => n * 1e6,
            "gbit" => n * 1e9,
            "" if n == 0.0 => 0.0,
            _ => return None,
        };
        (bps <= 1e12).then(|| bps.round() as u64)
    });
    parsed.ok_or_else(|| bad(key, value, "a rate such as 500kbit, 20mbit or 1gbit (0: no limit)"))
}

pub(super) fn bytes(key: &str, value: &str) -> Result<u64, ConfigError> {
    let parsed = number_and_unit(value).and_then(|(n, unit)| {
        let count = match unit {
            "" | "b" => n,
            "k" => n * 1024.0,
            "m" => n * 1024.0 * 1024.0,
            _ => return None,
        };
        (count <= 1e12).then(|| count.round() as u64)
    });
    parsed.ok_or_else(|| bad(key, value, "a number of bytes such as 65536, 64k or 1m"))
}

const KEYS: &str = "rate, delay, jitter, loss, reorder, reorder_delay, duplicate, queue";

impl FromStr for LinkConfig {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let mut cfg = LinkConfig::default();
        for (key, value) in pairs(text) {
            match key {
                "rate" => cfg.rate_bps = rate(key, value)?,
                "delay" => cfg.delay = duration(key, value)?,
                "jitter" => cfg.jitter = duration(key, value)?,
                "loss" => cfg.loss_ppm = ppm(key, value)?,
                "reorder" => cfg.reorder_ppm = ppm(key, value)?,
                "reorder_delay" => cfg.reorder_delay = duration(key, value)?,
                "duplicate" => cfg.duplicate_ppm = ppm(key, value)?,
                "queue" => cfg.queue_bytes = bytes(key, value)? as usize,
                _ => {
                    return Err(ConfigError::UnknownKey { key: key.into(), known: KEYS });
                }
            }
        }
        Ok(cfg)
    }
}
