//! Hosts A and B, and one emulated path for each pair of addresses.

use std::net::IpAddr;
use std::time::Duration;

use mptcp_core::time::Instant;

use crate::host::{ConnId, Host, HostConfig};
use crate::link::{Direction, LinkConfig, Path, PathConfig};

pub(super) const PORT: u16 = 5000;

/// A deterministic stream of octets: the octet at any place is known.
pub(super) fn pattern(at: u64) -> u8 {
    (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// Address of host 1 (A) or 2 (B) on path `n`.
pub(super) fn address(host: u8, n: u8) -> IpAddr {
    IpAddr::from([10, n, 0, host])
}

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) a: Host,
    pub(super) b: Host,
    pub(super) paths: Vec<Path>,
    pub(super) packets: u64,
}

impl World {
    /// Hosts with an address on each path; `tune` adjusts both configurations.
    pub(super) fn new(paths: Vec<PathConfig>, seed: u64, tune: impl Fn(&mut HostConfig)) -> World {
        let host = |host: u8| {
            let addresses = (1..=paths.len() as u8).map(|n| address(host, n)).collect();
            let mut cfg = HostConfig::new(addresses, seed * 2 + u64::from(host));
            tune(&mut cfg);
            Host::new(cfg)
        };
        let (a, mut b) = (host(1), host(2));
        b.listen(PORT).unwrap();
        let paths = paths.into_iter().zip(seed * 100..).map(|(p, s)| Path::new(p, s)).collect();
        World { now: Instant::from_millis(1), a, b, paths, packets: 0 }
    }

    /// A connection from A to B over path 1.
    pub(super) fn connect(&mut self) -> ConnId {
        self.a.connect(address(1, 1), (address(2, 1), PORT).into(), self.now).unwrap()
    }

    fn drain(&mut self) -> bool {
        let mut any = false;
        for (host, direction) in [(&mut self.a, Direction::AToB), (&mut self.b, Direction::BToA)] {
            host.poll(self.now);
            while let Some(packet) = host.packet_out() {
                any = true;
                self.packets += 1;
                // The path is the one of the source address; a route of its own for each.
                let path = usize::from(packet[13]) - 1;
                self.paths[path].push(self.now, direction, packet);
            }
        }
        for path in &mut self.paths {
            while let Some((direction, packet)) = path.poll(self.now) {
                any = true;
                match direction {
                    Direction::AToB => self.b.packet_in(self.now, &packet),
                    Direction::BToA => self.a.packet_in(self.now, &packet),
                }
            }
        }
        any
    }

    /// Runs everything that is due now, then goes to the next event. False: nothing will ever happen.
    pub(super) fn step(&mut self) -> bool {
        let mut rounds = 0;
        while self.drain() {
            rounds += 1;
            assert!(rounds < 10_000, "time stands still at {:?}", self.now);
        }
        let due = self.paths.iter().filter_map(Path::next_due);
        let Some(next) = due.chain(self.a.next_wakeup()).chain(self.b.next_wakeup()).min() else {
            return false;
        };
        self.now = next.max(self.now + Duration::from_micros(1));
        true
    }

    /// Runs until `done` or for `limit` of virtual time; returns whether it was done.
    pub(super) fn run(&mut self, limit: Duration, mut done: impl FnMut(&mut World) -> bool) -> bool {
        let end = self.now + limit;
        loop {
            if done(self) {
                return true;
            }
            if !self.step() || self.now > end {
                return done(self);
            }
        }
    }

    /// The connection that B accepted.
    pub(super) fn accept(&mut self) -> ConnId {
        let mut conn = None;
        self.run(Duration::from_secs(20), |w| {
            conn = w.b.accept(PORT);
            conn.is_some()
        });
        conn.expect("no connection was accepted")
    }
}

pub(super) fn link(mbit: u64, delay_ms: u64) -> PathConfig {
    PathConfig::symmetric(LinkConfig::new(mbit, delay_ms, 64 * 1024))
}

/// One direction of a transfer: writes as far as there is room, reads and checks.
pub(super) struct Transfer {
    pub(super) size: u64,
    pub(super) written: u64,
    pub(super) read: u64,
    pub(super) eof: bool,
}

impl Transfer {
    pub(super) fn new(size: u64) -> Transfer {
        Transfer { size, written: 0, read: 0, eof: false }
    }

    pub(super) fn write(&mut self, host: &mut Host, conn: ConnId, now: Instant) {
        while self.written < self.size {
            let len = (self.size - self.written).min(16 * 1024);
            let data: Vec<u8> = (self.written..self.written + len).map(pattern).collect();
            let taken = host.send(conn, &data, now) as u64;
            if taken == 0 {
                return;
            }
            self.written += taken;
            if self.written == self.size {
                host.shutdown(conn, now);
            }
        }
    }

    pub(super) fn read(&mut self, host: &mut Host, conn: ConnId) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let len = host.recv(conn, &mut buffer);
            for &octet in &buffer[..len] {
                assert_eq!(octet, pattern(self.read), "octet {}", self.read);
                self.read += 1;
            }
            if len == 0 {
                break;
            }
        }
        self.eof |= host.state(conn).is_none_or(|s| s.peer_closed && s.readable == 0);
    }
}
