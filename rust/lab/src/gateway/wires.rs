//! The descriptors over which a host's packets come and go.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::str::FromStr;

use mptcp_core::time::Instant;
use rustix::io::Errno;

use crate::clock::Clock;
use crate::host::Host;

/// Longest IP packet.
const MAX_PACKET: usize = 65_535;
/// Packets read from one wire before the others get their turn.
const BATCH: usize = 64;
/// Packets sent in one go after which arrivals wait for their turn: the programs' sockets must get theirs.
const MOST_BETWEEN: usize = 64 * BATCH;

/// Addresses that have their first bits in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    /// Any address of it; in a configuration, the host's own.
    pub address: IpAddr,
    /// How many bits are common.
    pub bits: u8,
}

impl Network {
    /// Whether `address` is one of the network's.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (ours, theirs, width) = match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
            _ => return false,
        };
        let free = width - u32::from(self.bits).min(width);
        (ours ^ theirs).checked_shr(free).unwrap_or(0) == 0
    }
}

/// The string is not `ADDRESS/BITS`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("'{0}' is not a network such as 10.1.1.1/24 or fd00::1/64")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let parsed = text.split_once('/').and_then(|(address, bits)| {
            let address: IpAddr = address.trim().parse().ok()?;
            let bits: u8 = bits.trim().parse().ok()?;
            let width = if address.is_ipv4() { 32 } else { 128 };
            (bits <= width).then_some(Network { address, bits })
        });
        parsed.ok_or_else(|| NetworkError(text.into()))
    }
}

/// A non-blocking descriptor on which one read or write is one IP packet (a TUN device, or the host's end
/// of a [`PacketPair`](crate::bridge::PacketPair)), and the networks that are reached over it.
#[derive(Debug)]
pub struct Wire {
    /// The descriptor.
    pub fd: OwnedFd,
    /// The networks.
    pub networks: Vec<Network>,
}

/// The wires of a host.
#[derive(Debug)]
pub(super) struct Wires {
    wires: Vec<Wire>,
    buffer: Vec<u8>,
}

impl Wires {
    pub(super) fn new(wires: Vec<Wire>) -> Wires {
        Wires { wires, buffer: vec![0; MAX_PACKET] }
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = &OwnedFd> {
        self.wires.iter().map(|w| &w.fd)
    }

    /// Hands what has arrived on a wire to the host.
    pub(super) fn receive(&mut self, wire: usize, host: &mut Host, now: Instant) {
        let Some(wire) = self.wires.get(wire) else { return };
        for _ in 0..BATCH {
            match rustix::io::read(&wire.fd, self.buffer.as_mut_slice()) {
                Ok(len) if len > 0 => host.packet_in(now, &self.buffer[..len]),
                Err(Errno::INTR) => {}
                // Nothing more, or a device that is down: it will be ready again.
                _ => return,
            }
        }
    }

    /// Sends what the host has to send. What a wire does not take is lost, as on any interface. The answers to a long
    /// burst come before it is over, and the queue of a TUN device holds 500 packets: they are taken in between.
    pub(super) fn send(&mut self, host: &mut Host, clock: &Clock) {
        let mut sent = 0;
        while let Some(packet) = host.packet_out() {
            if let Some(wire) = self.route(&packet) {
                let _ = rustix::io::write(&wire.fd, &packet);
            }
            sent += 1;
            if sent % BATCH == 0 && sent <= MOST_BETWEEN {
                for wire in 0..self.wires.len() {
                    self.receive(wire, host, clock.now());
                }
            }
        }
    }

    /// The last wire that has the source or the destination in one of its networks, as in
    /// [`netns::Testbed`](crate::netns::Testbed): any pair of addresses that differs from the first
    /// one in either end takes a path of its own.
    fn route(&self, packet: &[u8]) -> Option<&Wire> {
        let (src, dst) = addresses(packet)?;
        self.wires.iter().rev().find(|w| w.networks.iter().any(|n| n.contains(src) || n.contains(dst)))
    }
}

/// Source and destination of an IP packet.
fn addresses(packet: &[u8]) -> Option<(IpAddr, IpAddr)> {
    match packet.first()? >> 4 {
        4 => {
            let at = |n: usize| Some(<[u8; 4]>::try_from(packet.get(n..n + 4)?).ok()?.into());
            Some((at(12)?, at(16)?))
        }
        6 => {
            let at = |n: usize| Some(<[u8; 16]>::try_from(packet.get(n..n + 16)?).ok()?.into());
            Some((at(8)?, at(24)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_told_apart() {
        let net: Network = "10.73.1.1/24".parse().unwrap();
        assert!(net.contains("10.73.1.200".parse().unwrap()));
        assert!(!net.contains("10.73.2.1".parse().unwrap()));
        assert!(!net.contains("::1".parse().unwrap()));
        let all: Network = "::/0".parse().unwrap();
        assert!(all.contains("fd00::1".parse().unwrap()));
        let one: Network = "fd00::1/128".parse().unwrap();
        assert!(one.contains("fd00::1".parse().unwrap()) && !one.contains("fd00::2".parse().unwrap()));
        for bad in ["", "10.0.0.1", "10.0.0.1/33", "x/8", "::/129"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
