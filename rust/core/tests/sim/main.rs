//! Two cores joined in memory over paths that lose, reorder, cut, strip and change: seeded, in virtual time.
//!
//! `MPTCP_SEED=n MPTCP_FAMILY=f` replays one run, `MPTCP_SEEDS=n` says how many runs there are of each family, from seed
//! `MPTCP_FIRST` on, `MPTCP_FAILURES=n` after how many failures a family ends, `MPTCP_TRACE=1` prints every packet and action.
//!
//! The lab has another simulator (`rust/lab/src/sim`). The two share no world and no link: here a packet is a struct with whole
//! sequence numbers that a TCP of 370 lines reads, so that ten thousand runs take some seconds and a failure is core's; there it
//! is the octets of an IP packet that smoltcp and middleboxes read. Core's tests cannot depend on the lab, which depends on core.

#![allow(unreachable_pub)] // One test program: nothing is reachable.

mod app;
mod evidence;
mod host;
mod host_data;
mod host_input;
mod judge;
mod link;
mod packet;
mod scenario;
mod tcp;
mod world;

use mptcp_core::time::Instant;
use scenario::{FAMILIES, Family, build};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use world::World;

/// The longest outage where a new SYN passes at once.
const BAR: Duration = Duration::from_secs(3);

fn over(world: &World) -> bool {
    world.hosts.iter().all(|host| host.ended.is_some() && (host.app.slow.is_none() || host.so_rcv.is_empty()))
}

/// Both applications have all. A DATA_FIN that is lost, or the FIN of a path that is dead, may take longer.
fn all_read(world: &World) -> bool {
    world.hosts.iter().all(|host| host.app.read == host.app.expect)
}

/// Every application that waits for data gets some within [`BAR`] of the time at which the last path has forgotten its flows.
fn goes_on(world: &mut World, at: Instant) {
    // What was under way comes yet.
    let _ = world.run(at + Duration::from_millis(400), |_| false);
    let before: Vec<u64> = world.hosts.iter().map(|host| host.app.read).collect();
    // The TCP of these runs measures no handshake: a path that has not carried data is given a second to answer, and data that is
    // sent again tries one after the other.
    let bar = BAR + Duration::from_secs(world.links.len() as u64 - 1);
    let outcome = world.run(at + bar, |world| {
        let mut both = world.hosts.iter().zip(&before);
        both.all(|(host, before)| host.app.read > *before || host.app.read == host.app.expect)
    });
    judge::show(world);
    assert!(outcome.is_ok(), "nothing is read {bar:?} after {at:?}");
}

fn run(family: Family, seed: u64) -> u64 {
    let mut world = build(family, seed);
    let done = if family == Family::Forgotten { all_read } else { over };
    if let Some(at) = world.links.iter().filter_map(|link| link.forgets).max() {
        goes_on(&mut world, at);
    }
    let outcome = world.run(Instant::ZERO + family.limit(), done);
    judge::judge(&mut world, outcome);
    if family == Family::Forgotten {
        judge::all_read(&world);
    }
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
    let most = number("MPTCP_FAILURES").unwrap_or(10) as usize;
    let mut failed = Vec::new();
    for seed in first..first + seeds {
        if catch_unwind(AssertUnwindSafe(|| run(family, seed))).is_err() {
            failed.push(seed);
            if failed.len() >= most {
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

/// Seeds that found something; a change of the drawing changes what they mean.
#[test]
fn seeds_that_failed_once() {
    // A stalled path's data was sent again on that path; after a fallback the peer took it for new data.
    run(Family::SlowPlain, 106_240);
    // What TCP repeated after the peer's DATA_FIN was delivered once more.
    run(Family::Corrupted, 117_801);
    // The data-level timeout stayed backed off after a long cut: a map that the peer had to drop was lost for a minute.
    run(Family::Rough, 24_241);
}

#[test]
fn plain_two_paths() {
    runs(Family::Plain, 3000);
}

#[test]
fn rough_paths() {
    runs(Family::Rough, 6000);
}

#[test]
fn options_stripped() {
    runs(Family::Stripped, 10000);
}

#[test]
fn payload_corrupted() {
    runs(Family::Corrupted, 8000);
}

#[test]
fn application_aborts() {
    runs(Family::Abort, 3000);
}

#[test]
fn all_paths_forget_their_flows() {
    runs(Family::Forgotten, 2000);
}

#[test]
fn first_path_dies() {
    runs(Family::Dead, 700);
}

#[test]
fn slow_readers_and_lost_acks_after_a_fallback() {
    runs(Family::SlowPlain, 5000);
}

#[test]
fn half_closes_in_every_order() {
    runs(Family::HalfClose, 5000);
}

#[test]
fn addresses_come_and_go() {
    runs(Family::Addresses, 5000);
}

#[test]
fn memory_refused_during_joins() {
    runs(Family::ScarceJoins, 5000);
}

#[test]
fn mappings_longer_than_the_window() {
    runs(Family::LongMaps, 3000);
}
