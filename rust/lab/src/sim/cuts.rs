//! Paths that come and go: a transfer for eighty seconds over two paths, of which the first is cut again and again.

use std::time::Duration;

use mptcp_core::config::AddressList;
use mptcp_core::time::Instant;
use rand::{Rng as _, SeedableRng};

use super::demo::{DemoOptions, Rig};
use crate::link::{Direction, LinkConfig, LinkRng, PathConfig};

/// The octets repeat after so many: enough that no piece can stand for another unnoticed.
const BLOCK: usize = (1 << 20) + 7;
const LENGTH: Duration = Duration::from_secs(80);
/// The first path works so long, and is gone as long.
const HALF: Duration = Duration::from_secs(5);
/// Octets of packets after which the healed path counts as used: more than what probes it.
const USED: u64 = 100_000;

/// What came of it.
#[derive(Debug)]
struct Outcome {
    mbit: f64,
    /// How long after each heal the first path carried data.
    returns: Vec<Duration>,
}

/// Which hosts have their second address in `mp_addresses`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Addresses {
    Passive,
    Both,
}

fn run(addresses: Addresses, up: bool, seed: u64) -> Outcome {
    let path = PathConfig::symmetric(LinkConfig::new(20, 5, 128 << 10));
    let options = DemoOptions { paths: vec![path; 2], seed, ..DemoOptions::default() };
    let mut rig = Rig::with(&options, &|side, cfg| {
        if side == 0 && addresses == Addresses::Passive {
            cfg.mp_addresses = AddressList::EMPTY;
        }
    })
    .unwrap();
    let (from, to) = if up { (0, 1) } else { (1, 0) };
    let direction = if up { Direction::AToB } else { Direction::BToA };
    let mut block = vec![0; BLOCK];
    LinkRng::seed_from_u64(seed).fill_bytes(&mut block);
    let (start, mut heals) = (rig.now, Vec::new());
    for n in 0..8 {
        let healed = start + HALF * (2 * n + 2);
        rig.net.paths[0].cut(start + HALF * (2 * n + 1));
        rig.net.paths[0].heal(healed);
        heals.push(healed);
    }
    // The last heal is the end.
    heals.pop();
    heals.reverse();
    let (mut written, mut read, mut returns) = (0_usize, 0_usize, Vec::new());
    let mut since: Option<(Instant, u64)> = None;
    let mut buffer = vec![0; 64 << 10];
    rig.run(|rig| {
        if rig.now >= start + LENGTH {
            return Ok(true);
        }
        loop {
            let at = written % BLOCK;
            let taken = rig.send(from, &block[at..BLOCK.min(at + (64 << 10))]);
            written += taken;
            if taken == 0 {
                break;
            }
        }
        loop {
            let len = rig.recv(to, &mut buffer);
            if len == 0 {
                break;
            }
            for octet in &buffer[..len] {
                assert_eq!(*octet, block[read % BLOCK], "a wrong octet at {read}");
                read += 1;
            }
        }
        let carried = rig.net.paths[0].link(direction).counters().delivered_bytes;
        if heals.last().is_some_and(|at| *at <= rig.now) {
            since = heals.pop().map(|at| (at, carried));
        }
        if let Some((at, before)) = since
            && carried > before + USED
        {
            returns.push(rig.now - at);
            since = None;
        }
        Ok(false)
    })
    .unwrap();
    Outcome { mbit: read as f64 * 8e-6 / LENGTH.as_secs_f64(), returns }
}

#[test]
fn a_path_that_comes_and_goes_is_used_whenever_it_is_there() {
    for addresses in [Addresses::Passive, Addresses::Both] {
        for up in [true, false] {
            let outcome = run(addresses, up, 1);
            // A perfect host gets 28.2, plain TCP on the path that is never cut 19.3.
            assert!(outcome.mbit >= 26.5, "{addresses:?}, up {up}: {outcome:?}");
            assert_eq!(outcome.returns.len(), 7, "{addresses:?}, up {up}: {outcome:?}");
            let latest = outcome.returns.iter().max();
            assert!(latest.is_some_and(|at| *at < Duration::from_millis(1500)), "{addresses:?}, up {up}: {outcome:?}");
        }
    }
}
