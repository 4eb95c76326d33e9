//! The loop: packets, timers and sockets of one gateway on one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use anyhow::{Context, Result};
use mptcp_core::time::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};
use rustix::thread::set_current_timer_slack;

use super::relay::{Outcome, Relay};
use super::scarcity::Scarcity;
use super::wires::Wires;
use super::{Forward, Order, Origin};
use crate::clock::Clock;
use crate::host::{ConnId, ConnStats, Host};

/// Statistics of so many finished connections are kept.
const MOST_FINISHED: usize = 1000;

/// Rounds of work between two looks at the descriptors.
const MOST_ROUNDS: u32 = 64;

/// One way of getting connections.
enum Source {
    /// Programs connect to the listener; their connections go to `remote`.
    Kernel { listener: TcpListener, origin: Origin, remote: SocketAddr },
    /// Peers connect to the host's port; their connections go to the local server.
    Host { port: u16, to: SocketAddr },
}

/// What a descriptor in the poll set is.
#[derive(Clone, Copy, Debug)]
enum Ready {
    Wire(usize),
    Wake,
    Listener(usize),
    Relay(ConnId),
}

/// Everything that the gateway's thread owns.
pub(super) struct Engine {
    pub(super) host: Host,
    pub(super) wires: Wires,
    pub(super) clock: Clock,
    sources: Vec<Source>,
    relays: BTreeMap<ConnId, Relay>,
    orders: Receiver<Order>,
    wake: Arc<OwnedFd>,
    pub(super) finished: Vec<ConnStats>,
    scarcity: Scarcity,
}

impl Engine {
    /// Binds the listeners, in the network namespace of this thread.
    pub(super) fn new(
        mut host: Host,
        wires: Wires,
        clock: Clock,
        forwards: &[Forward],
        orders: Receiver<Order>,
        wake: Arc<OwnedFd>,
        scarcity: Scarcity,
    ) -> Result<Engine> {
        let mut sources = Vec::new();
        for forward in forwards {
            sources.push(match *forward {
                Forward::ToPeer { listen, origin, remote } => {
                    let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
                    listener.set_nonblocking(true)?;
                    Source::Kernel { listener, origin, remote }
                }
                Forward::ToServer { port, to } => {
                    host.listen(port)?;
                    Source::Host { port, to }
                }
            });
        }
        let (relays, finished) = (BTreeMap::new(), Vec::new());
        Ok(Engine { host, wires, clock, sources, relays, orders, wake, finished, scarcity })
    }

    /// Works until told to stop.
    pub(super) fn run(&mut self) -> Result<()> {
        // Timers as precise as the machine has them; the default adds 50 microseconds.
        set_current_timer_slack(NonZeroU64::new(1))?;
        loop {
            let mut hung_up = BTreeSet::new();
            let mut asked = BTreeSet::new();
            for (what, flags) in self.sleep()? {
                match what {
                    Ready::Wire(wire) => self.wires.receive(wire, &mut self.host, self.clock.now()),
                    Ready::Wake => drop(rustix::io::read(&*self.wake, &mut [0; 8])),
                    Ready::Listener(source) => self.accept_local(source),
                    Ready::Relay(conn) => {
                        asked.insert(conn);
                        if flags.intersects(PollFlags::HUP | PollFlags::ERR) {
                            hung_up.insert(conn);
                        }
                    }
                }
            }
            if self.obey() {
                return Ok(());
            }
            self.settle(asked, &hung_up);
        }
    }

    /// Lets host and relays work on until neither has anything to do now.
    fn settle(&mut self, mut asked: BTreeSet<ConnId>, hung_up: &BTreeSet<ConnId>) {
        // Bounded, so that packets and orders get their turn whatever the host is busy with.
        for _ in 0..MOST_ROUNDS {
            let now = self.clock.now();
            self.accept_remote();
            asked.extend(self.host.take_changed());
            for conn in std::mem::take(&mut asked) {
                self.advance(conn, hung_up.contains(&conn));
            }
            self.host.poll(now);
            self.wires.send(&mut self.host, &self.clock);
            if self.next_wakeup().is_none_or(|at| at > now) {
                return;
            }
        }
    }

    /// When there is something to do, even if no descriptor becomes ready: now, where a connection has changed since
    /// its relay looked at it, as when its last data came in while packets were being sent.
    fn next_wakeup(&self) -> Option<Instant> {
        if self.host.has_changed() { Some(Instant::ZERO) } else { self.host.next_wakeup() }
    }

    /// When to wake up although no descriptor is ready.
    fn wakeup(&self) -> Option<Instant> {
        [self.next_wakeup(), self.scarcity.until()].into_iter().flatten().min()
    }

    fn advance(&mut self, conn: ConnId, hung_up: bool) {
        let Some(relay) = self.relays.get_mut(&conn) else { return };
        let stats = self.host.stats(conn);
        if relay.advance(&mut self.host, self.clock.now(), hung_up) == Outcome::Over {
            self.relays.remove(&conn);
            // Its descriptor is free.
            self.scarcity.end();
            self.finished.extend(stats);
            let excess = self.finished.len().saturating_sub(MOST_FINISHED);
            self.finished.drain(..excess);
        }
    }

