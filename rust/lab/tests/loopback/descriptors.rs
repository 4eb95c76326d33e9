//! A gateway that runs out of descriptors: it waits, uses no processor time, and goes on when there are some again.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Write, stdin};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use mptcp_lab::clock::Clock;
use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::bed::{Bed, PATIENCE, echo, echo_server};

/// Set for the process that has few descriptors: the port of the server.
const SERVER: &str = "MPTCP_LAB_FEW_DESCRIPTORS";
/// What the child says begins with it; the rest is the test harness.
const MARK: &str = "child: ";
/// Descriptors for connections, of which each takes two in the child.
const FREE: u64 = 12;
/// More connections than that.
const CLIENTS: usize = 30;
fn child(server: u16) {
    let bed = Bed::new(server);
    // The lowest that is free; the harness's own may lie far above.
    let lowest = File::open("/dev/null").unwrap().as_raw_fd();
    let current = u64::try_from(lowest).ok().map(|fd| fd + FREE);
    setrlimit(Resource::Nofile, Rlimit { current, ..getrlimit(Resource::Nofile) }).unwrap();
    let IpAddr::V4(address) = bed.listen.ip() else { panic!("{}", bed.listen) };
    println!("{MARK}{} {}", address.to_bits(), bed.listen.port());
    for _ in stdin().lines() {
        let used = clock_gettime(ClockId::ProcessCPUTime);
        let millis = used.tv_sec * 1000 + used.tv_nsec / 1_000_000;
        println!("{MARK}{millis} {} {}", bed.first.accept_waits(), bed.second.accept_waits());
    }
}

/// The child as its parent sees it.
struct Few {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Few {
    fn start(server: u16) -> Few {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["descriptors::waits_for_descriptors", "--exact", "--nocapture"])
            .env(SERVER, server.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Few { child, orders, answers }
    }

    fn answer(&mut self) -> Vec<u64> {
        let line = self.answers.by_ref().map(Result::unwrap).find(|l| l.starts_with(MARK)).expect("the child lives");
        line[MARK.len()..].split(' ').map(|n| n.parse().unwrap()).collect()
    }

    /// Milliseconds of processor time so far, and how often connections had to wait.
    fn ask(&mut self) -> (u64, u64) {
        writeln!(self.orders).unwrap();
        let answer = self.answer();
        (answer[0], answer[1] + answer[2])
    }
}

impl Drop for Few {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn waits_for_descriptors() {
    if let Ok(server) = std::env::var(SERVER) {
        return child(server.parse().unwrap());
    }
    let mut few = Few::start(echo_server());
    let answer = few.answer();
    let address = Ipv4Addr::from_bits(u32::try_from(answer[0]).unwrap());
    let to = SocketAddr::from((address, u16::try_from(answer[1]).unwrap()));
    drop(echo(to));
    let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| TcpStream::connect(to).unwrap()).collect();
    let clock = Clock::start();
    let start = clock.now();
    while few.ask().1 == 0 {
        assert!(clock.now().since(start) < PATIENCE, "descriptors were short, and nobody counted it");
        thread::sleep(Duration::from_millis(50));
    }
    let before = few.ask();
    thread::sleep(Duration::from_secs(2));
    let after = few.ask();
    assert!(after.0 - before.0 < 300, "{} ms of processor time in 2 s", after.0 - before.0);
    assert!((1..=100).contains(&(after.1 - before.1)), "{} waits in 2 s", after.1 - before.1);
    for client in clients {
        set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
    }
    drop(echo(to));
}
