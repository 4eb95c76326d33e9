//! What a host is made with, and why it may refuse to connect.

use std::net::IpAddr;

use mptcp_core::config::{AddressList, Config};

/// Settings of a [`Host`](super::Host).
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Addresses that packets may be sent to; connections are opened from these only.
    pub addresses: Vec<IpAddr>,
    /// Addresses that extra subflows may use, in the order of preference (`mp_addresses`). Each should
    /// be in `addresses` too.
    pub mp_addresses: AddressList,
    /// The protocol's knobs.
    pub mptcp: Config,
    /// SYNs with MP_CAPABLE before a connection is tried without (a middlebox may drop them).
    pub capable_syns: u8,
    /// Octets of the largest IP packet.
    pub mtu: usize,
    /// Octets of `so_snd`: written by the application and not yet acknowledged.
    pub send_buffer: usize,
    /// Octets of `so_rcv`: arrived and not yet read by the application. The connection's window.
    pub receive_buffer: usize,
    /// Octets of memory for maps and out-of-order ranges of one connection.
    pub pool_limit: usize,
    /// For tests: of a thousand requests of core for memory, this many are refused at random.
    pub refuse_per_mille: u16,
    /// Half-open and not yet accepted connections of one listening port.
    pub backlog: usize,
    /// Fixes everything random: keys, nonces, ports, sequence numbers. A host that speaks to strangers
    /// needs a secret one from the system's generator.
    pub seed: u64,
}

impl HostConfig {
    /// A host with these addresses; the second and later ones are used for extra subflows. Buffers of
    /// 4 MiB, MTU 1500, the protocol's defaults.
    #[must_use]
    pub fn new(addresses: Vec<IpAddr>, seed: u64) -> HostConfig {
        let mut mp_addresses = AddressList::EMPTY;
        for &addr in addresses.iter().skip(1) {
            // One that the list refuses (link-local, say) is still good for a first subflow.
            let _ = mp_addresses.push(mptcp_core::config::LocalAddress { addr, backup: false });
        }
        HostConfig {
            addresses,
            mp_addresses,
            mptcp: Config::DEFAULT,
            capable_syns: 3,
            mtu: 1500,
            send_buffer: 4 << 20,
            receive_buffer: 4 << 20,
            pool_limit: 32 << 20,
            refuse_per_mille: 0,
            backlog: 256,
            seed,
        }
    }
}

/// Why a connection could not be opened or a port not be listened on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenError {
    /// The local address is none of the host's.
    #[error("{0} is not an address of this host: see HostConfig::addresses")]
    NotOurAddress(IpAddr),
    /// Local and remote address are of two families.
    #[error("{0} cannot be reached from {1}: one is IPv4, the other IPv6")]
    Family(IpAddr, IpAddr),
    /// The remote address or port is unspecified.
    #[error("nobody can be at an unspecified address or port")]
    Unspecified,
    /// Every port is in use.
    #[error("no free port on {0}")]
    NoPort(IpAddr),
    /// Somebody listens on the port already.
    #[error("port {0} is listened on already")]
    InUse(u16),
}
