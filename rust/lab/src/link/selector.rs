//! Which segments a middlebox acts on.

use mptcp_core::time::Instant;
use rand::{RngExt, SeedableRng};

use super::config::{self, ConfigError, PPM};
use super::flow::FlowTable;
use super::{Direction, LinkRng, Segment, SegmentKind};

/// The conditions, all of which must hold. As a string (parts in any order, all optional):
/// `dir=ab,on=syn+synack,kind=30,subtype=1,after=100000,from=2s,until=3s,nth=10,rate=5%,limit=1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorSpec {
    /// Only segments that go this way (`dir=ab` or `dir=ba`).
    pub direction: Option<Direction>,
    /// Only these kinds (`on=`, joined by `+`: syn, synack, thirdack, data, ack, fin, rst). Empty:
    /// all.
    pub on: Vec<SegmentKind>,
    /// Only segments with a TCP option of this kind (`kind=`).
    pub kind: Option<u8>,
    /// Only segments with an MPTCP option of this subtype (`subtype=`, RFC 8684 section 8.2).
    pub subtype: Option<u8>,
    /// Only once the connection has carried this many payload bytes in one direction (`after=`).
    pub after_bytes: u64,
    /// Not before this time (`from=`, since the start).
    pub from: Instant,
    /// Not from this time on (`until=`).
    pub until: Instant,
    /// Only every nth segment that meets the conditions above (`nth=`); 0 and 1: each.
    pub nth: u64,
    /// Of those, this share, chosen at random (`rate=`), in ppm.
    pub rate_ppm: u32,
    /// Not more than so many in all (`limit=`).
    pub limit: u64,
}

impl Default for SelectorSpec {
    /// Selects every segment.
    fn default() -> Self {
        SelectorSpec {
            direction: None,
            on: Vec::new(),
            kind: None,
            subtype: None,
            after_bytes: 0,
            from: Instant::ZERO,
            until: Instant::NEVER,
            nth: 1,
            rate_ppm: PPM,
            limit: u64::MAX,
        }
    }
}

impl SelectorSpec {
    /// Takes one `key=value` if the key is a selector's.
    ///
    /// # Errors
    /// When the key is known and the value is not understood.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, ConfigError> {
        match key {
            "dir" => self.direction = Some(direction(value)?),
            "on" => self.on = value.split('+').map(kind_of_segment).collect::<Result<_, _>>()?,
            "kind" => self.kind = Some(number(key, value)?),
            "subtype" => self.subtype = Some(number(key, value)?),
            "after" => self.after_bytes = config::bytes(key, value)?,
            "from" => self.from = Instant::ZERO + config::duration(key, value)?,
            "until" => self.until = Instant::ZERO + config::duration(key, value)?,
            "nth" => self.nth = number(key, value)?,
            "rate" => self.rate_ppm = config::ppm(key, value)?,
            "limit" => self.limit = number(key, value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, ConfigError> {
    value.parse().map_err(|_| config::bad(key, value, "a whole number in range"))
}

fn direction(value: &str) -> Result<Direction, ConfigError> {
    match value {
        "ab" => Ok(Direction::AToB),
        "ba" => Ok(Direction::BToA),
        _ => Err(config::bad("dir", value, "'ab' or 'ba'")),
    }
}

fn kind_of_segment(value: &str) -> Result<SegmentKind, ConfigError> {
    Ok(match value.trim() {
        "syn" => SegmentKind::Syn,
        "synack" => SegmentKind::SynAck,
        "thirdack" => SegmentKind::ThirdAck,
        "data" => SegmentKind::Data,
        "ack" => SegmentKind::Ack,
        "fin" => SegmentKind::Fin,
        "rst" => SegmentKind::Rst,
        _ => {
            let wanted = "segments joined by '+': syn, synack, thirdack, data, ack, fin, rst";
            return Err(config::bad("on", value, wanted));
        }
    })
}

/// A [`SelectorSpec`] at work: remembers connections and counts.
#[derive(Debug)]
pub struct Selector {
    spec: SelectorSpec,
    flows: FlowTable,
    rng: LinkRng,
    eligible: u64,
    selected: u64,
}

impl Selector {
    /// Starts to select; the seed fixes the random choices.
    #[must_use]
    pub fn new(spec: SelectorSpec, seed: u64) -> Self {
        let rng = LinkRng::seed_from_u64(seed);
        Selector { spec, flows: FlowTable::default(), rng, eligible: 0, selected: 0 }
    }

    /// Whether this segment is selected. To be called once for every segment that passes.
    pub fn selects(&mut self, now: Instant, direction: Direction, segment: &Segment) -> bool {
        let (kind, carried) = self.flows.see(direction, segment);
        let spec = &self.spec;
        let fits = spec.direction.is_none_or(|d| d == direction)
            && (spec.on.is_empty() || spec.on.contains(&kind))
            && carried >= spec.after_bytes
            && (spec.from..spec.until).contains(&now)
            && self.selected < spec.limit
            && has_option(segment, spec.kind, spec.subtype);
        if !fits {
            return false;
        }
        self.eligible += 1;
        let nth = spec.nth.max(1);
        let chosen =
            self.eligible.is_multiple_of(nth) && (spec.rate_ppm >= PPM || self.rng.random_ratio(spec.rate_ppm, PPM));
        self.selected += u64::from(chosen);
        chosen
    }

    /// How many segments were selected.
    #[must_use]
    pub fn selected(&self) -> u64 {
        self.selected
    }

    /// The generator, for choices that a box makes about a selected segment.
    pub(super) fn rng(&mut self) -> &mut LinkRng {
        &mut self.rng
    }
}

/// Kind of the MPTCP option (RFC 8684, section 8.1).
const KIND_MPTCP: u8 = 30;

/// Whether any option has this kind and, if it is an MPTCP option, this subtype. `None` = any.
pub(super) fn option_matches(area: &[u8], kind: u8, wanted: Option<u8>, subtype: Option<u8>) -> bool {
    let of_subtype = |s: u8| kind == KIND_MPTCP && area.get(2).is_some_and(|b| b >> 4 == s);
    wanted.is_none_or(|w| w == kind) && subtype.is_none_or(of_subtype)
}

fn has_option(segment: &Segment, kind: Option<u8>, subtype: Option<u8>) -> bool {
    if kind.is_none() && subtype.is_none() {
        return true;
    }
    let area = segment.tcp.options.as_slice();
    let mut options = segment.options().into_iter();
    options.any(|(k, at)| option_matches(&area[at], k, kind, subtype))
}
