//! The two hosts, the paths between them, the applications, and virtual time.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mptcp_core::error::ConnError;
use mptcp_core::subflow::SubflowId;
use mptcp_core::time::Instant;

use super::app::App;
use super::net::Net;
use super::scenario::{Deed, Scenario};
use super::trace::Trace;
use crate::host::Host;
use crate::link::Path;

/// Rounds at one and the same time after which the hosts count as a busy loop.
const MOST_ROUNDS: u32 = 20_000;
/// Events after which a run counts as never ending.
const MOST_EVENTS: u64 = 3_000_000;
/// Buffers are measured after each so many events.
const MEASURE_EVERY: u64 = 64;

/// One connection: the applications at its two ends.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) at: Instant,
    from: IpAddr,
    pub(super) to: SocketAddr,
    pub(super) apps: [App; 2],
}

/// A run at work.
pub(super) struct World<'a> {
    pub(super) now: Instant,
    pub(super) net: Net<'a>,
    pub(super) pairs: Vec<Pair>,
    deeds: std::vec::IntoIter<(Instant, Deed)>,
    events: u64,
}

impl<'a> World<'a> {
    /// Hosts, paths and applications as the scenario says; nothing has happened yet.
    pub(super) fn new(scenario: &Scenario, trace: Trace<'a>) -> World<'a> {
        let mut hosts = scenario.hosts.clone().map(Host::new);
        let seeds = scenario.seed.wrapping_mul(0x9e37_79b9).wrapping_add(17)..;
        let mut paths: Vec<Path> =
            scenario.paths.iter().zip(seeds).map(|(cfg, seed)| Path::new(cfg.clone(), seed)).collect();
        for outage in &scenario.outages {
            paths[outage.path].cut(outage.from);
            if let Some(until) = outage.until {
                paths[outage.path].heal(until);
            }
        }
        let mut pairs = Vec::new();
        for connection in &scenario.connections {
            // A port that is listened on already would be an error of the drawing: shown by the missing
            // connection.
            let _ = hosts[1].listen(connection.port);
            let [a, b] = &connection.apps;
            let salts = [u64::from(connection.port), u64::from(connection.port) << 16];
            pairs.push(Pair {
                at: connection.at,
                from: connection.from,
                to: SocketAddr::new(connection.to, connection.port),
                apps: [App::new(a, b.writes, (salts[0], salts[1])), App::new(b, a.writes, (salts[1], salts[0]))],
            });
        }
        World {
            now: Instant::ZERO,
            net: Net::new(hosts, paths, &scenario.routes, trace),
            pairs,
            deeds: scenario.deeds.clone().into_iter(),
            events: 0,
        }
    }

    /// Runs until everything is over on both sides.
    pub(super) fn run(&mut self, limit: Duration) -> Result<(), String> {
        let end = Instant::ZERO + limit;
        loop {
            self.events += 1;
            self.start_due()?;
            self.settle()?;
            if self.events.is_multiple_of(MEASURE_EVERY) {
                self.measure()?;
            }
            if self.is_over() {
                return Ok(());
            }
            let Some(next) = self.next_event() else {
                if self.release_untold() {
                    continue;
                }
                return Err(format!("nothing will ever happen again: {}", self.standing()));
            };
            if next > end || self.events > MOST_EVENTS {
                return Err(format!(
                    "stalled: not over after {} s: {}",
                    self.now.micros() / 1_000_000,
                    self.standing()
                ));
            }
            self.now = next.max(self.now + Duration::from_micros(1));
        }
    }

    /// TCP waits for ever for a peer that is gone without a word: the packets that would have told it got lost, the RST or what
    /// came before it. Such connections are ended here. Returns whether there was one.
    fn release_untold(&mut self) -> bool {
        let mut released = false;
        for pair in &mut self.pairs {
            let story = self.net.witness.story(pair.to.port());
            for side in [0, 1] {
                let peer = 1 - side;
                let gone = pair.apps[peer].ended.is_some_and(|end| end != ConnError::Done);
                let app = &mut pair.apps[side];
                if let Some(conn) = app.conn.filter(|_| !app.untold && !app.closed && app.ended.is_none())
                    && gone
                    && story.sent[peer] > story.arrived[peer]
                {
                    app.untold = true;
                    app.closed = true;
                    self.net.hosts[side].abort(conn, self.now);
                    released = true;
                }
            }
        }
        released
    }

    fn is_over(&self) -> bool {
        let opened = |p: &Pair| p.apps[0].closed && (p.apps[1].conn.is_none() || p.apps[1].closed);
        self.pairs.iter().all(opened) && self.net.hosts.iter().all(|h| h.connections().next().is_none())
    }

    fn next_event(&self) -> Option<Instant> {
        let apps = self.pairs.iter().flat_map(|p| &p.apps).filter_map(|a| a.wakes(self.now));
        let opens = self.pairs.iter().filter(|p| p.apps[0].conn.is_none()).map(|p| p.at);
        let deeds = self.deeds.as_slice().first().map(|(at, _)| *at);
        self.net.next_event().into_iter().chain(apps).chain(opens).chain(deeds).min()
    }

    /// Opens connections and does deeds whose time has come.
    fn start_due(&mut self) -> Result<(), String> {
        for pair in &mut self.pairs {
            if pair.apps[0].conn.is_none() && pair.at <= self.now {
                let opened = self.net.hosts[0].connect(pair.from, pair.to, self.now);
                pair.apps[0].conn = Some(opened.map_err(|e| format!("connect: {e}"))?);
            }
        }
        while let Some((_, deed)) = self.deeds.as_slice().first().filter(|(at, _)| *at <= self.now).cloned() {
            self.deeds.next();
            self.net.trace.note(self.now, &deed);
            self.perform(deed);
        }
        Ok(())
    }

    fn perform(&mut self, deed: Deed) {
        let now = self.now;
        match deed {
            Deed::Addresses(side, list) => self.net.hosts[side].set_mp_addresses(list, now),
            Deed::Lost(side, addr) => self.net.hosts[side].address_lost(addr),
            Deed::Back(side, addr) => self.net.hosts[side].address_back(addr, now),
            Deed::Backup(side, n, backup) => {
                let host = &mut self.net.hosts[side];
                for conn in host.connections().collect::<Vec<_>>() {
                    let ids: Vec<SubflowId> =
                        host.stats(conn).iter().flat_map(|s| &s.subflows).filter_map(|s| s.id).collect();
                    if let Some(id) = ids.get(n) {
                        host.set_backup(conn, *id, backup);
                    }
                }
            }
        }
    }

    /// Does everything that is due now.
    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..MOST_ROUNDS {
            let moved = self.net.exchange(self.now);
            self.applications();
            if !moved && !self.net.is_busy() {
                return Ok(());
            }
        }
        Err(format!("time stands still: {}", self.standing()))
    }

