//! What the kernel achieves over the same paths: the figures that ours are held against.

use anyhow::Result;

use super::{Copied, Copy, Counters, Iperf, Progress, SshServer, Throughput, counters};
use crate::bridge::Lateness;
use crate::link::{LinkReport, Path, PathConfig};
use crate::netns::{HostKind, Interrupt, Side, Testbed, TestbedConfig, address};

/// A measured transfer.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Reference {
    /// What iperf3 says.
    pub throughput: Throughput,
    /// `received_mbit` as a share of the sum of the rates of the paths.
    pub ratio: f64,
    /// The counters of A's namespace after the transfer.
    pub client: Counters,
    /// The counters of B's.
    pub server: Counters,
    /// What went over each link.
    pub links: Vec<LinkReport>,
    /// Whether the paths kept their times: many late packets mean that the machine was too busy
    /// for the figures to count.
    pub lateness: Lateness,
}

/// Two hosts of the kernel with these paths between them. With `mptcp`, A opens a subflow over each.
///
/// # Errors
/// When the testbed cannot be set up; the message says what to do.
pub fn kernel_pair(paths: &[PathConfig], seed: u64, mptcp: bool) -> Result<Testbed> {
    let testbed =
        Testbed::new(TestbedConfig { paths: paths.to_vec(), seed, a: HostKind::Kernel, b: HostKind::Kernel })?;
    if mptcp {
        testbed.mptcp_endpoints(Side::A, u8::try_from(paths.len())?, "subflow", false)?;
        testbed.mptcp_endpoints(Side::B, 1, "", false)?;
    }
    Ok(testbed)
}

/// Kernel to kernel: with MPTCP over all paths, or plain TCP over the first. `reverse`: B sends.
///
/// # Errors
/// When the machine lacks something (the message says what to do), a program fails, or the user
/// interrupts.
pub fn kernel_throughput(
    what: &str,
    paths: &[PathConfig],
    seed: u64,
    transfer: (bool, bool, u32),
    interrupt: &Interrupt,
) -> Result<Reference> {
    let (mptcp, reverse, seconds) = transfer;
    let testbed = kernel_pair(paths, seed, mptcp)?;
    let (a, b) = (testbed.host(Side::A), testbed.host(Side::B));
    let iperf = Iperf { server: address(Side::B, 0, false), mptcp, reverse, seconds };
    let mut progress = Progress::new(what, seconds, testbed.bridge());
    let throughput = iperf.run(a, b, interrupt, &mut progress)?;
    drop(progress);
    let ratio = throughput.received_mbit / sum_mbit(paths, reverse);
    let (client, server) = (counters(a)?, counters(b)?);
    let lateness = testbed.bridge().lateness()?;
    Ok(Reference { throughput, ratio, client, server, links: reports(&testbed.finish()?), lateness })
}

/// Kernel to kernel: a file copied with scp, the first path cut for good half-way.
///
/// # Errors
/// As [`kernel_throughput`].
pub fn kernel_copy(
    what: &str,
    paths: &[PathConfig],
    seed: u64,
    bytes: u64,
    interrupt: &Interrupt,
) -> Result<(Copied, Vec<LinkReport>)> {
    let testbed = kernel_pair(paths, seed, true)?;
    let server = SshServer::start(testbed.host(Side::B), true, interrupt)?;
    let copy = Copy { server: address(Side::B, 0, false), mptcp: true, bytes, cut: Some(0), clock: testbed.clock() };
    let mut progress = Progress::new(what, 0, testbed.bridge());
    let copied = copy.run(testbed.host(Side::A), &server, testbed.bridge(), interrupt, &mut progress)?;
    drop((progress, server));
    Ok((copied, reports(&testbed.finish()?)))
}

/// The sum of the rates of the paths in the direction of the data, in Mbit/s.
#[must_use]
pub fn sum_mbit(paths: &[PathConfig], reverse: bool) -> f64 {
    let rate = |path: &PathConfig| if reverse { path.b_to_a.rate_bps } else { path.a_to_b.rate_bps };
    paths.iter().map(|path| rate(path) as f64 / 1e6).sum()
}

/// The reports of all links.
#[must_use]
pub fn reports(paths: &[Path]) -> Vec<LinkReport> {
    paths.iter().enumerate().flat_map(|(number, path)| path.reports(number)).collect()
}
