//! Hosts in namespaces: addresses, routes, MPTCP, and nothing left behind. Needs root.

use std::net::{SocketAddr, UdpSocket};
use std::panic::{self, AssertUnwindSafe};
use std::process::Command;
use std::time::Duration;

use mptcp_lab::clock::Clock;
use mptcp_lab::link::{Direction, LinkConfig, PathConfig};
use mptcp_lab::measure::{Copy, Iperf, Progress, SshServer, Watch, counters};
use mptcp_lab::netns::{
    Background, HostKind, Interrupt, Namespace, Need, Side, Testbed, TestbedConfig, address, not_judged, remove_stale,
    run, skip,
};

/// Longer than any load makes anything wait.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let clock = Clock::start();
    while !holds() {
        assert!(clock.now() < mptcp_core::time::Instant::ZERO + LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn two_paths() -> TestbedConfig {
    let path = |mbit| PathConfig::symmetric(LinkConfig::new(mbit, 2, 64 * 1024));
    TestbedConfig { paths: vec![path(20), path(10)], seed: 1, a: HostKind::Kernel, b: HostKind::Kernel }
}

fn namespaces() -> String {
    run({
        let mut list = Command::new("ip");
        list.args(["netns", "list"]);
        list
    })
    .unwrap()
}

/// A UDP socket of a host, on its address of this path.
fn udp(testbed: &Testbed, side: Side, path: u8, v6: bool) -> UdpSocket {
    let local = SocketAddr::new(address(side, path, v6), 0);
    let socket = testbed.host(side).enter(|| UdpSocket::bind(local)).unwrap().unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

#[test]
fn every_pair_of_addresses_takes_its_path() {
    if skip("every_pair_of_addresses_takes_its_path", &[Need::Namespaces]) {
        return;
    }
    let testbed = Testbed::new(two_paths()).unwrap();
    let mut sent = [0, 0];
    for v6 in [false, true] {
        for (from, to) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (a, b) = (udp(&testbed, Side::A, from, v6), udp(&testbed, Side::B, to, v6));
            a.send_to(b"there", b.local_addr().unwrap()).unwrap();
            let (_, source) = b.recv_from(&mut [0; 10]).unwrap();
            assert_eq!(source, a.local_addr().unwrap());
            b.send_to(b"back", source).unwrap();
            a.recv_from(&mut [0; 10]).unwrap();
            sent[usize::from(from.max(to))] += 1;
            let counters = testbed.bridge().counters().unwrap();
            let delivered = [0, 1].map(|n| counters[n].map(|c| c.delivered));
            assert_eq!(delivered, sent.map(|n| [n, n]), "v6 {v6}: A{from} to B{to}");
        }
    }
}

#[test]
fn linux_uses_both_paths_and_a_cut_leaves_one() {
    if skip("linux_uses_both_paths_and_a_cut_leaves_one", &Need::INTEROP) {
        return;
    }
    let testbed = Testbed::new(two_paths()).unwrap();
    testbed.mptcp_endpoints(Side::A, 2, "subflow", false).unwrap();
    testbed.mptcp_endpoints(Side::B, 1, "", false).unwrap();
    let server = address(Side::B, 0, false);
    let iperf = Iperf { server, mptcp: true, reverse: false, seconds: 3 };
    let (a, b) = (testbed.host(Side::A), testbed.host(Side::B));
    let mut progress = Progress::new("test", 6, testbed.bridge());
    let watch = Watch::start();
    let both = iperf.run(a, b, &Interrupt::default(), &mut progress).unwrap();
    let freedom = watch.stop();
    let carried =
        || testbed.bridge().counters().unwrap().iter().map(|path| path[0].delivered_bytes).collect::<Vec<_>>();
    assert!(carried().iter().all(|bytes| *bytes > 100_000), "both paths carry data: {:?}", carried());
    if both.received_mbit <= 22.0 {
        assert!(!freedom.is_free(), "less than both paths have: {both:?}; {freedom}");
        not_judged("linux_uses_both_paths_and_a_cut_leaves_one", &format!("{both:?}; {freedom}"));
    }
    let seen = counters(b).unwrap();
    // iperf3 has a control connection and one for the data.
    assert_eq!(seen.get("MPTcpExtMPCapableSYNRX"), 2);
    assert_eq!(seen.get("MPTcpExtMPJoinAckRx"), 2);
    assert_eq!(seen.get("MPTcpExtMPJoinAckHMacFailure"), 0);

    testbed.bridge().set_up(1, false).unwrap();
    let before = carried()[1];
    let one = iperf.run(a, b, &Interrupt::default(), &mut progress).unwrap();
    drop(progress);
    assert!(one.received_mbit > 0.0, "{one:?}");
    let paths = testbed.finish().unwrap();
    let second = paths[1].link(Direction::AToB).counters();
    assert!(second.dropped_cut > 0 && second.delivered_bytes - before < 10_000, "the second path is cut: {second:?}");
}

#[test]
fn a_copy_outlives_the_better_path() {
    let programs = ["scp", "sshd", "ssh-keygen"].map(Need::Program);
    if skip("a_copy_outlives_the_better_path", &[&Need::INTEROP[..], &programs].concat()) {
        return;
    }
    let testbed = Testbed::new(two_paths()).unwrap();
    testbed.mptcp_endpoints(Side::A, 2, "subflow", false).unwrap();
    testbed.mptcp_endpoints(Side::B, 1, "", false).unwrap();
    let (interrupt, bridge) = (Interrupt::default(), testbed.bridge());
    let server = SshServer::start(testbed.host(Side::B), true, &interrupt).unwrap();
    let to = address(Side::B, 0, false);
    let copy = Copy { server: to, mptcp: true, bytes: 4 << 20, cut: Some(0), clock: testbed.clock() };
    let mut progress = Progress::new("copy", 0, bridge);
    let watch = Watch::start();
    let host = testbed.host(Side::A);
    let copied = copy.run(host, &server, bridge, &interrupt, &mut progress).unwrap();
    assert!(copied.sha256_ok && copied.cut_after.is_some(), "{copied:?}");
    assert!(copied.handover_gap_ms >= 1, "{copied:?}");
    let freedom = watch.stop();
    if copied.handover_gap_ms >= 10_000 {
        assert!(!freedom.is_free(), "{copied:?}; {freedom}");
        not_judged("a_copy_outlives_the_better_path", &format!("{copied:?}; {freedom}"));
    }
}

#[test]
fn a_process_is_a_host_too() {
    if skip("a_process_is_a_host_too", &[Need::Namespaces]) {
        return;
    }
    let mut testbed = Testbed::new(TestbedConfig { b: HostKind::Process, ..two_paths() }).unwrap();
    let ends = testbed.take_ends(Side::B);
    assert_eq!(ends.len(), 2);
    assert!(testbed.take_ends(Side::B).is_empty());
    let a = udp(&testbed, Side::A, 0, false);
    a.send_to(b"hello", (address(Side::B, 1, false), 9)).unwrap();
    let mut packet = [0; 200];
    let mut len = 0;
    until("the packet comes", || {
        len = rustix::io::read(&ends[1], &mut packet).unwrap_or(0);
        len > 0
    });
    assert_eq!((len, packet[0] >> 4, &packet[28..33]), (33, 4, b"hello".as_slice()));
}

#[test]
fn nothing_is_left_behind() {
    if skip("nothing_is_left_behind", &[Need::Namespaces]) {
        return;
    }
    let mut name = String::new();
    let mut sleeper = None;
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        let testbed = Testbed::new(two_paths()).unwrap();
        name = testbed.host(Side::A).name().to_owned();
        assert!(namespaces().contains(&name));
        let mut command = testbed.host(Side::A).command("sleep");
        command.arg("1000");
        sleeper = Some(Background::spawn(command).unwrap());
        until("the program is inside", || {
            let mut pids = Command::new("ip");
            pids.args(["netns", "pids", &name]);
            !run(pids).unwrap().trim().is_empty()
        });
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert!(!name.is_empty() && !namespaces().contains(&name));
    let mut sleeper = sleeper.unwrap();
    until("programs end with their namespace", || !sleeper.is_running());
}

#[test]
fn what_a_killed_process_left_is_removed() {
    if skip("what_a_killed_process_left_is_removed", &[Need::Namespaces]) {
        return;
    }
    // No process can have this number: it is above the kernel's limit of 2^22.
    let stale = "mptcplab-4194999-0-a";
    let mut add = Command::new("ip");
    add.args(["netns", "add", stale]);
    run(add).unwrap();
    let own = Namespace::create(Namespace::next_number(), "own").unwrap();
    assert!(remove_stale().unwrap().contains(&stale.to_owned()));
    assert!(!namespaces().contains(stale));
    assert!(namespaces().contains(own.name()), "that of a living process stays");
}
