//! What a run is like. Everything in a [`Scenario`] follows from its seed.

use std::net::IpAddr;
use std::time::Duration;

use mptcp_core::config::AddressList;
use mptcp_core::time::Instant;

use crate::host::HostConfig;
use crate::link::PathConfig;

/// Which trouble a run is about. Everything else is drawn at random in each of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Links that lose only what finds no room in a queue.
    Clean,
    /// Loss, reordering, duplication, cuts that heal, addresses that come and go.
    Rough,
    /// Options stripped from, or segments dropped in, the handshakes.
    Handshake,
    /// Middleboxes that change segments without harm: split, sequence numbers, NAT.
    Meddled,
    /// A middlebox that joins segments and loses the options of the second.
    Coalesced,
    /// Options stripped from some point of the connection on.
    Stripped,
    /// Payload changed under a correct TCP checksum; DSS checksums are on.
    Corrupted,
    /// An application aborts.
    Aborted,
    /// The path of the first subflow is cut for good, another one stays.
    FirstPathDies,
    /// Every path is cut for good.
    AllPathsDie,
    /// One side writes, bit by bit, after the other's end of file.
    HalfClosed,
}

/// What must come of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// Everything arrives on both sides, and both end in order.
    Complete,
    /// Everything arrives, or the connection ends with one of the errors that the trouble explains.
    Explained,
    /// The same, and octets may be changed where the receiver had fallen back to plain TCP.
    Damage,
}

impl Kind {
    /// What must come of a run about this.
    #[must_use]
    pub const fn expect(self) -> Expect {
        match self {
            Kind::Clean | Kind::Rough | Kind::Handshake | Kind::Meddled | Kind::FirstPathDies | Kind::HalfClosed => {
                Expect::Complete
            }
            Kind::Coalesced | Kind::Stripped | Kind::Aborted | Kind::AllPathsDie => Expect::Explained,
            Kind::Corrupted => Expect::Damage,
        }
    }
}

/// One run, ready to go.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed that it was drawn from.
    pub seed: u64,
    /// What it is about.
    pub kind: Kind,
    /// Host A, which opens every connection, and host B.
    pub hosts: [HostConfig; 2],
    /// The paths. The packets between the `i`-th address of A and the `j`-th of B take path `max(i, j)`.
    pub paths: Vec<PathConfig>,
    /// Which path an address is on: those of both hosts, and what NATs show in their place.
    pub routes: Vec<(IpAddr, usize)>,
    /// Cuts of whole paths.
    pub outages: Vec<Outage>,
    /// The connections.
    pub connections: Vec<Connection>,
    /// What happens to the hosts meanwhile.
    pub deeds: Vec<(Instant, Deed)>,
}

/// A path is cut, and heals or does not.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// Its number.
    pub path: usize,
    /// When it is cut.
    pub from: Instant,
    /// When it works again.
    pub until: Option<Instant>,
}

/// One connection from A to B, and what both applications do with it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// When A opens it.
    pub at: Instant,
    /// The address of A that it is opened from.
    pub from: IpAddr,
    /// The address of B that it is opened to.
    pub to: IpAddr,
    /// B's port, each connection's own.
    pub port: u16,
    /// The application on A, and that on B.
    pub apps: [Plan; 2],
}

/// What an application writes after the peer's end of file.
#[derive(Clone, Copy, Debug)]
pub struct Late {
    /// From this octet on.
    pub from: u64,
    /// So many at a time.
    pub chunk: u64,
    /// After so long each time.
    pub pause: Duration,
}

/// What an application does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Octets that it writes.
    pub writes: u64,
    /// It shuts its side down only once the peer has: the other direction is half-closed meanwhile.
    pub shuts_last: bool,
    /// What it writes only after the peer's end of file.
    pub late: Option<Late>,
    /// It reads at most so many octets at a time, and rests between.
    pub reads: Option<(usize, Duration)>,
    /// It aborts at this time.
    pub aborts: Option<Instant>,
    /// It closes as soon as it has read the end of the file, without waiting for the protocol's end.
    pub closes_early: bool,
    /// It aborts where nothing comes or goes for so long: a peer that only reads has no other way to find out that
    /// every path is dead.
    pub patience: Option<Duration>,
}

/// What an administrator does to a host.
#[expect(clippy::large_enum_variant, reason = "a scenario has a handful of them")]
#[derive(Clone, Debug)]
pub enum Deed {
    /// `mp_addresses` of this host is set.
    Addresses(usize, AddressList),
    /// MP_PRIO for the n-th live subflow of every connection.
    Backup(usize, usize, bool),
    /// An address goes from its interface.
    Lost(usize, IpAddr),
    /// It comes back.
    Back(usize, IpAddr),
}
