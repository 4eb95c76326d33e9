//! The settings of one network stack (VNET): what an administrator may set, checked here and nowhere else.
//!
//! The C glue owns one [`Config`] and one [`AddressList`] per VNET and guards both itself. Core reads them
//! during a call and keeps no reference. Every number goes in through [`Config::set`], every string
//! through the `parse` of its type. A value that is refused leaves the old setting as it was.

mod addresses;
mod knob;
mod timers;

#[cfg(test)]
mod tests;

pub use addresses::{AddressError, AddressErrorKind, AddressList, LocalAddress, MAX_ADDRESSES};
pub(crate) use addresses::{Entries, is_joinable};
pub use knob::{Knob, OutOfRange};
pub use timers::{Backoff, Timers};

use core::fmt;
use core::str::FromStr;

use mptcp_wire::Version;

/// Most subflows that one connection may ever have, whatever is configured: address ids and the
/// per-subflow tables are sized for it.
pub const MAX_SUBFLOWS: u8 = 32;

/// The settings of one VNET. Small and `Copy`: a connection may take a copy when it opens, so that a
/// later change does not reach into it.
///
/// The fields are public to be read. Write numbers through [`Config::set`], which checks their range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Offer and accept MPTCP at all.
    pub enable: bool,
    /// The highest version offered and accepted; see [`Config::offers`] and [`Config::accepts`].
    pub version: Version,
    /// Answer a peer that offers only v0 in v0. Off by default: v0 announces addresses without a MAC,
    /// so anyone who can guess a sequence number can redirect a connection.
    pub v0: bool,
    /// Subflows per connection, the first one included: 1 (no joins) to [`MAX_SUBFLOWS`].
    pub max_subflows: u8,
    /// Who answers an ADD_ADDR with a join.
    pub join_on_add_addr: JoinOnAddAddr,
    /// Restrict a map to one segment.
    pub single_packet_maps: bool,
    /// How a new connection chooses among its subflows.
    pub scheduler: SchedulerKind,
    /// Ask for DSS checksums. They are used if either side asks (RFC 8684, 3.1).
    pub checksum: bool,
    /// Ask the peer to open no subflow to the address that the connection was opened with (flag C, v1).
    pub deny_join_id0: bool,
    /// Send 32-bit DSNs. Saves four bytes in each segment; safe only where less than 2^31 bytes pass within the
    /// longest life of a segment (RFC 8684, 3.3.1).
    pub short_dsn: bool,
    /// Pieces of data that one connection holds while data before them is missing; each takes a buffer. As
    /// `net.inet.tcp.reass.maxqueuelen` for one TCP connection.
    pub reass_maxqueuelen: u32,
    /// Waits, retries and their limits.
    pub timers: Timers,
}

impl Config {
    /// The defaults of a new VNET.
    pub const DEFAULT: Config = Config {
        enable: true,
        version: Version::V1,
        v0: false,
        max_subflows: 8,
        join_on_add_addr: JoinOnAddAddr::ActiveOpener,
        single_packet_maps: false,
        scheduler: SchedulerKind::MinRtt,
        checksum: false,
        deny_join_id0: false,
        short_dsn: false,
        // A window of 22 MiB in segments of 1,448 bytes, all of it behind a gap.
        reass_maxqueuelen: 16_384,
        timers: Timers::DEFAULT,
    };

    /// The version that an active opener puts into its SYN; `None` where MPTCP is off.
    #[must_use]
    pub fn offers(&self) -> Option<Version> {
        self.enable.then_some(self.version)
    }

    /// Whether a peer's SYN (or a peer's lower answer) of this version is answered in it. With `version`
    /// at v0, v0 is spoken whatever `v0` says and v1 is not.
    #[must_use]
    pub fn accepts(&self, version: Version) -> bool {
        self.enable
            && match version {
                Version::V1 => self.version == Version::V1,
                Version::V0 => self.v0 || self.version == Version::V0,
            }
    }

    /// Whether this host joins to an address that the peer announced.
    #[must_use]
    pub fn joins_on_add_addr(&self, active_opener: bool) -> bool {
        match self.join_on_add_addr {
            JoinOnAddAddr::Nobody => false,
            JoinOnAddAddr::ActiveOpener => active_opener,
            JoinOnAddAddr::Both => true,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config::DEFAULT
    }
}

/// Who answers an ADD_ADDR with a join. RFC 8684, 3.4.1, leaves it to policy; where both sides do, NATs
/// aside, two joins over one pair of addresses meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum JoinOnAddAddr {
    /// Announcements are echoed and noted, no join comes from them.
    Nobody = 0,
    /// The host that opened the connection.
    #[default]
    ActiveOpener = 1,
    /// Either host, as v0.51 did.
    Both = 2,
}

impl JoinOnAddAddr {
    /// From the sysctl's number.
    #[must_use]
    pub const fn from_number(n: i64) -> Option<Self> {
        match n {
            0 => Some(JoinOnAddAddr::Nobody),
            1 => Some(JoinOnAddAddr::ActiveOpener),
            2 => Some(JoinOnAddAddr::Both),
            _ => None,
        }
    }
}

/// The schedulers that there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
#[repr(u8)]
pub enum SchedulerKind {
    /// `min_rtt`: the lowest round trip with room.
    #[default]
    MinRtt = 0,
    /// `round_robin`: each subflow in turn, with v0.51's rules.
    RoundRobin = 1,
}

impl SchedulerKind {
    /// Every scheduler, in the order in which the sysctl lists them.
    pub const ALL: [SchedulerKind; 2] = [SchedulerKind::MinRtt, SchedulerKind::RoundRobin];

    /// The name in the sysctl.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SchedulerKind::MinRtt => "min_rtt",
            SchedulerKind::RoundRobin => "round_robin",
        }
    }

    /// The scheduler with this name; blanks around it are ignored (a shell's newline, say), case counts.
    ///
    /// # Errors
    /// [`UnknownScheduler`] for any other bytes.
    pub fn parse(name: &[u8]) -> Result<Self, UnknownScheduler> {
        let name = name.trim_ascii();
        let mut all = SchedulerKind::ALL.into_iter();
        all.find(|kind| kind.name().as_bytes() == name).ok_or(UnknownScheduler)
    }

    /// The names of all, with blanks between, for the sysctl that lists what there is.
    #[must_use]
    pub const fn list() -> &'static str {
        "min_rtt round_robin"
    }
}

impl fmt::Display for SchedulerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SchedulerKind {
    type Err = UnknownScheduler;

    fn from_str(name: &str) -> Result<Self, UnknownScheduler> {
        SchedulerKind::parse(name.as_bytes())
    }
}

/// No scheduler has the name that was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownScheduler;

impl fmt::Display for UnknownScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such scheduler; there are: {}", SchedulerKind::list())
    }
}

impl core::error::Error for UnknownScheduler {}
