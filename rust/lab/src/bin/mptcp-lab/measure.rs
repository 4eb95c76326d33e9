//! `mptcp-lab measure`

use anyhow::Result;
use clap::Args;
use mptcp_lab::link::{LinkConfig, PathConfig};
use mptcp_lab::measure::{Counters, Iperf, Progress, Throughput, counters, demo_paths};
use mptcp_lab::netns::{HostKind, Interrupt, Side, Testbed, TestbedConfig, address};

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
    /// Write JSON to standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, serde::Serialize)]
struct Row {
    what: String,
    throughput: Throughput,
    /// Share of the sum of the rates of all paths.
    ratio: f64,
    counters: Counters,
}

/// Runs each transfer on a testbed of its own and prints a table.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let paths: Vec<PathConfig> = match arguments.path.as_slice() {
        [] => demo_paths(),
        links => links.iter().cloned().map(PathConfig::symmetric).collect(),
    };
    let sum = paths.iter().map(|p| p.a_to_b.rate_bps as f64 / 1e6).sum::<f64>();
    let mut rows = Vec::new();
    for mptcp in [true, false] {
        for reverse in [false, true] {
            if arguments.only_mptcp && !mptcp {
                continue;
            }
            let protocol = if mptcp { "Linux MPTCP" } else { "plain TCP, first path" };
            let what = format!("{protocol}, {}", if reverse { "B to A" } else { "A to B" });
            let iperf = Iperf { server: address(Side::B, 0, false), mptcp, reverse, seconds: arguments.seconds };
            let (throughput, counters) = transfer(&what, &paths, arguments.seed, iperf, &interrupt)?;
            let ratio = throughput.received_mbit / sum;
            rows.push(Row { what, throughput, ratio, counters });
        }
    }
    print(&rows, arguments.json)
}

fn transfer(
    what: &str,
    paths: &[PathConfig],
    seed: u64,
    iperf: Iperf,
    interrupt: &Interrupt,
) -> Result<(Throughput, Counters)> {
    let testbed =
        Testbed::new(TestbedConfig { paths: paths.to_vec(), seed, a: HostKind::Kernel, b: HostKind::Kernel })?;
    if iperf.mptcp {
        let count = u8::try_from(paths.len())?;
        testbed.mptcp_endpoints(Side::A, count, "subflow", false)?;
        testbed.mptcp_endpoints(Side::B, 1, "", false)?;
    }
    let mut progress = Progress::new(what, iperf.seconds, testbed.bridge());
    let (a, b) = (testbed.host(Side::A), testbed.host(Side::B));
    let throughput = iperf.run(a, b, interrupt, &mut progress)?;
    drop(progress);
    let counters = counters(testbed.host(Side::A))?;
    for (n, [there, back]) in testbed.bridge().counters()?.iter().enumerate() {
        eprintln!(
            "  path {n}: {} and {} bytes, dropped {} and {} by the queue",
            there.delivered_bytes, back.delivered_bytes, there.dropped_queue, back.dropped_queue
        );
    }
    Ok((throughput, counters))
}

fn print(rows: &[Row], json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(rows)?);
        return Ok(());
    }
    println!("{:<32} {:>8} {:>6}", "", "Mbit/s", "share");
    for Row { what, throughput, ratio, .. } in rows {
        println!("{what:<32} {:>8.2} {ratio:>6.3}", throughput.received_mbit);
    }
    Ok(())
}
