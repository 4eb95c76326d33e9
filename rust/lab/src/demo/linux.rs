//! The demo as root: unmodified programs, and the kernel's MPTCP at the other end.

use anyhow::Result;

use super::{Effort, Mode, Provenance, Run, Story, Summary, facts};
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
        provenance: Provenance::here(),
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
    let standstill = copied.handover_gap_at.map(|at| (at, copied.handover_gap_ms as f64 / 1e3));
    let cut = copied.cut_after;
    runs.push(Run { name: name.into(), mbit: None, reverse: false, cut, standstill, links, lateness: None });
    Ok(Story { summary, runs })
}

fn run(name: &str, reverse: bool, reference: Reference) -> Run {
    let mbit = Some(reference.throughput.received_mbit);
    let lateness = Some(reference.lateness);
    Run { name: name.into(), mbit, reverse, cut: None, standstill: None, links: reference.links, lateness }
}
