//! Our host (A) and the Linux kernel (B), joined by emulated paths; sockets of both worlds.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use mptcp_core::config::{AddressList, LocalAddress};
use mptcp_lab::gateway::{Forward, Gateway, GatewayConfig, Network, Origin, Wire};
use mptcp_lab::host::{ConnId, ConnStats, Host, HostConfig};
use mptcp_lab::link::PathConfig;
use mptcp_lab::netns::{HostKind, Need, Side, Testbed, TestbedConfig, address, skip};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, ipproto, listen, socket_with, sockopt};

/// Port of the servers on both sides.
const PORT: u16 = 5000;

/// Where programs of our side find the gateway that leads to the kernel's server.
const TO_KERNEL: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2)), PORT);
/// Where our side's server listens.
const OUR_SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), PORT);

/// Fast enough for 64 MiB in a few seconds, slow enough for a busy machine with two cores.
pub(crate) const FAST: &str = "rate=160mbit,delay=3ms,queue=256k";

/// Real-time tests disturb each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Waits for the other tests of this program.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whose program opens the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Opener {
    Ours,
    Linux,
}

impl Opener {
    pub(crate) const BOTH: [Opener; 2] = [Opener::Ours, Opener::Linux];
}

/// What a test wants to have built.
pub(crate) struct Plan {
    paths: Vec<PathConfig>,
    /// The first subflow, and the additional addresses, are IPv6.
    v6: (bool, bool),
    /// The kernel's sockets are IPv6 ones, used for IPv4 too.
    dual: bool,
    /// Kernel sockets are MPTCP sockets.
    mptcp: bool,
    /// Flags of the kernel's endpoints on all paths but the first.
    endpoints: Option<&'static str>,
    sysctls: Vec<(&'static str, &'static str)>,
    /// We use the addresses of all paths but the first; backup or not.
    extra: Option<bool>,
}

impl Plan {
    /// Like [`Plan::over`], with fast links.
    pub(crate) fn new(paths: usize) -> Plan {
        Plan::over(&vec![FAST; paths])
    }

    /// A path for each link, no endpoints, no additional addresses of ours.
    pub(crate) fn over(links: &[&str]) -> Plan {
        let path = |link: &&str| PathConfig::symmetric(link.parse().unwrap());
        Plan {
            paths: links.iter().map(path).collect(),
            v6: (false, false),
            dual: false,
            mptcp: true,
            endpoints: None,
            sysctls: Vec::new(),
            extra: None,
        }
    }

    pub(crate) fn endpoints(mut self, flags: &'static str) -> Plan {
        self.endpoints = Some(flags);
        self
    }

    pub(crate) fn extra(mut self, backup: bool) -> Plan {
        self.extra = Some(backup);
        self
    }

    pub(crate) fn middlebox(mut self, path: usize, spec: &str) -> Plan {
        self.paths[path].middleboxes.push(spec.parse().unwrap());
        self
    }

    pub(crate) fn v6(mut self, first: bool, others: bool) -> Plan {
        self.v6 = (first, others);
        self.dual = first || others;
        self
    }

    pub(crate) fn sysctl(mut self, key: &'static str, value: &'static str) -> Plan {
        self.sysctls.push((key, value));
        self
    }

    pub(crate) fn plain_kernel(mut self) -> Plan {
        self.mptcp = false;
        self
    }

    pub(crate) fn build(self) -> Result<Bed> {
        self.build_with(|_| {})
    }

    /// `tune` may change the settings of our host.
    pub(crate) fn build_with(self, tune: impl FnOnce(&mut HostConfig)) -> Result<Bed> {
        let alone = alone();
        let count = u8::try_from(self.paths.len())?;
        let rate = self.paths[0].a_to_b.rate_bps as f64 / 1e6;
        let cfg = TestbedConfig { paths: self.paths, seed: 1, a: HostKind::Process, b: HostKind::Kernel };
        let mut testbed = Testbed::new(cfg)?;
        for (key, value) in self.sysctls {
            testbed.host(Side::B).sysctl(key, value)?;
        }
        let endpoints = if self.endpoints.is_some() { count } else { 1 };
        testbed.mptcp_endpoints(Side::B, endpoints, self.endpoints.unwrap_or_default(), self.v6.1)?;
        let mut host = host_config(count, self.v6.1, self.extra);
        tune(&mut host);
        let gateway = gateway(&mut testbed, host, self.v6.0)?;
        let (a, b) = (testbed.host(Side::A), testbed.host(Side::B));
        let ours = a.enter(|| TcpListener::bind(OUR_SERVER))??;
        let linux = b.enter(|| kernel_listener(self.dual, self.mptcp))??;
        Ok(Bed {
            gateway,
            ours,
            linux,
            testbed,
            v6: self.v6.0,
            dual: self.dual,
            mptcp: self.mptcp,
            rate,
            _alone: alone,
        })
    }
}

fn host_config(paths: u8, v6: bool, extra: Option<bool>) -> HostConfig {
    let mut addresses = Vec::new();
    for path in 0..paths {
        addresses.extend([address(Side::A, path, false), address(Side::A, path, true)]);
    }
    let mut host = HostConfig::new(addresses, 7);
    host.mp_addresses = AddressList::EMPTY;
    if let Some(backup) = extra {
        for path in 1..paths {
            host.mp_addresses.push(LocalAddress { addr: address(Side::A, path, v6), backup }).unwrap();
        }
    }
    host
}

