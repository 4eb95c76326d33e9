//! Two cores joined in memory over paths that lose, reorder, cut, strip and change: seeded, in virtual time.
//!
//! `MPTCP_SEED=n MPTCP_FAMILY=f` replays one run, `MPTCP_SEEDS=n` says how many runs there are of each family,
//! `MPTCP_TRACE=1` prints every packet and action.

#![allow(unreachable_pub)] // One test program: nothing is reachable.

mod app;
mod host;
mod host_data;
mod host_input;
mod link;
mod packet;
mod scenario;
mod tcp;
mod world;

use host::Host;
use mptcp_core::error::ConnError;
use mptcp_core::time::Instant;
use scenario::{Expect, FAMILIES, Family, build};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use world::{Stall, World};

/// Virtual time after which a connection counts as stalled.
const LIMIT: Duration = Duration::from_secs(1200);
/// No connection of these runs may ever use more.
const MOST_MEMORY: usize = 4 << 20;

fn over(world: &World) -> bool {
    world.hosts.iter().all(|host| host.ended.is_some() && (host.app.slow.is_none() || host.so_rcv.is_empty()))
}

fn judge(world: &mut World, expect: Expect, outcome: Result<(), Stall>) {
    for host in world.hosts.iter().filter(|_| world.trace) {
        println!("{host:?}");
    }
    for host in &world.hosts {
        assert!(expect == Expect::Damage || host.app.damaged == 0, "wrong bytes reached side {}", host.app.side);
        assert!(host.app.read <= host.app.expect, "more bytes than were written reached side {}", host.app.side);
        assert!(host.peak_memory < MOST_MEMORY, "{} bytes of memory", host.peak_memory);
    }
    // Without a word from the peer, who is gone, TCP waits for ever: its keepalives are not core's business.
    let one_gone = world.hosts.iter().any(|host| host.ended.is_some_and(|end| end != ConnError::Done));
    let fell = |host: &Host| host.plain.is_some() || host.mpcb.as_ref().is_some_and(|m| m.fallback_reason().is_some());
    let single = world.hosts.iter().any(fell);
    // A third ACK that was overtaken makes plain TCP, which dies with its path.
    let expect = if single && expect == Expect::Complete { Expect::Prefix } else { expect };
    match outcome {
        Err(Stall::Silence) if one_gone && expect != Expect::Complete => {}
        Err(stall) => panic!("{stall:?} at {:?}", world.now),
        Ok(()) => {}
    }
    let [a, b] = &world.hosts;
    let (ends, reads) = ((a.ended, b.ended), [a.app.read, b.app.read]);
    if expect == Expect::Complete {
        assert_eq!(ends, (Some(ConnError::Done), Some(ConnError::Done)), "ends; read {reads:?}");
    }
    for host in &world.hosts {
        if host.ended == Some(ConnError::Done) {
            assert_eq!(host.app.read, host.app.expect, "side {} ended in order without its data", host.app.side);
        }
    }
    for host in &mut world.hosts {
        host.tear_down();
    }
}

fn run(family: Family, seed: u64) -> u64 {
    let (mut world, expect) = build(family, seed);
    let outcome = world.run(Instant::ZERO + LIMIT, over);
    judge(&mut world, expect, outcome);
    world.events
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn family_of(name: Option<String>) -> Option<Family> {
    let name = name?;
    FAMILIES.into_iter().find(|family| format!("{family:?}").eq_ignore_ascii_case(&name))
}

fn runs(family: Family, seeds: u64) {
    let only = family_of(std::env::var("MPTCP_FAMILY").ok());
    if only.is_some_and(|only| only != family) {
        return;
    }
    if let Some(seed) = number("MPTCP_SEED") {
        run(family, seed);
        return;
    }
    let seeds = number("MPTCP_SEEDS").unwrap_or(seeds);
    let first = number("MPTCP_FIRST").unwrap_or(1);
    let mut failed = Vec::new();
    for seed in first..first + seeds {
        if catch_unwind(AssertUnwindSafe(|| run(family, seed))).is_err() {
            failed.push(seed);
            if failed.len() >= 10 {
                break;
            }
        }
    }
    for seed in &failed {
        println!(
            "replay: MPTCP_FAMILY={family:?} MPTCP_SEED={seed} cargo test -p mptcp-core --features testing --test sim"
        );
    }
    assert!(failed.is_empty(), "{} runs of {family:?} failed: {failed:?}", failed.len());
}

#[test]
fn plain_two_paths() {
    runs(Family::Plain, 500);
}

#[test]
fn rough_paths() {
    runs(Family::Rough, 1000);
}

#[test]
fn options_stripped() {
    runs(Family::Stripped, 5000);
}

#[test]
fn payload_corrupted() {
    runs(Family::Corrupted, 500);
}

#[test]
fn application_aborts() {
    runs(Family::Abort, 300);
}

#[test]
fn first_path_dies() {
    runs(Family::Dead, 200);
}
