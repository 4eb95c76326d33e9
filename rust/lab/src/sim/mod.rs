//! The simulator: two hosts, one to four paths, virtual time, and everything from one seed.
//!
//! [`Scenario::draw`] makes of a seed the links (rate, delay, jitter, loss, reordering, duplication, queue,
//! cuts), the middleboxes, both hosts' settings, the addresses, the applications and what is done to the hosts
//! meanwhile. [`run`] plays it and judges the outcome:
//!
//! - every octet arrives in order exactly once, or the connection ends with an error that the scenario's trouble
//!   explains ([`Kind::expect`]); who becomes plain TCP does so for a reason that the packets show;
//! - everything is over within [`LIMIT`] of virtual time, and no host keeps itself busy at one instant;
//! - no buffer grows beyond its limit, and at the end no connection, flow, token, held buffer or octet of core's
//!   memory is left;
//! - nothing panics: the profile of the tests has overflow checks and assertions on.
//!
//! The same seed gives the same packets at the same times in every build of the same sources; a change of the
//! drawing gives old seeds new meanings. `mptcp-lab sim --seed N --verbose` shows one run packet by packet.
//!
//! Core has a simulator of its own (`rust/core/tests/sim`), with a link and a world of its own: its packets are structs, not
//! octets, and nothing of this crate is in reach there.

mod app;
mod batch;
#[cfg(test)]
mod cuts;
mod demo;
mod dice;
mod draw;
mod judge;
mod meddle;
mod net;
mod pinned;
mod scenario;
mod trace;
mod witness;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use mptcp_core::time::Instant;

pub use batch::{Batch, Failure, Totals, run_seeds};
pub use demo::{DemoFigures, DemoOptions, DemoRun, DemoStage, demo};
pub use pinned::PINNED;
pub use scenario::{Connection, Deed, Expect, Kind, Late, Outage, Plan, Scenario};
pub use trace::Trace;
use world::World;

/// Virtual time within which every run must be over.
pub const LIMIT: Duration = Duration::from_secs(1200);

/// What a run that was as it must be did.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// What it was about.
    pub kind: Kind,
    /// Virtual time until everything was over.
    #[serde(skip)]
    pub time: Instant,
    /// Packets that the hosts sent.
    pub packets: u64,
    /// Octets that applications read.
    pub octets: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Ends of connections that were multipath connections to their end.
    pub multipath: u64,
    /// Ends that fell back to plain TCP, or were it from the beginning.
    pub plain: u64,
    /// Ends that ended with an error.
    pub errors: u64,
    /// Subflows joined, both roles.
    pub joins: u64,
    /// Paths joined again after they were lost.
    pub rejoins: u64,
    /// Segments and maps given to another path.
    pub reinjections: u64,
    /// DSS checksums that failed.
    pub checksum_errors: u64,
    /// Requests for memory that were refused.
    pub refusals: u64,
    /// Depends on every octet and time of every packet: equal for equal runs.
    pub digest: u64,
}

/// Plays the scenario of a seed.
///
/// # Errors
/// What was not as it must be, in words.
pub fn run(seed: u64, trace: Trace<'_>) -> Result<Summary, String> {
    play(&Scenario::draw(seed), trace)
}

/// Plays a scenario.
///
/// # Errors
/// What was not as it must be, in words.
pub fn play(scenario: &Scenario, mut trace: Trace<'_>) -> Result<Summary, String> {
    trace.line(&format!("{scenario:#?}"));
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(scenario, trace);
        world.run(LIMIT)?;
        judge::judge(scenario, &world)?;
        Ok(summary(scenario, &world))
    }));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", text.unwrap_or("?")))
    })
}

/// The command that replays a seed with everything shown.
#[must_use]
pub fn replay_command(seed: u64) -> String {
    format!("mptcp-lab sim --seed {seed} --verbose")
}

fn summary(scenario: &Scenario, world: &World<'_>) -> Summary {
    let mut sum = Summary {
        seed: scenario.seed,
        kind: scenario.kind,
        time: world.now,
        packets: world.net.packets,
        octets: 0,
        connections: world.pairs.len() as u64,
        multipath: 0,
        plain: 0,
        errors: 0,
        joins: 0,
        rejoins: 0,
        reinjections: 0,
        checksum_errors: 0,
        refusals: 0,
        digest: world.net.digest(),
    };
    for app in world.pairs.iter().flat_map(|pair| &pair.apps) {
        sum.octets += app.read;
        sum.errors += u64::from(app.ended.is_some_and(|why| why != mptcp_core::error::ConnError::Done));
        let Some(stats) = &app.last else { continue };
        sum.multipath += u64::from(stats.is_mptcp);
        sum.plain += u64::from(stats.fallback.is_some());
        sum.joins += stats.core.joins_opened + stats.core.joins_accepted;
        sum.rejoins += stats.core.rejoins;
        sum.reinjections += stats.core.maps_reinjected;
        sum.checksum_errors += stats.core.checksum_errors;
        sum.refusals += stats.memory.2;
    }
    sum
}
