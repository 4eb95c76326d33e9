//! The demo as root: unmodified programs, and the kernel's MPTCP at the other end.

use anyhow::Result;

use super::{Effort, Mode, Run, Story, Summary, facts};
use crate::measure::{Reference, demo_paths, kernel_throughput, ours_copy, ours_throughput, sum_mbit};
use crate::netns::Interrupt;

/// Runs plain TCP, Linux with Linux and ours with Linux over the same paths, and copies a file while the better
/// path is cut.
///
/// # Errors
/// When the machine lacks something (the message says what to do), a program fails, or the user interrupts.
pub fn linux(effort: &Effort, interrupt: &Interrupt) -> Result<Story> {
    let (paths, seed, seconds) = (demo_paths(), effort.seed, effort.seconds);
    let kernel = |name: &str, mptcp, reverse| {
        kernel_throughput(name, &paths, seed, (mptcp, reverse, seconds), interrupt).map(|r| run(name, reverse, r))
    };
    let ours = |name: &str, reverse| {
        ours_throughput(name, &paths, seed, (reverse, seconds), interrupt).map(|r| run(name, reverse, r))
    };
    let mut runs = vec![
        kernel("Plain TCP over the better path", false, false)?,
        kernel("Linux to Linux", true, false)?,
        kernel("Linux to Linux, reverse", true, true)?,
        ours("Ours to Linux", false)?,
        ours("Linux to ours", true)?,
    ];
    let name = "scp, the better path cut half-way";
    let (copied, links) = ours_copy(name, &paths, seed, effort.copy_bytes, interrupt)?;
    let rate = |n: usize| runs[n].mbit.unwrap_or_default();
    let sum = sum_mbit(&paths, false);
    let summary = Summary {
        mode: Mode::Linux,
        paths: facts(&paths),
        plain_tcp_mbit: rate(0),
        linux_mbit: Some(rate(1)),
        linux_reverse_mbit: Some(rate(2)),
        ours_mbit: rate(3),
        ours_reverse_mbit: rate(4),
        sum_mbit: sum,
        ours_ratio: rate(3) / sum,
        ours_reverse_ratio: rate(4) / sum,
        linux_ratio: Some(rate(1) / sum),
        sha256_ok: copied.sha256_ok,
        handover_gap_ms: copied.handover_gap_ms as f64,
        copy_bytes: effort.copy_bytes,
        seconds,
        punctual: runs.iter().all(|run| run.lateness.is_none_or(|l| l.is_punctual())),
    };
    // The series of the links start when the testbed does, a little before scp.
    let cut = last_delivery(&links, 0).or(copied.cut_after);
    runs.push(Run { name: name.into(), mbit: None, reverse: false, cut, links, lateness: None });
    Ok(Story { summary, runs })
}

fn run(name: &str, reverse: bool, reference: Reference) -> Run {
    let mbit = Some(reference.throughput.received_mbit);
    Run { name: name.into(), mbit, reverse, cut: None, links: reference.links, lateness: Some(reference.lateness) }
}

/// When a path last delivered anything, in seconds of the series.
pub(super) fn last_delivery(links: &[crate::link::LinkReport], path: usize) -> Option<f64> {
    let ends = links.iter().filter(|link| link.path == path).map(|link| {
        let series = &link.series;
        series.bytes().len() as f64 * series.interval().as_secs_f64()
    });
    ends.reduce(f64::max).filter(|end| *end > 0.0)
}
