//! What our host achieves with the kernel over emulated paths, used by unmodified programs through the gateway.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Result;

use super::{Copied, Copy, Iperf, Progress, Reference, SshServer, counters, reports, sum_mbit};
use crate::gateway::{Forward, Gateway, GatewayConfig, Network, Origin, Wire};
use crate::host::HostConfig;
use crate::link::{LinkReport, PathConfig};
use crate::netns::{HostKind, Interrupt, Side, Testbed, TestbedConfig, address};

/// Where programs of our side find the kernel's servers.
const GATEWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// Ports of iperf3 and of our sshd.
const PORTS: [u16; 2] = [5201, 2222];

/// Our host as A, joining over every path, and the kernel as B. The gateway is to be dropped first.
fn pair(paths: &[PathConfig], seed: u64) -> Result<(Gateway, Testbed)> {
    let cfg = TestbedConfig { paths: paths.to_vec(), seed, a: HostKind::Process, b: HostKind::Kernel };
    let mut testbed = Testbed::new(cfg)?;
    testbed.mptcp_endpoints(Side::B, 1, "", false)?;
    let count = u8::try_from(paths.len())?;
    let ours = |n| address(Side::A, n, false);
    let ends = testbed.take_ends(Side::A).into_iter().zip(0u8..);
    let wires = ends.map(|(fd, n)| Wire { fd, networks: vec![Network { address: ours(n), bits: 24 }] }).collect();
    let forward = |port| Forward::ToPeer {
        listen: SocketAddr::new(GATEWAY, port),
        origin: Origin::Any,
        remote: SocketAddr::new(address(Side::B, 0, false), port),
    };
    let gateway = Gateway::start(GatewayConfig {
        host: HostConfig::new((0..count).map(ours).collect(), seed),
        wires,
        forwards: PORTS.map(forward).to_vec(),
        namespace: Some(testbed.host(Side::A).name().to_owned()),
        clock: testbed.clock(),
    })?;
    Ok((gateway, testbed))
}

/// An unmodified iperf3 behind the gateway and one on the kernel's MPTCP. `transfer`: whether the kernel sends,
/// and for how many seconds.
///
/// # Errors
/// When the machine lacks something (the message says what to do), a program fails, or the user interrupts.
pub fn ours_throughput(
    what: &str,
    paths: &[PathConfig],
    seed: u64,
    transfer: (bool, u32),
    interrupt: &Interrupt,
) -> Result<Reference> {
    let (reverse, seconds) = transfer;
    let (gateway, testbed) = pair(paths, seed)?;
    let (a, b) = (testbed.host(Side::A), testbed.host(Side::B));
    let at = |server, mptcp| Iperf { server, mptcp, reverse, seconds };
    let listener = at(address(Side::B, 0, false), true).serve(b, interrupt)?;
    let mut progress = Progress::new(what, seconds, testbed.bridge());
    let throughput = at(GATEWAY, false).against(listener, a, interrupt, &mut progress)?;
    drop(progress);
    let ratio = throughput.received_mbit / sum_mbit(paths, reverse);
    let (client, server) = (counters(a)?, counters(b)?);
    let lateness = testbed.bridge().lateness()?;
    gateway.stop()?;
    Ok(Reference { throughput, ratio, client, server, links: reports(&testbed.finish()?), lateness })
}

/// A file copied with an unmodified scp through the gateway to an sshd on the kernel's MPTCP; the first path is cut
/// for good half-way.
///
/// # Errors
/// As [`ours_throughput`].
pub fn ours_copy(
    what: &str,
    paths: &[PathConfig],
    seed: u64,
    bytes: u64,
    interrupt: &Interrupt,
) -> Result<(Copied, Vec<LinkReport>)> {
    let (gateway, testbed) = pair(paths, seed)?;
    let server = SshServer::start(testbed.host(Side::B), true, interrupt)?;
    let copy = Copy { server: GATEWAY, mptcp: false, bytes, cut: Some(0), clock: testbed.clock() };
    let mut progress = Progress::new(what, 0, testbed.bridge());
    let copied = copy.run(testbed.host(Side::A), &server, testbed.bridge(), interrupt, &mut progress)?;
    drop((progress, server));
    gateway.stop()?;
    Ok((copied, reports(&testbed.finish()?)))
}
