//! Whether what came of a run is what had to.

use mptcp_core::error::ConnError;
use mptcp_core::handshake::FallbackReason;

use super::app::App;
use super::scenario::{Expect, Kind, Scenario};
use super::witness::Story;
use super::world::{Pair, World};

/// No connection of these runs may ever use more octets for maps and ranges.
const MOST_MEMORY: usize = 2 << 20;

/// Everything that must hold at the end of a run. The error says what does not.
pub(super) fn judge(scenario: &Scenario, world: &World<'_>) -> Result<(), String> {
    for pair in &world.pairs {
        for side in [0, 1] {
            application(scenario, world, pair, side).map_err(|what| format!("{}: {what}", ["A", "B"][side]))?;
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

fn application(scenario: &Scenario, world: &World<'_>, pair: &Pair, side: usize) -> Result<(), String> {
    let (app, peer) = (&pair.apps[side], &pair.apps[1 - side]);
    let story = world.net.witness.story(pair.to.port());
    if app.read > app.expects.min(peer.written) {
        return Err(format!("read {} octets of {} that were written", app.read, peer.written));
    }
    let plain = app.last.as_ref().is_none_or(|stats| stats.fallback.is_some());
    if app.damaged > 0 && !(scenario.kind.expect() == Expect::Damage && plain) {
        return Err(format!("{} octets are not what was written", app.damaged));
    }
    if let Some(stats) = app.last.as_ref().filter(|stats| stats.memory.1 > MOST_MEMORY) {
        return Err(format!("used {} octets of memory", stats.memory.1));
    }
    if let Some(reason) = fell(pair, side)
        && !fall_explained(scenario, pair, side, reason, &story)
    {
        return Err(format!("fell back to plain TCP ({reason:?}), which nothing explains: {story:?} {:#?}", app.last));
    }
    let whole = app.read == app.expects;
    match app.ended {
        // A connection that was closed early may be gone before its end was seen.
        None if app.untold => return Ok(()),
        None if app.conn.is_none() || (app.plan.closes_early && app.closed) => {}
        None => return Err(format!("no end, nor closed early: {:#?}", app.last)),
        Some(ConnError::Done) => {}
        Some(ConnError::Aborted) if app.untold => return Ok(()),
        Some(why) if explained(scenario, pair, side, why, &story) => return Ok(()),
        Some(why) => return Err(format!("ended {why}, which nothing explains; read {}: {:#?}", app.read, app.last)),
    }
    if !whole && app.conn.is_some() && !(app.ended.is_none() && gone(peer)) {
        return Err(format!(
            "ended {:?} though only {} of {} arrived: {:#?}",
            app.ended, app.read, app.expects, app.last
        ));
    }
    Ok(())
}

fn fell(pair: &Pair, side: usize) -> Option<FallbackReason> {
    pair.apps[side].last.as_ref()?.fallback
}

/// Its application ended it before its time.
fn gone(app: &App) -> bool {
    app.ended == Some(ConnError::Aborted)
}

/// Whether the scenario or the packets explain why this side is plain TCP (RFC 8684 sections 3.1 and 3.7).
fn fall_explained(scenario: &Scenario, pair: &Pair, side: usize, reason: FallbackReason, story: &Story) -> bool {
    let strips = matches!(scenario.kind, Kind::Handshake | Kind::Stripped | Kind::Coalesced);
    let damages = matches!(scenario.kind, Kind::Corrupted | Kind::Coalesced);
    let enabled = scenario.hosts.iter().all(|host| host.mptcp.enable);
    let refused = !scenario.hosts[1].mptcp.accepts(scenario.hosts[0].mptcp.version);
    let scarce = scenario.hosts[side].refuse_per_mille > 0;
    let peer_fell = fell(pair, 1 - side).is_some();
    let lost = story.sent.iter().sum::<u64>() > story.arrived.iter().sum::<u64>();
    // A DATA_FIN alone is not acknowledged by TCP: without an answer it is as if options were stripped.
    let unanswered = lost && story.fins.iter().any(|fins| *fins >= 2);
    match reason {
        FallbackReason::Disabled => !scenario.hosts[side].mptcp.enable,
        FallbackReason::NoCapable if side == 1 => {
            let tries = u32::from(scenario.hosts[0].capable_syns);
            !enabled || (story.bare_syn && (strips || story.capable_syns >= tries))
        }
        FallbackReason::NoCapable => !enabled || strips || peer_fell || refused,
        FallbackReason::NoCapableInAck => story.bare_ack && (strips || story.capable_acks > 0 || peer_fell),
        FallbackReason::Version => refused,
        FallbackReason::NoResources => scarce,
        FallbackReason::NoDss => strips || peer_fell || unanswered,
        FallbackReason::Checksum => damages,
        FallbackReason::PeerFailed => damages || strips || peer_fell || unanswered,
        FallbackReason::Algorithm | FallbackReason::BadKey => false,
    }
}

/// The first path was cut for good, and a connection is plain TCP, or has not come about yet: it has no other.
fn died_with_its_path(kind: Kind, pair: &Pair, story: &Story) -> bool {
    // The queue had no room for its SYN/ACK.
    let unanswered = pair.apps[0].last.as_ref().is_some_and(|stats| !stats.is_mptcp && stats.fallback.is_none());
    // Without a DSS of the peer no join is allowed (RFC 8684 section 3.1).
    let unconfirmed = story.dss[1] == 0;
    kind == Kind::FirstPathDies
        && (unanswered || unconfirmed || [0, 1].into_iter().any(|side| fell(pair, side).is_some()))
}

/// Whether what happened explains that this side did not end in order.
fn explained(scenario: &Scenario, pair: &Pair, side: usize, why: ConnError, story: &Story) -> bool {
    let (app, peer) = (&pair.apps[side], &pair.apps[1 - side]);
    let kind = scenario.kind;
    let dead = kind == Kind::AllPathsDie || died_with_its_path(kind, pair, story);
    // No fallback is possible in the middle of a connection, or with several subflows (RFC 8684 section 3.7): whoever
    // finds out resets one after the other.
    let broken = matches!(kind, Kind::Coalesced | Kind::Stripped | Kind::Corrupted);
    match why {
        ConnError::Done => true,
        ConnError::Aborted => app.plan.aborts.is_some() || (dead && app.plan.patience.is_some()),
        // An application that gave up may have done so while a path of the peer's still worked.
        ConnError::Reset => gone(peer) || broken,
        ConnError::TimedOut => dead || broken,
        ConnError::Damaged => matches!(kind, Kind::Coalesced | Kind::Corrupted),
    }
}
