//! `mptcp-lab sim`

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::ops::Range;
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Args;
use mptcp_core::time::Instant;
use mptcp_lab::clock::Clock;
use mptcp_lab::netns::Interrupt;
use mptcp_lab::sim::{self, Batch, Trace};

/// Runs seeds of the simulator: two hosts, random paths, middleboxes and applications, in virtual time.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One seed.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Many seeds, the second number not included, like `0..1000000`.
    #[arg(long, value_parser = range)]
    seeds: Option<Range<u64>>,
    /// Show the scenario, and each packet and deed; only with --seed.
    #[arg(long, short, requires = "seed")]
    verbose: bool,
    /// Threads for many seeds. Without: one for each processor.
    #[arg(long)]
    threads: Option<usize>,
    /// Write JSON to standard output.
    #[arg(long)]
    json: bool,
}

fn range(text: &str) -> Result<Range<u64>> {
    let parsed = text.split_once("..").and_then(|(a, b)| Some(a.trim().parse().ok()?..b.trim().parse().ok()?));
    let range: Range<u64> = parsed.context("write FIRST..END, like 0..2000")?;
    if range.is_empty() {
        bail!("no seed lies in it: write FIRST..END with FIRST below END");
    }
    Ok(range)
}

/// Runs one seed or many.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match (arguments.seed, &arguments.seeds) {
        (Some(seed), _) => one(seed, arguments),
        (None, Some(seeds)) => many(seeds.clone(), arguments),
        (None, None) => many(0..2000, arguments),
    }
}

fn one(seed: u64, arguments: &Arguments) -> Result<()> {
    let mut out = io::stdout().lock();
    // Where nobody reads any more (a closed pipe), the run goes on for its verdict.
    let mut print = |line: &str| drop(writeln!(out, "{line}"));
    let trace = if arguments.verbose { Trace::to(&mut print) } else { Trace::none() };
    match sim::run(seed, trace) {
        Ok(summary) if arguments.json => say!("{}", serde_json::to_string_pretty(&summary)?),
        Ok(summary) => say!("{summary:#?}"),
        Err(what) => bail!("seed {seed}: {what}"),
    }
    Ok(())
}

fn many(seeds: Range<u64>, arguments: &Arguments) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let threads = arguments.threads.or(thread::available_parallelism().ok().map(NonZero::get)).unwrap_or(1);
    let mut progress = Progress::new(seeds.end - seeds.start);
    let batch = sim::run_seeds(seeds, threads, |batch| {
        progress.show(batch);
        !interrupt.is_set()
    });
    progress.end();
    if arguments.json {
        say!("{}", serde_json::to_string_pretty(&batch)?);
    } else {
        print(&batch);
    }
    if !batch.failures.is_empty() {
        bail!("{} of {} seeds failed", batch.failures.len(), batch.seeds);
    }
    Ok(interrupt.check()?)
}

fn print(batch: &Batch) {
    let totals = &batch.totals;
    say!(
        "{} seeds, {:.0} s of virtual time, {} packets, {} octets read",
        batch.seeds,
        totals.virtual_seconds,
        totals.packets,
        totals.octets
    );
    say!(
        "{} connections; ends: {} multipath, {} plain TCP, {} with an error",
        totals.connections,
        totals.multipath,
        totals.plain,
        totals.errors
    );
    say!(
        "{} joins, {} of lost paths; {} maps on another path; {} checksum errors; memory refused {} times",
        totals.joins,
        totals.rejoins,
        totals.reinjections,
        totals.checksum_errors,
        totals.refusals
    );
    for (kind, runs) in &totals.runs {
        say!("  {kind:?}: {runs}");
    }
    for failure in &batch.failures {
        say!("seed {} ({:?}): {}\n  {}", failure.seed, failure.kind, failure.what, failure.replay);
    }
}

/// A line on standard error after two seconds, and then each second on a terminal, every ten elsewhere.
struct Progress {
    of: u64,
    clock: Clock,
    terminal: bool,
    next: Instant,
    shown: bool,
}

impl Progress {
    fn new(of: u64) -> Progress {
        let terminal = io::stderr().is_terminal();
        Progress { of, clock: Clock::start(), terminal, next: Instant::from_millis(2000), shown: false }
    }

    fn show(&mut self, batch: &Batch) {
        let now = self.clock.now();
        if now < self.next {
            return;
        }
        self.next = now + std::time::Duration::from_secs(if self.terminal { 1 } else { 10 });
        self.shown = true;
        let (start, end) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        let (seeds, failed, seconds) = (batch.seeds, batch.failures.len(), now.micros() / 1_000_000);
        let _ = write!(io::stderr(), "{start}{seeds} of {} seeds, {failed} failed, {seconds} s{end}", self.of);
    }

    fn end(&self) {
        if self.terminal && self.shown {
            let _ = writeln!(io::stderr());
        }
    }
}
