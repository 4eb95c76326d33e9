//! The bridge between two packet sockets: no privileges needed.

use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use mptcp_core::time::Instant;
use mptcp_lab::bridge::{Bridge, Lane, PacketPair};
use mptcp_lab::clock::Clock;
use mptcp_lab::link::{Direction, LinkConfig, Path, PathConfig};
use rustix::io::Errno;

/// A path at work and its two hosts' descriptors.
fn one_path(link: &str) -> (Bridge, Clock, OwnedFd, OwnedFd) {
    let (a, b) = (PacketPair::new().unwrap(), PacketPair::new().unwrap());
    let cfg = PathConfig::symmetric(link.parse().unwrap());
    let lane = Lane { path: Path::new(cfg, 1), a: a.network, b: b.network };
    let clock = Clock::start();
    (Bridge::start(vec![lane], clock).unwrap(), clock, a.host, b.host)
}

/// Packets that can be read until `end`, with the time at which each came.
fn receive(fd: &OwnedFd, clock: Clock, end: Instant) -> Vec<(Instant, Vec<u8>)> {
    let mut got = Vec::new();
    let mut buffer = vec![0; 2000];
    while clock.now() < end {
        match rustix::io::read(fd, buffer.as_mut_slice()) {
            Ok(0) => break,
            Ok(len) => got.push((clock.now(), buffer[..len].to_vec())),
            Err(Errno::AGAIN) => thread::sleep(Duration::from_micros(200)),
            Err(e) => panic!("{e}"),
        }
    }
    got
}

#[test]
fn packets_cross_at_the_rate_and_delay_of_the_link() {
    let (bridge, clock, a, b) = one_path("rate=8mbit,delay=30ms");
    let start = clock.now();
    for n in 0..200u8 {
        rustix::io::write(&a, &[n; 1000]).unwrap();
    }
    rustix::io::write(&b, &[7; 40]).unwrap();
    let got = receive(&b, clock, start + Duration::from_millis(400));
    let numbers: Vec<u8> = got.iter().map(|(_, p)| p[0]).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<u8>>());
    let first = got[0].0.since(start);
    let last = got[199].0.since(start);
    // 1 ms for each packet, and 30 ms: 31 ms and 230 ms. The machine may be late, never early.
    assert!(first >= Duration::from_millis(31), "{first:?}");
    assert!(last >= Duration::from_millis(230) && last < Duration::from_millis(330), "{last:?}");
    assert_eq!(receive(&a, clock, clock.now() + Duration::from_millis(5))[0].1, [7; 40]);
    let counters = bridge.counters().unwrap();
    assert_eq!(counters[0].map(|c| c.delivered), [200, 1]);
    let path = bridge.stop().unwrap().remove(0);
    assert_eq!(path.link(Direction::AToB).series().bytes().iter().sum::<u64>(), 200_000);
}

#[test]
fn cuts_come_on_command_and_as_planned() {
    let (bridge, clock, a, b) = one_path("delay=1ms");
    let passes = |wait: u64| {
        rustix::io::write(&a, &[1; 100]).unwrap();
        receive(&b, clock, clock.now() + Duration::from_millis(wait)).len()
    };
    assert_eq!(passes(60), 1);
    bridge.set_up(0, false).unwrap();
    assert_eq!(passes(60), 0);
    bridge.set_up(0, true).unwrap();
    assert_eq!(passes(60), 1);
    bridge.plan(0, clock.now() + Duration::from_millis(50), false).unwrap();
    assert_eq!(passes(100), 1);
    assert_eq!(passes(60), 0);
    bridge.set_up(0, true).unwrap();
    let slower: LinkConfig = "delay=80ms".parse().unwrap();
    bridge.configure(0, Direction::AToB, slower).unwrap();
    assert_eq!(passes(40), 0);
    assert_eq!(receive(&b, clock, clock.now() + Duration::from_millis(100)).len(), 1);
}

#[test]
fn a_host_that_goes_away_leaves_the_others_at_work() {
    let (bridge, clock, a, b) = one_path("delay=1ms");
    drop(b);
    rustix::io::write(&a, &[1; 100]).unwrap();
    thread::sleep(Duration::from_millis(30));
    assert_eq!(bridge.counters().unwrap()[0][0].offered, 1);
    assert!(receive(&a, clock, clock.now() + Duration::from_millis(10)).is_empty());
    assert_eq!(bridge.stop().unwrap().len(), 1);
}
