//! Whether what came of a run is what had to.

use mptcp_core::error::ConnError;
use mptcp_core::handshake::FallbackReason;

use super::app::App;
use super::scenario::{Expect, Kind, Scenario};
use super::world::{Pair, World};
use crate::host::ConnStats;

/// No connection of these runs may ever use more octets for maps and ranges.
const MOST_MEMORY: usize = 2 << 20;

/// Everything that must hold at the end of a run. The error says what does not.
pub(super) fn judge(scenario: &Scenario, world: &World<'_>) -> Result<(), String> {
    for pair in &world.pairs {
        for side in [0, 1] {
            application(scenario, pair, side).map_err(|what| format!("{}: {what}", ["A", "B"][side]))?;
        }
    }
    for (side, host) in world.net.hosts.iter().enumerate() {
        let remains = host.remains();
        if !remains.is_nothing() {
            return Err(format!("{}: left behind: {remains:?}", ["A", "B"][side]));
        }
    }
    Ok(())
}

fn application(scenario: &Scenario, pair: &Pair, side: usize) -> Result<(), String> {
    let (app, peer) = (&pair.apps[side], &pair.apps[1 - side]);
    let expect = if died_with_its_path(scenario.kind, pair) { Expect::Explained } else { scenario.kind.expect() };
    if app.read > app.expects.min(peer.written) {
        return Err(format!("read {} octets of {} that were written", app.read, peer.written));
    }
    let plain = app.last.as_ref().is_none_or(|stats| stats.fallback.is_some());
    if app.damaged > 0 && !(expect == Expect::Damage && plain) {
        return Err(format!("{} octets are not what was written", app.damaged));
    }
    if let Some(stats) = app.last.as_ref().filter(|stats| stats.memory.1 > MOST_MEMORY) {
        return Err(format!("used {} octets of memory", stats.memory.1));
    }
    let whole = app.read == app.expects;
    if expect == Expect::Complete {
        // A connection that was closed early may be gone before its end was seen.
        let done = app.ended == Some(ConnError::Done) || (app.ended.is_none() && app.plan.closes_early && app.closed);
        if !whole || !done {
            return Err(format!("read {} of {}, ended {:?}: {:#?}", app.read, app.expects, app.ended, app.last));
        }
        return Ok(());
    }
    match app.ended {
        Some(ConnError::Done) | None if app.conn.is_some() && !whole && !ended_by_peer(pair, side) => {
            Err(format!("ended {:?} though only {} of {} arrived: {:#?}", app.ended, app.read, app.expects, app.last))
        }
        Some(why) if !explained(scenario.kind, app, why) => {
            Err(format!("ended {why}, which nothing explains: {:#?}", app.last))
        }
        _ => Ok(()),
    }
}

/// The path was cut before the connection had another. The queue had no room for its SYN/ACK; or for the third ACK and the
/// first data, which say MP_CAPABLE, so that B had to take it for plain TCP (RFC 8684 section 3.1).
fn died_with_its_path(kind: Kind, pair: &Pair) -> bool {
    let said = |side: usize, test: fn(&ConnStats) -> bool| pair.apps[side].last.as_ref().is_some_and(test);
    let unanswered = said(0, |stats| !stats.is_mptcp && stats.fallback.is_none());
    let unheard = said(1, |stats| stats.fallback == Some(FallbackReason::NoCapableInAck));
    kind == Kind::FirstPathDies && (unanswered || unheard)
}

/// The peer aborted: the end came from there.
fn ended_by_peer(pair: &Pair, side: usize) -> bool {
    pair.apps[1 - side].ended == Some(ConnError::Aborted)
}

fn explained(kind: Kind, app: &App, why: ConnError) -> bool {
    match why {
        ConnError::Done => true,
        ConnError::Aborted => app.plan.aborts.is_some() || app.plan.patience.is_some(),
        // An application that gave up may have done so while a path of the peer's still worked.
        ConnError::Reset => true,
        ConnError::Damaged => matches!(kind, Kind::Corrupted | Kind::Stripped | Kind::Coalesced),
        ConnError::TimedOut => {
            matches!(kind, Kind::FirstPathDies | Kind::AllPathsDie | Kind::Stripped | Kind::Corrupted | Kind::Coalesced)
        }
    }
}