    /// Carries out orders; true means stop.
    fn obey(&mut self) -> bool {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Call(call) => call(&mut self.host, &self.finished, self.clock.now()),
                Order::Stop => {
                    let now = self.clock.now();
                    for relay in self.relays.values() {
                        relay.kill(&mut self.host, now);
                    }
                    self.host.poll(now);
                    self.wires.send(&mut self.host, &self.clock);
                    return true;
                }
            }
        }
        false
    }

    /// A local program has connected.
    fn accept_local(&mut self, source: usize) {
        let Some(Source::Kernel { listener, origin, remote }) = self.sources.get(source) else { return };
        loop {
            let app = match listener.accept().and_then(|(app, _)| app.set_nonblocking(true).map(|()| app)) {
                Ok(app) => app,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                // The program gave up before it was accepted.
                Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => continue,
                // The listener stays ready: to ask again at once would be in vain for as long as that lasts.
                Err(e) => return self.scarcity.begin(self.clock.now(), &e),
            };
            let now = self.clock.now();
            let local = origin.address(self.host.config(), *remote);
            // A program whose peer cannot be reached gets its connection closed.
            if let Some(local) = local
                && let Ok(conn) = self.host.connect(local, *remote, now)
            {
                self.relays.insert(conn, Relay::new(conn, app, false));
            }
        }
    }

    /// Peers have connected: to the local server with them.
    fn accept_remote(&mut self) {
        if self.scarcity.lasts(self.clock.now()) {
            return;
        }
        for source in &self.sources {
            let Source::Host { port, to } = source else { continue };
            while self.host.may_accept(*port) {
                // First of all the descriptor: without one, peers wait in the host's bounded queue.
                let socket = match socket_for(*to) {
                    Ok(socket) => socket,
                    Err(e) => return self.scarcity.begin(self.clock.now(), &e),
                };
                let Some(conn) = self.host.accept(*port) else { break };
                match connect(&socket, to) {
                    Ok(()) | Err(Errno::INPROGRESS) => {
                        self.relays.insert(conn, Relay::new(conn, TcpStream::from(socket), true));
                    }
                    Err(_) => self.host.abort(conn, self.clock.now()),
                }
            }
        }
    }

    /// Waits for a packet, a socket, an order or a timer.
    fn sleep(&mut self) -> Result<Vec<(Ready, PollFlags)>> {
        let timeout = self.wakeup().map(|at| at.since(self.clock.now()));
        let timeout = timeout.map(|t| Timespec { tv_sec: t.as_secs().cast_signed(), tv_nsec: t.subsec_nanos().into() });
        let may_accept = !self.scarcity.lasts(self.clock.now());
        let mut what = Vec::new();
        let mut fds: Vec<PollFd<'_>> = Vec::new();
        for (n, fd) in self.wires.fds().enumerate() {
            what.push(Ready::Wire(n));
            fds.push(PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN));
        }
        what.push(Ready::Wake);
        fds.push(PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN));
        for (n, source) in self.sources.iter().enumerate().filter(|_| may_accept) {
            if let Source::Kernel { listener, .. } = source {
                what.push(Ready::Listener(n));
                fds.push(PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN));
            }
        }
        for (conn, relay) in &self.relays {
            if let Some((app, read, write)) = relay.interest(&self.host) {
                let mut flags = PollFlags::empty();
                flags.set(PollFlags::IN, read);
                flags.set(PollFlags::OUT, write);
                what.push(Ready::Relay(*conn));
                fds.push(PollFd::from_borrowed_fd(app.as_fd(), flags));
            }
        }
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let ready = what.into_iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty());
        Ok(ready.map(|(what, fd)| (what, fd.revents())).collect())
    }
}

/// A socket to connect to the local server with, in the network namespace of this thread.
fn socket_for(to: SocketAddr) -> Result<OwnedFd, Error> {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    Ok(socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use rustix::event::{EventfdFlags, eventfd};

    use super::*;
    use crate::host::HostConfig;

    /// What changes between the last look at the relays and the sleep (packets are taken in while others are
    /// sent) must not wait for the next packet: there may be none.
    #[test]
    fn does_not_sleep_over_a_connection_that_has_changed() {
        let local = std::net::IpAddr::from([10, 0, 0, 1]);
        let host = Host::new(HostConfig::new(vec![local], 1));
        let (_orders, receiver) = mpsc::channel();
        let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK).unwrap());
        let mut engine = {
            let (wires, clock, scarcity) = (Wires::new(Vec::new()), Clock::start(), Scarcity::default());
            Engine::new(host, wires, clock, &[], receiver, wake, scarcity).unwrap()
        };
        let now = engine.clock.now();
        engine.host.connect(local, SocketAddr::from(([10, 0, 0, 2], 1)), now).unwrap();
        engine.host.poll(now);
        assert!(engine.host.has_changed());
        assert!(engine.next_wakeup().is_some_and(|at| at <= now));
        engine.settle(BTreeSet::new(), &BTreeSet::new());
        assert!(!engine.host.has_changed());
        assert!(engine.next_wakeup().is_some_and(|at| at > now), "only the retransmission timer is left");
    }
}
