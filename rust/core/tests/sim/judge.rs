//! Whether what came of a run is what had to. Everything that the run does not explain is a failure.

use crate::evidence::Fall;
use crate::host::Host;
use crate::world::{Stall, World};
use mptcp_core::error::ConnError;

/// No connection of these runs may ever use more memory for maps and ranges, in bytes.
const MOST_MEMORY: usize = 4 << 20;

/// Ends that the run explains on one side.
type Ends = Vec<ConnError>;

/// With a trace, what became of both hosts.
pub fn show(world: &World) {
    if world.trace {
        for host in &world.hosts {
            println!("{host:?}");
        }
        println!("{:?}", world.seen);
    }
}

pub fn judge(world: &mut World, outcome: Result<(), Stall>) {
    show(world);
    falls(world);
    for (side, host) in world.hosts.iter().enumerate() {
        bytes(world, side, host);
    }
    let allowed = [ends(world, 0), ends(world, 1)];
    match outcome {
        Ok(()) => {}
        Err(Stall::Silence) => silence(world),
        Err(stall) => panic!("{stall:?} at {:?}", world.now),
    }
    for (side, host) in world.hosts.iter().enumerate() {
        let reads = [world.hosts[0].app.read, world.hosts[1].app.read];
        // One that is told nothing any more has no end; `silence()` has judged that.
        if let Some(end) = host.ended {
            assert!(allowed[side].contains(&end), "side {side} ended {end:?}, explained: {allowed:?}; read {reads:?}");
            if end == ConnError::Done {
                in_order(host);
            }
        }
    }
    for host in &mut world.hosts {
        host.tear_down();
    }
}

/// Nothing excuses another end.
pub fn all_read(world: &World) {
    for host in &world.hosts {
        let side = host.app.side;
        assert!(matches!(host.ended, None | Some(ConnError::Done)), "side {side} ended {:?}", host.ended);
        assert!(host.app.read == host.app.expect, "side {side} has read {} bytes", host.app.read);
    }
}

/// Who ends in order has read everything, written everything, and seen the peer's end.
fn in_order(host: &Host) {
    let app = &host.app;
    assert_eq!(app.read, app.expect, "side {} ended in order without its data", app.side);
    assert_eq!(app.written, app.to_write, "side {} ended in order before it had written everything", app.side);
    assert!(host.saw_eof && app.shut, "side {} ended in order without both ends of file", app.side);
}

fn bytes(world: &World, side: usize, host: &Host) {
    // After a fallback what a middlebox changed is taken as it is (RFC 8684 section 3.7): one byte of each packet.
    let most = if world.seen.falls[side].is_some() { world.seen.corrupted[side] } else { 0 };
    assert!(host.app.damaged <= most, "{} wrong bytes reached side {side}, explained: {most}", host.app.damaged);
    assert!(host.app.read <= host.app.expect, "more bytes than were written reached side {side}");
    assert!(host.peak_memory < MOST_MEMORY, "{} bytes of memory", host.peak_memory);
}

/// A connection becomes plain TCP only for a reason that the packets show.
fn falls(world: &World) {
    for (side, fall) in world.seen.falls.iter().enumerate() {
        if let Some(fall) = fall {
            assert!(fall.is_explained(side, crate::scenario::SYN_TRIES), "side {side} fell back: {fall:?}");
        }
    }
}

/// The ends of `side` that what happened explains.
fn ends(world: &World, side: usize) -> Ends {
    let (host, peer) = (&world.hosts[side], &world.hosts[1 - side]);
    if host.aborted {
        return vec![ConnError::Aborted];
    }
    let mut ends = vec![ConnError::Done];
    if peer.aborted {
        ends.push(ConnError::Reset);
    }
    let fell = world.seen.falls.iter().any(Option::is_some);
    if fell && world.is_dead(0) {
        // Plain TCP dies with its path.
        ends.push(ConnError::TimedOut);
    }
    if fell && world.seen.gave_up != [false, false] {
        // Or when all its tries got lost, which the peer learns from a RST, or by having no answer itself.
        ends.extend([ConnError::TimedOut, ConnError::Reset]);
    }
    let refused = |host: &Host| host.mpcb.as_ref().is_some_and(|mpcb| mpcb.stats().pieces_beyond_window > 0);
    if fell && world.hosts.iter().any(refused) {
        // A window probe was acknowledged by TCP and not taken: no infinite mapping can make up for it.
        ends.extend([ConnError::TimedOut, ConnError::Reset]);
    }
    if world.seen.falls.iter().flatten().any(Fall::went_unanswered) {
        // The peer does not know, and goes on as before: what it sends again would be taken for new data.
        ends.extend([ConnError::TimedOut, ConnError::Reset]);
    }
    if world.seen.whole {
        // There was a path that works: whatever befalls the others, the connection lives.
        return ends;
    }
    if world.seen.stripped_midway || (world.seen.several && world.seen.stripped != [0, 0]) {
        // No fallback is possible any more (RFC 8684 section 3.7). Whoever finds out resets its last subflow.
        ends.extend([ConnError::Reset, ConnError::TimedOut]);
    }
    let again = |host: &Host| host.mpcb.as_ref().is_some_and(|mpcb| mpcb.stats().maps_reinjected > 0);
    if world.seen.stripped != [0, 0] && world.hosts.iter().any(again) {
        // DATA_ACKs were stripped, and data was sent again on the only path: no infinite mapping can stand for it.
        ends.extend([ConnError::Reset, ConnError::TimedOut]);
    }
    if world.seen.several && world.seen.corrupted != [0, 0] {
        // With several subflows there is no infinite mapping: one after the other is reset.
        ends.extend([ConnError::Reset, ConnError::TimedOut, ConnError::Damaged]);
    }
    ends
}

/// Nothing will happen any more. TCP waits for ever for a peer that is gone without a word: its keepalives are not
/// core's business.
fn silence(world: &World) {
    for (side, host) in world.hosts.iter().enumerate() {
        if host.ended.is_some() {
            continue;
        }
        let peer = &world.hosts[1 - side];
        let peer_gone = peer.ended.is_some_and(|end| end != ConnError::Done);
        let never_opened = host.mpcb.is_none() && host.plain.is_none() && peer_gone;
        let untold = peer_gone && (world.seen.lost_rsts[side] > 0 || world.seen.gave_up[1 - side]);
        // Who only reads learns nothing of a dead path.
        let cut_off = world.seen.falls[side].is_some() && world.is_dead(0);
        assert!(never_opened || untold || cut_off, "side {side} waits for ever, its peer ended {:?}", peer.ended);
    }
}
