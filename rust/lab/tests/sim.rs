//! The simulator's seeds. README-Testing says how to run more of them.

use std::num::NonZero;
use std::thread;

use mptcp_lab::sim::{self, Kind, PINNED, Scenario, Trace};

/// Seeds of every run of the tests.
const SEEDS: u64 = 2000;

#[test]
fn seeds_that_failed_once() {
    let failed: Vec<String> = PINNED
        .iter()
        .filter_map(|(seed, found)| {
            let what = sim::run(*seed, Trace::none()).err()?;
            Some(format!("{} (found once: {found})\n  {what}", sim::replay_command(*seed)))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn two_thousand_seeds() {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let batch = sim::run_seeds(0..SEEDS, threads, |_| true);
    for failure in &batch.failures {
        println!("seed {} ({:?}): {}\n{}", failure.seed, failure.kind, failure.what, failure.replay);
    }
    assert!(batch.failures.is_empty(), "{} of {} seeds failed", batch.failures.len(), batch.seeds);
    assert_eq!(batch.seeds, SEEDS);
    // The drawing must bring about what the simulator is for.
    let totals = &batch.totals;
    assert_eq!(totals.runs.len(), 11, "every kind of trouble: {:?}", totals.runs);
    for (what, count, least) in [
        ("ends of multipath connections", totals.multipath, 2000),
        ("ends of plain TCP", totals.plain, 500),
        ("ends with an error", totals.errors, 100),
        ("joins", totals.joins, 1000),
        ("paths joined again", totals.rejoins, 20),
        ("maps given to another path", totals.reinjections, 1000),
        ("checksum errors", totals.checksum_errors, 20),
        ("refusals of memory", totals.refusals, 50),
    ] {
        assert!(count >= least, "{what}: {count}, expected at least {least}");
    }
}

#[test]
fn a_seed_gives_the_same_packets_every_time() {
    for seed in 100..130 {
        let run = || sim::run(seed, Trace::none()).map(|summary| (summary.digest, summary.packets, summary.time));
        assert_eq!(run(), run(), "seed {seed}");
    }
}

#[test]
fn tracing_changes_nothing_and_names_what_happens() {
    let mut lines = Vec::new();
    let mut sink = |line: &str| lines.push(line.to_string());
    let traced = sim::run(0, Trace::to(&mut sink)).map(|summary| summary.digest);
    assert_eq!(traced, sim::run(0, Trace::none()).map(|summary| summary.digest));
    assert!(lines[0].starts_with("Scenario {"), "{}", lines[0]);
    assert!(lines.iter().any(|line| line.contains(" A sends ") && line.contains("[S]")), "no SYN: {lines:?}");
}

#[test]
fn every_kind_has_a_seed_among_the_first_ones() {
    let mut kinds: Vec<Kind> = (0..300).map(|seed| Scenario::draw(seed).kind).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), 11, "{kinds:?}");
}
