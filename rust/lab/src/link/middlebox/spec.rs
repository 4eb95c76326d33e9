//! A middlebox on one line.

use std::str::FromStr;
use std::time::Duration;

use super::{Coalesce, Corrupt, Discard, Middlebox, Nat, NatSpec, RewriteSequence, SequenceSpec, Split, Strip};
use crate::link::SelectorSpec;
use crate::link::config::{self, ConfigError};

/// What a middlebox does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoxKind {
    /// `strip`: removes options; see [`Strip`]. Setting `shorten`.
    Strip {
        /// The header gets shorter instead of being filled with NOPs.
        shorten: bool,
    },
    /// `split`: see [`Split`]. Setting `at=BYTES`.
    Split {
        /// Payload bytes of the first half; 0: random.
        at: usize,
    },
    /// `coalesce`: see [`Coalesce`]. Settings `max=BYTES`, `hold=TIME`.
    Coalesce {
        /// Longest joined packet in bytes.
        max_packet: usize,
        /// How long a segment waits.
        hold: Duration,
    },
    /// `sequence`: see [`RewriteSequence`]. Settings `a=N`, `b=N`, `keep_sack`. No selector.
    Sequence(SequenceSpec),
    /// `nat`: see [`Nat`]. Settings `v4=ADDRESS`, `v6=ADDRESS`, `idle=TIME`. No selector.
    Nat(NatSpec),
    /// `corrupt`: see [`Corrupt`].
    Corrupt,
    /// `drop`: see [`Discard`].
    Drop,
}

/// A middlebox and the segments on which it acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MiddleboxSpec {
    /// What it does.
    pub kind: BoxKind,
    /// On what; not looked at by `sequence` and `nat`, which act on whole connections.
    pub selector: SelectorSpec,
}

impl MiddleboxSpec {
    /// The box at work; the seed fixes its random choices.
    #[must_use]
    pub fn build(&self, seed: u64) -> Box<dyn Middlebox> {
        let selector = self.selector.clone();
        match self.kind {
            BoxKind::Strip { shorten } => Box::new(Strip::new(selector, shorten, seed)),
            BoxKind::Split { at } => Box::new(Split::new(selector, at, seed)),
            BoxKind::Coalesce { max_packet, hold } => Box::new(Coalesce::new(selector, max_packet, hold, seed)),
            BoxKind::Sequence(spec) => Box::new(RewriteSequence::new(spec, seed)),
            BoxKind::Nat(spec) => Box::new(Nat::new(spec)),
            BoxKind::Corrupt => Box::new(Corrupt::new(selector, seed)),
            BoxKind::Drop => Box::new(Discard::new(selector, seed)),
        }
    }
}

impl BoxKind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "strip" => BoxKind::Strip { shorten: false },
            "split" => BoxKind::Split { at: 0 },
            "coalesce" => BoxKind::Coalesce { max_packet: 1500, hold: Duration::from_millis(1) },
            "sequence" => BoxKind::Sequence(SequenceSpec::default()),
            "nat" => BoxKind::Nat(NatSpec::default()),
            "corrupt" => BoxKind::Corrupt,
            "drop" => BoxKind::Drop,
            _ => return None,
        })
    }

    /// Takes one setting if it is one of this box's own.
    fn set(&mut self, key: &str, value: &str) -> Result<bool, ConfigError> {
        let number = || value.parse().map_err(|_| config::bad(key, value, "a 32-bit number"));
        let bytes = || Ok(config::bytes(key, value)? as usize);
        match (self, key) {
            (BoxKind::Strip { shorten }, "shorten") => *shorten = true,
            (BoxKind::Split { at }, "at") => *at = bytes()?,
            (BoxKind::Coalesce { max_packet, .. }, "max") => *max_packet = bytes()?,
            (BoxKind::Coalesce { hold, .. }, "hold") => *hold = config::duration(key, value)?,
            (BoxKind::Sequence(s), "a") => s.offset_a = Some(number()?),
            (BoxKind::Sequence(s), "b") => s.offset_b = Some(number()?),
            (BoxKind::Sequence(s), "keep_sack") => s.fix_sack = false,
            (BoxKind::Nat(n), "v4") => n.v4 = Some(address(key, value, "an IPv4 address")?),
            (BoxKind::Nat(n), "v6") => n.v6 = Some(address(key, value, "an IPv6 address")?),
            (BoxKind::Nat(n), "idle") => n.idle = config::duration(key, value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn takes_selector(&self) -> bool {
        !matches!(self, BoxKind::Sequence(_) | BoxKind::Nat(_))
    }
}

fn address<T: FromStr>(key: &str, value: &str, wanted: &'static str) -> Result<T, ConfigError> {
    value.parse().map_err(|_| config::bad(key, value, wanted))
}

const NAMES: &str = "strip, split, coalesce, sequence, nat, corrupt, drop";
const KEYS: &str = "dir, on, kind, subtype, after, from, until, nth, rate, limit; strip: shorten; \
    split: at; coalesce: max, hold; sequence: a, b, keep_sack; nat: v4, v6, idle; sequence and nat \
    take only their own";

impl FromStr for MiddleboxSpec {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let (name, settings) = text.split_once(':').unwrap_or((text, ""));
        let name = name.trim();
        let Some(mut kind) = BoxKind::named(name) else {
            return Err(ConfigError::UnknownKey { key: name.into(), known: NAMES });
        };
        let mut selector = SelectorSpec::default();
        for (key, value) in config::pairs(settings) {
            let known = kind.set(key, value)? || (kind.takes_selector() && selector.set(key, value)?);
            if !known {
                return Err(ConfigError::UnknownKey { key: key.into(), known: KEYS });
            }
        }
        Ok(MiddleboxSpec { kind, selector })
    }
}
