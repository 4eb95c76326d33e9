//! The middleboxes between two hosts of the kernel: what its MPTCP makes of them. Needs root.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use mptcp_lab::clock::Clock;
use mptcp_lab::link::{LinkConfig, PathConfig};
use mptcp_lab::measure::{Counters, counters, kernel_pair};
use mptcp_lab::netns::{Need, Side, address, skip};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, ipproto, listen, socket_with};

/// What is sent before and after the joins.
const PART: usize = 300_000;
/// Longer than any load makes anything wait.
const LIMIT: Duration = Duration::from_secs(60);

fn mptcp_socket() -> OwnedFd {
    socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, Some(ipproto::MPTCP)).unwrap()
}

/// Sends a part one way, which must arrive as it was sent.
fn send_part(mut from: &TcpStream, mut to: &TcpStream, first: u8) {
    let part: Vec<u8> = (0..PART).map(|n| first.wrapping_add((n % 251) as u8)).collect();
    let mut arrived = vec![0; PART];
    to.set_read_timeout(Some(LIMIT)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| from.write_all(&part).unwrap());
        to.read_exact(&mut arrived).unwrap();
    });
    assert!(part == arrived, "what arrived is not what was sent");
}

/// A connection with this middlebox on both paths (`{n}` is the path's number), and data on it before and after
/// the counters of client and server are as they shall become: those counters.
fn with(middlebox: &str, become_so: impl Fn(&Counters, &Counters) -> bool) -> (Counters, Counters) {
    let path = |n: usize| {
        let mut path = PathConfig::symmetric(LinkConfig::new(20, 2, 64 * 1024));
        path.middleboxes = vec![middlebox.replace("{n}", &n.to_string()).parse().unwrap()];
        path
    };
    let testbed = kernel_pair(&[path(0), path(1)], 1, true).unwrap();
    let (a, b) = (testbed.host(Side::A), testbed.host(Side::B));
    let server = SocketAddr::new(address(Side::B, 0, false), 5000);
    let listener = b
        .enter(|| {
            let socket = mptcp_socket();
            bind(&socket, &server).unwrap();
            listen(&socket, 8).unwrap();
            TcpListener::from(socket)
        })
        .unwrap();
    let client = a
        .enter(|| {
            let socket = mptcp_socket();
            connect(&socket, &server).unwrap();
            TcpStream::from(socket)
        })
        .unwrap();
    let (accepted, _) = listener.accept().unwrap();
    send_part(&client, &accepted, 1);
    let clock = Clock::start();
    loop {
        let counted = (counters(a).unwrap(), counters(b).unwrap());
        if become_so(&counted.0, &counted.1) {
            break;
        }
        let late = clock.now().micros() > LIMIT.as_micros() as u64;
        assert!(!late, "{middlebox}: {:?} {:?}", counted.0.nonzero("MPTcpExt"), counted.1.nonzero("MPTcpExt"));
        thread::sleep(Duration::from_millis(20));
    }
    send_part(&client, &accepted, 2);
    send_part(&accepted, &client, 3);
    (counters(a).unwrap(), counters(b).unwrap())
}

#[test]
fn boxes_that_mptcp_survives() {
    if skip("boxes_that_mptcp_survives", &[Need::Namespaces, Need::KernelMptcp, Need::Program("nstat")]) {
        return;
    }
    for middlebox in ["sequence", "split:rate=20%", "nat:v4=10.73.{n}.77"] {
        let (a, b) = with(middlebox, |_, b| b.get("MPTcpExtMPJoinAckRx") >= 1);
        assert_eq!(b.get("MPTcpExtMPCapableACKRX"), 1, "{middlebox}");
        assert_eq!(b.get("MPTcpExtMPJoinAckRx"), 1, "{middlebox}");
        for host in [a, b] {
            assert_eq!(host.get("MPTcpExtDSSNoMatchTCP") + host.get("TcpExtTCPRetransFail"), 0, "{middlebox}");
            assert_eq!(host.get("TcpInCsumErrors"), 0, "{middlebox}");
        }
    }
}

#[test]
fn boxes_that_take_multipath_away() {
    if skip("boxes_that_take_multipath_away", &[Need::Namespaces, Need::KernelMptcp, Need::Program("nstat")]) {
        return;
    }
    let (a, b) = with("strip:on=syn", |_, _| true);
    assert!(a.get("MPTcpExtMPCapableSYNTX") >= 1);
    assert_eq!(b.get("MPTcpExtMPCapableSYNRX"), 0);

    let (a, b) = with("strip:on=synack", |_, _| true);
    assert!(b.get("MPTcpExtMPCapableSYNRX") >= 1);
    assert_eq!(a.get("MPTcpExtMPCapableSYNACKRX"), 0);

    let (a, b) = with("drop:on=syn,subtype=1", |a, _| a.get("MPTcpExtMPJoinSynTx") >= 1);
    assert_eq!(b.get("MPTcpExtMPCapableACKRX"), 1);
    assert!(a.get("MPTcpExtMPJoinSynTx") >= 1);
    assert_eq!(b.get("MPTcpExtMPJoinSynRx"), 0);
}
