//! Two hosts and the emulated paths between them.
//!
//! Path `n` joins interface `path{n}` of host A with that of host B. Host A has the addresses
//! `10.73.n.1` and `fd73:0:0:n::1` there, host B `10.73.n.2` and `fd73:0:0:n::2`. A packet takes the
//! path with the higher number of the two that its addresses belong to, on both hosts; so any pair
//! of addresses that differs from the first one in either end has a path of its own, and both
//! directions of a connection take the same path. Both nets of a path are routed whole, so that a
//! NAT on it may use any other address of them, such as `10.73.n.77`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use anyhow::{Context, Result};

use super::Namespace;
use crate::bridge::{Bridge, Lane, PacketPair};
use crate::clock::Clock;
use crate::link::{Path, PathConfig};

/// One of the two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Usually the client.
    A,
    /// Usually the server.
    B,
}

/// What a host is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// The kernel's stack in the namespace: the paths end in its TUN devices.
    Kernel,
    /// This process: the paths end in packet sockets, got with [`Testbed::take_ends`]. The namespace
    /// exists all the same, for programs behind a gateway.
    Process,
}

/// What to build.
#[derive(Clone, Debug)]
pub struct TestbedConfig {
    /// The paths, the first with number 0.
    pub paths: Vec<PathConfig>,
    /// Fixes the random choices on the paths.
    pub seed: u64,
    /// Host A.
    pub a: HostKind,
    /// Host B.
    pub b: HostKind,
}

/// Two hosts and the paths between them, at work. Dropping it removes everything.
#[derive(Debug)]
pub struct Testbed {
    // Before the namespaces: fields are dropped in this order.
    bridge: Option<Bridge>,
    ends: [Vec<OwnedFd>; 2],
    hosts: [Namespace; 2],
    clock: Clock,
}

/// The address of a host on a path.
#[must_use]
pub fn address(side: Side, path: u8, v6: bool) -> IpAddr {
    let host = match side {
        Side::A => 1,
        Side::B => 2,
    };
    if v6 {
        Ipv6Addr::new(0xfd73, 0, 0, u16::from(path), 0, 0, 0, host).into()
    } else {
        Ipv4Addr::new(10, 73, path, host as u8).into()
    }
}

impl Testbed {
    /// Builds namespaces, devices, addresses and routes, and starts the paths.
    ///
    /// # Errors
    /// When anything cannot be set up (not root, no TUN, no `ip`): the message says what to do.
    /// What was set up until then has been removed.
    pub fn new(cfg: TestbedConfig) -> Result<Testbed> {
        let number = Namespace::next_number();
        let hosts = [Namespace::create(number, "a")?, Namespace::create(number, "b")?];
        let mut ends = [Vec::new(), Vec::new()];
        let mut lanes = Vec::new();
        let count = u8::try_from(cfg.paths.len()).context("at most 255 paths")?;
        for (path, n) in cfg.paths.into_iter().zip(0u8..) {
            let mut near = Vec::new();
            for (i, (side, kind)) in [(Side::A, cfg.a), (Side::B, cfg.b)].into_iter().enumerate() {
                near.push(match kind {
                    HostKind::Kernel => kernel_end(&hosts[i], side, n)?,
                    HostKind::Process => {
                        let pair = PacketPair::new()?;
                        ends[i].push(pair.host);
                        pair.network
                    }
                });
            }
            let [a, b] = <[OwnedFd; 2]>::try_from(near).expect("two sides make two ends");
            let path = Path::new(path, cfg.seed.wrapping_add(u64::from(n)));
            lanes.push(Lane { path, a, b });
        }
        for (i, kind) in [cfg.a, cfg.b].into_iter().enumerate() {
            if kind == HostKind::Kernel {
                routes(&hosts[i], count)?;
            }
        }
        let clock = Clock::start();
        let bridge = Some(Bridge::start(lanes, clock)?);
        Ok(Testbed { bridge, ends, hosts, clock })
    }

    /// The namespace of a host.
    #[must_use]
    pub fn host(&self, side: Side) -> &Namespace {
        &self.hosts[side as usize]
    }

    /// The paths at work.
    ///
    /// # Panics
    /// Never: the bridge lives as long as the testbed.
    #[must_use]
    pub fn bridge(&self) -> &Bridge {
        self.bridge.as_ref().expect("only finish() takes it")
    }

    /// The clock that the paths go by.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The ends of the paths at a [`HostKind::Process`] host, by path number: non-blocking, one
    /// read or write is one IP packet. Empty when taken already.
    pub fn take_ends(&mut self, side: Side) -> Vec<OwnedFd> {
        std::mem::take(&mut self.ends[side as usize])
    }

    /// Tells the kernel of a host to use all its addresses: limits of 8, and one MPTCP endpoint
    /// for each path but the first, with these flags (such as `subflow`, `signal`, `subflow backup`).
    ///
    /// # Errors
    /// When the kernel has no MPTCP.
    pub fn mptcp_endpoints(&self, side: Side, paths: u8, flags: &str, v6: bool) -> Result<()> {
        let host = self.host(side);
        host.ip("mptcp limits set subflows 8 add_addr_accepted 8")
            .context("this kernel has no MPTCP (Linux 5.6 or later with CONFIG_MPTCP is needed)")?;
        for path in 1..paths {
            let address = address(side, path, v6);
            host.ip(&format!("mptcp endpoint add {address} dev path{path} {flags}"))?;
        }
        Ok(())
    }

    /// Stops the paths and returns what went over each. The hosts are gone afterwards.
    ///
    /// # Errors
    /// When the thread that ran the paths has failed.
    pub fn finish(mut self) -> Result<Vec<Path>> {
        match self.bridge.take() {
            Some(bridge) => bridge.stop(),
            None => Ok(Vec::new()),
        }
    }
}

/// Creates the device of a path in a namespace and gives it its addresses.
fn kernel_end(host: &Namespace, side: Side, path: u8) -> Result<OwnedFd> {
    let device = format!("path{path}");
    let tun = host.tun(&device)?;
    // No link-local addresses, and so none of the packets that come with them.
    host.ip(&format!("link set {device} addrgenmode none"))?;
    host.sysctl(&format!("net.ipv4.conf.{device}.rp_filter"), "0")?;
    host.ip(&format!("addr add {}/24 dev {device}", address(side, path, false)))?;
    host.ip(&format!("addr add {}/64 dev {device} nodad", address(side, path, true)))?;
    host.ip(&format!("link set {device} up"))?;
    Ok(tun.into_fd())
}

/// Routes each pair of addresses over the higher-numbered path of the two.
fn routes(host: &Namespace, paths: u8) -> Result<()> {
    host.sysctl("net.ipv4.conf.all.rp_filter", "0")?;
    for path in 0..paths {
        // Lower preferences are looked at first: the highest path number comes first.
        let preference = 1000 + u32::from(u8::MAX - path);
        let table = 100 + u32::from(path);
        for (family, net) in [("-4", format!("10.73.{path}.0/24")), ("-6", format!("fd73:0:0:{path:x}::/64"))] {
            host.ip(&format!("{family} route add default dev path{path} table {table}"))?;
            for selector in ["from", "to"] {
                host.ip(&format!("{family} rule add pref {preference} {selector} {net} lookup {table}"))?;
            }
        }
    }
    Ok(())
}
