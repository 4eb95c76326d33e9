//! The bridge between two packet sockets: no privileges needed.

use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use mptcp_core::time::Instant;
use mptcp_lab::bridge::{Bridge, Lane, PacketPair};
use mptcp_lab::clock::Clock;
use mptcp_lab::link::{Direction, LinkConfig, LinkCounters, Path, PathConfig};
use mptcp_lab::netns::not_judged;
use rustix::io::Errno;

/// Longer than any load makes a packet wait.
const LIMIT: Duration = Duration::from_secs(60);

/// A path at work and its two hosts' descriptors.
fn one_path(link: &str) -> (Bridge, Clock, OwnedFd, OwnedFd) {
    let (a, b) = (PacketPair::new().unwrap(), PacketPair::new().unwrap());
    let cfg = PathConfig::symmetric(link.parse().unwrap());
    let lane = Lane { path: Path::new(cfg, 1), a: a.network, b: b.network };
    let clock = Clock::start();
    (Bridge::start(vec![lane], clock).unwrap(), clock, a.host, b.host)
}

/// The next packet if there is one now.
fn next(fd: &OwnedFd) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 2000];
    match rustix::io::read(fd, buffer.as_mut_slice()) {
        Ok(0) | Err(Errno::AGAIN) => None,
        Ok(len) => Some(buffer[..len].to_vec()),
        Err(e) => panic!("{e}"),
    }
}

/// Waits for so many packets, with the time at which each came.
fn receive(fd: &OwnedFd, clock: Clock, count: usize) -> Vec<(Instant, Vec<u8>)> {
    let end = clock.now() + LIMIT;
    let mut got = Vec::new();
    while got.len() < count {
        match next(fd) {
            Some(packet) => got.push((clock.now(), packet)),
            None => thread::sleep(Duration::from_micros(200)),
        }
        assert!(clock.now() < end, "{} of {count} packets came", got.len());
    }
    got
}

/// Waits until something holds of what the path has counted from A to B.
fn until(bridge: &Bridge, clock: Clock, holds: impl Fn(&LinkCounters) -> bool) {
    let end = clock.now() + LIMIT;
    loop {
        let counted = bridge.counters().unwrap()[0][0];
        if holds(&counted) {
            return;
        }
        assert!(clock.now() < end, "{counted:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn packets_cross_at_the_rate_and_delay_of_the_link() {
    let (bridge, clock, a, b) = one_path("rate=8mbit,delay=30ms");
    let start = clock.now();
    for n in 0..200u8 {
        rustix::io::write(&a, &[n; 1000]).unwrap();
    }
    rustix::io::write(&b, &[7; 40]).unwrap();
    let got = receive(&b, clock, 200);
    let numbers: Vec<u8> = got.iter().map(|(_, p)| p[0]).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<u8>>());
    let first = got[0].0.since(start);
    let last = got[199].0.since(start);
    // 1 ms for each packet, and 30 ms: 31 ms and 230 ms. The machine may be late, never early.
    assert!(first >= Duration::from_millis(31), "{first:?}");
    assert!(last >= Duration::from_millis(230), "{last:?}");
    if last >= Duration::from_millis(330) {
        let test = "packets_cross_at_the_rate_and_delay_of_the_link";
        not_judged(test, &format!("the last packet came after {last:?}, not 230 ms"));
    }
    assert_eq!(receive(&a, clock, 1)[0].1, [7; 40]);
    assert!(next(&a).is_none() && next(&b).is_none());
    let counters = bridge.counters().unwrap();
    assert_eq!(counters[0].map(|c| c.delivered), [200, 1]);
    let path = bridge.stop().unwrap().remove(0);
    assert_eq!(path.link(Direction::AToB).series().bytes().iter().sum::<u64>(), 200_000);
}

#[test]
fn cuts_come_on_command_and_as_planned() {
    let (bridge, clock, a, b) = one_path("delay=1ms");
    let send = || rustix::io::write(&a, &[1; 100]).unwrap();
    let passes = || {
        send();
        receive(&b, clock, 1);
    };
    // The packet is known to be lost when the path says so.
    let is_lost = |so_many: u64| {
        send();
        until(&bridge, clock, |c| c.dropped_cut == so_many);
        assert!(next(&b).is_none());
    };
    passes();
    bridge.set_up(0, false).unwrap();
    is_lost(1);
    bridge.set_up(0, true).unwrap();
    passes();
    // Far enough away for a packet to pass before it on any machine that lets us run at all.
    let cut = clock.now() + Duration::from_secs(3);
    bridge.plan(0, cut, false).unwrap();
    passes();
    while clock.now() <= cut {
        thread::sleep(Duration::from_millis(5));
    }
    is_lost(2);
    bridge.set_up(0, true).unwrap();
    let slower: LinkConfig = "delay=80ms".parse().unwrap();
    bridge.configure(0, Direction::AToB, slower).unwrap();
    let sent = clock.now();
    send();
    let arrived = receive(&b, clock, 1)[0].0;
    assert!(arrived.since(sent) >= Duration::from_millis(80), "{:?}", arrived.since(sent));
}

#[test]
fn a_host_that_goes_away_leaves_the_others_at_work() {
    let (bridge, clock, a, b) = one_path("delay=1ms");
    drop(b);
    rustix::io::write(&a, &[1; 100]).unwrap();
    until(&bridge, clock, |c| c.offered == 1 && c.delivered == 1);
    assert!(next(&a).is_none());
    assert_eq!(bridge.stop().unwrap().len(), 1);
}