    fn applications(&mut self) {
        let [a, b] = &mut self.net.hosts;
        for pair in &mut self.pairs {
            let [client, server] = &mut pair.apps;
            if server.conn.is_none() {
                server.conn = b.accept(pair.to.port());
            }
            client.act(a, self.now);
            server.act(b, self.now);
        }
    }

    /// No buffer may grow beyond what the host was given.
    fn measure(&self) -> Result<(), String> {
        let summed = self.net.hosts.iter().any(|host| host.config().mptcp.checksum);
        for host in &self.net.hosts {
            let cfg = host.config();
            for stats in host.connections().filter_map(|conn| host.stats(conn)) {
                let (used, _, _) = stats.memory;
                // After a fallback what waited in the subflow's queue for a map or a checksum, a window of it
                // at most, comes on top of what the application has not read, another window at most.
                let receive_limit = cfg.receive_buffer * if stats.fallback.is_some() { 2 } else { 1 };
                // A mapping with checksum is delivered whole, and may be longer than the buffer.
                let receive_limit = receive_limit + if summed { usize::from(u16::MAX) } else { 0 };
                if stats.send_queue > cfg.send_buffer || stats.receive_queue > receive_limit {
                    return Err(format!("buffers beyond their limits: {stats:#?}"));
                }
                if used > cfg.pool_limit {
                    return Err(format!("{used} octets of memory for maps and ranges: {stats:#?}"));
                }
            }
        }
        Ok(())
    }

    /// What there is left to do, for an error message.
    fn standing(&self) -> String {
        let mut text = String::new();
        for pair in &self.pairs {
            for (side, app) in pair.apps.iter().enumerate() {
                text.push_str(&format!(
                    "\n  {} port {}: read {} of {}, wrote {} of {}, shut {}, eof {}, ended {:?}, closed {}",
                    ["A", "B"][side],
                    pair.to.port(),
                    app.read,
                    app.expects,
                    app.written,
                    app.plan.writes,
                    app.shut,
                    app.eof,
                    app.ended,
                    app.closed
                ));
            }
        }
        for (side, host) in self.net.hosts.iter().enumerate() {
            for conn in host.connections() {
                text.push_str(&format!(
                    "\n  {} {conn:?}: {:?} {:?}",
                    ["A", "B"][side],
                    host.state(conn),
                    host.stats(conn)
                ));
            }
        }
        text
    }
}
