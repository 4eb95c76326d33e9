//! `mptcp-lab measure`

use anyhow::Result;
use clap::Args;
use mptcp_lab::link::{LinkConfig, PathConfig};
use mptcp_lab::measure::{Copied, Reference, demo_paths, kernel_copy, kernel_throughput};
use mptcp_lab::netns::Interrupt;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Seconds of each transfer.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Link of a path, both ways (repeat for more paths), like `rate=20mbit,delay=10ms,queue=64k`.
    /// Without any: the demo's two paths.
    #[arg(long)]
    path: Vec<LinkConfig>,
    /// Seed of the random choices on the paths.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only transfers with MPTCP.
    #[arg(long)]
    only_mptcp: bool,
    /// Also copy a file of so many MiB with scp and cut the first path half-way.
    #[arg(long)]
    copy: Option<u64>,
    /// Write JSON to standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, serde::Serialize)]
struct Row {
    what: String,
    #[serde(flatten)]
    reference: Reference,
}

#[derive(Debug, serde::Serialize)]
struct Measured {
    throughput: Vec<Row>,
    copy: Option<Copied>,
}

/// Runs each transfer on a testbed of its own and prints a table.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let paths: Vec<PathConfig> = match arguments.path.as_slice() {
        [] => demo_paths(),
        links => links.iter().cloned().map(PathConfig::symmetric).collect(),
    };
    let seed = arguments.seed;
    let mut throughput = Vec::new();
    for (mptcp, reverse) in [(true, false), (true, true), (false, false), (false, true)] {
        if arguments.only_mptcp && !mptcp {
            continue;
        }
        let protocol = if mptcp { "Linux MPTCP" } else { "plain TCP, first path" };
        let what = format!("{protocol}, {}", if reverse { "B to A" } else { "A to B" });
        let transfer = (mptcp, reverse, arguments.seconds);
        let reference = kernel_throughput(&what, &paths, seed, transfer, &interrupt)?;
        throughput.push(Row { what, reference });
    }
    let copy = match arguments.copy {
        Some(mib) => Some(kernel_copy("scp, Linux MPTCP", &paths, seed, mib << 20, &interrupt)?.0),
        None => None,
    };
    print(&Measured { throughput, copy }, arguments.json)
}

fn print(measured: &Measured, json: bool) -> Result<()> {
    if json {
        say!("{}", serde_json::to_string_pretty(measured)?);
        return Ok(());
    }
    say!("{:<32} {:>8} {:>6}  dropped by queues", "", "Mbit/s", "share");
    for Row { what, reference } in &measured.throughput {
        let dropped: Vec<u64> = reference.links.iter().map(|l| l.counters.dropped_queue).collect();
        say!("{what:<32} {:>8.2} {:>6.3}  {dropped:?}", reference.throughput.received_mbit, reference.ratio);
        let late = reference.lateness;
        if !late.is_punctual() {
            eprintln!(
                "  the machine was too busy for this figure to count: {} of {} packets more than 2 ms late, the worst {} ms",
                late.late,
                late.packets,
                late.worst_us / 1000
            );
        }
    }
    if let Some(copy) = &measured.copy {
        let right = if copy.sha256_ok { "sha256 right" } else { "sha256 WRONG" };
        say!("scp: {right}, {:.1} s, longest standstill {} ms", copy.seconds, copy.handover_gap_ms);
    }
    Ok(())
}