fn gateway(testbed: &mut Testbed, host: HostConfig, v6: bool) -> Result<Gateway> {
    let ends = testbed.take_ends(Side::A).into_iter().zip(0u8..);
    let networks = |n: u8| {
        let network = |(v6, bits)| Network { address: address(Side::A, n, v6), bits };
        [(false, 24), (true, 64)].map(network).to_vec()
    };
    let wires = ends.map(|(fd, n)| Wire { fd, networks: networks(n) }).collect();
    let remote = SocketAddr::new(address(Side::B, 0, v6), PORT);
    Gateway::start(GatewayConfig {
        host,
        wires,
        forwards: vec![
            Forward::ToPeer { listen: TO_KERNEL, origin: Origin::Any, remote },
            Forward::ToServer { port: PORT, to: OUR_SERVER },
        ],
        namespace: Some(testbed.host(Side::A).name().to_owned()),
        clock: testbed.clock(),
    })
}

/// Testbed, gateway and listening sockets. Fields are dropped in this order.
pub(crate) struct Bed {
    pub(crate) gateway: Gateway,
    ours: TcpListener,
    linux: TcpListener,
    pub(crate) testbed: Testbed,
    v6: bool,
    dual: bool,
    mptcp: bool,
    /// Rate of the first path in Mbit/s.
    rate: f64,
    _alone: MutexGuard<'static, ()>,
}

/// Both ends of a connection, as the programs have them.
pub(crate) struct Pair {
    /// Through the gateway.
    pub(crate) ours: TcpStream,
    /// A socket of the kernel's MPTCP.
    pub(crate) linux: TcpStream,
}

impl Bed {
    /// One more connection.
    pub(crate) fn connect(&self, opener: Opener) -> Result<Pair> {
        let (a, b) = (self.testbed.host(Side::A), self.testbed.host(Side::B));
        match opener {
            Opener::Ours => {
                let ours = a.enter(|| TcpStream::connect(TO_KERNEL))??;
                let linux = accept(&self.linux).context("our connection did not reach Linux")?;
                Ok(Pair { ours, linux })
            }
            Opener::Linux => {
                let to = SocketAddr::new(address(Side::A, 0, self.v6), PORT);
                let linux = b.enter(|| kernel_connect(to, self.dual, self.mptcp))??;
                let ours = accept(&self.ours).context("Linux's connection did not reach our program")?;
                Ok(Pair { ours, linux })
            }
        }
    }

    /// Cuts or heals a path, now.
    pub(crate) fn path_up(&self, path: usize, up: bool) -> Result<()> {
        self.testbed.bridge().set_up(path, up)
    }

    /// The rate of the first path towards Linux in Mbit/s.
    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    /// What our host says about its connections, those that are over first. One of which only TCP's last
    /// timers are left is listed once.
    pub(crate) fn ours(&self) -> Result<Vec<ConnStats>> {
        let mut all = self.gateway.stats()?;
        let mut seen = std::collections::HashSet::new();
        all.reverse();
        all.retain(|stats| seen.insert((stats.local, stats.remote)));
        all.reverse();
        Ok(all)
    }

    /// Does something to our host and the first of its connections.
    pub(crate) fn with_conn<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Host, ConnId, mptcp_core::time::Instant) -> T + Send + 'static,
    ) -> Result<T> {
        let done = self.gateway.with_host(|host, _, now| {
            let conn = host.connections().next()?;
            Some(act(host, conn, now))
        })?;
        done.context("our host has no connection")
    }

    /// Payload and headers that a path has delivered so far: to the kernel, and to us.
    pub(crate) fn carried(&self, path: usize) -> Result<[u64; 2]> {
        let counters = self.testbed.bridge().counters()?;
        Ok(counters[path].map(|way| way.delivered_bytes))
    }
}

/// For the first line of a test: whether it cannot run here (and has said so).
pub(crate) fn cannot_run(test: &str) -> bool {
    skip(test, &[Need::Namespaces, Need::KernelMptcp, Need::Program("nstat")])
}

fn accept(listener: &TcpListener) -> Result<TcpStream> {
    sockopt::set_socket_timeout(listener, sockopt::Timeout::Recv, Some(super::judge::LIMIT))?;
    Ok(listener.accept()?.0)
}

fn kernel_socket(v6: bool, mptcp: bool) -> Result<std::os::fd::OwnedFd> {
    let family = if v6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let protocol = mptcp.then_some(ipproto::MPTCP);
    Ok(socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, protocol)?)
}

fn kernel_listener(dual: bool, mptcp: bool) -> Result<TcpListener> {
    let socket = kernel_socket(dual, mptcp)?;
    let any: IpAddr = if dual { Ipv6Addr::UNSPECIFIED.into() } else { std::net::Ipv4Addr::UNSPECIFIED.into() };
    bind(&socket, &SocketAddr::new(any, PORT))?;
    listen(&socket, 128)?;
    Ok(TcpListener::from(socket))
}

/// `dual`: an IPv6 socket even where the address is IPv4, so that IPv6 paths can be joined.
fn kernel_connect(to: SocketAddr, dual: bool, mptcp: bool) -> Result<TcpStream> {
    let to = match to.ip() {
        IpAddr::V4(v4) if dual => SocketAddr::new(v4.to_ipv6_mapped().into(), to.port()),
        _ => to,
    };
    let socket = kernel_socket(to.is_ipv6(), mptcp)?;
    connect(&socket, &to)?;
    Ok(TcpStream::from(socket))
}
