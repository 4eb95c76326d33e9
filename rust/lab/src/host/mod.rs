//! A host that speaks Multipath TCP, in user space: [`mptcp_core`] over smoltcp.
//!
//! [`Host`] has no sockets, no clock and no threads. Packets are raw IP packets in a `Vec<u8>`, time is an
//! argument, and everything random follows from the seed, so the simulator can drive it in virtual time
//! and a runtime in real time. The same configuration, seed and calls give the same packets.
//!
//! # Order of use
//!
//! 1. [`Host::packet_in`] each packet that arrived; calls of the application
//!    ([`Host::connect`], [`Host::send`], [`Host::recv`], ...) in any order between;
//! 2. [`Host::poll`], which does what those calls and the time have made due;
//! 3. [`Host::packet_out`] until `None`;
//! 4. wait for a packet, or for [`Host::next_wakeup`].
//!
//! # The layers of a connection
//!
//! The application's buffers and the multipath level are in `conn`; each subflow's TCP is in `tcp`,
//! which speaks raw packets to the wire and plain ones, without options, to smoltcp.

mod buffer;
mod config;
mod conn;
mod demux;
mod packet;
mod remains;
mod shared;
mod tcp;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use mptcp_core::config::AddressList;
use mptcp_core::subflow::SubflowId;
use mptcp_core::time::Instant;

pub use config::{HostConfig, OpenError};
use conn::Conn;
pub use conn::{ConnState, ConnStats, SubflowStats};
pub use packet::{Flags, TcpSegment};
pub use remains::Remains;
use shared::Shared;

/// Names one connection of a host; never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct ConnId(u64);

/// A listening port.
#[derive(Debug, Default)]
struct Listener {
    /// Connections that the application may accept.
    ready: VecDeque<ConnId>,
    /// Connections in the handshake.
    embryos: usize,
}

/// A host: addresses, listening ports and connections.
pub struct Host {
    sh: Shared,
    conns: BTreeMap<ConnId, Conn>,
    listeners: BTreeMap<u16, Listener>,
    next_conn: u64,
    /// When each connection wants to be woken, in both orders.
    wakeups: BTreeSet<(Instant, ConnId)>,
    wakeup_of: BTreeMap<ConnId, Instant>,
    /// Connections that the application has touched since the last poll.
    touched: BTreeSet<ConnId>,
    /// Connections whose state may have changed since [`Host::take_changed`].
    changed: BTreeSet<ConnId>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("addresses", &self.sh.cfg.addresses)
            .field("connections", &self.conns.len())
            .finish_non_exhaustive()
    }
}

impl Host {
    /// A host without connections.
    #[must_use]
    pub fn new(cfg: HostConfig) -> Host {
        Host {
            sh: Shared::new(cfg),
            conns: BTreeMap::new(),
            listeners: BTreeMap::new(),
            next_conn: 0,
            wakeups: BTreeSet::new(),
            wakeup_of: BTreeMap::new(),
            touched: BTreeSet::new(),
            changed: BTreeSet::new(),
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &HostConfig {
        &self.sh.cfg
    }

    /// Accepts connections to `port` on every address.
    ///
    /// # Errors
    /// [`OpenError::InUse`] where it does so already.
    pub fn listen(&mut self, port: u16) -> Result<(), OpenError> {
        if self.listeners.contains_key(&port) {
            return Err(OpenError::InUse(port));
        }
        self.listeners.insert(port, Listener::default());
        Ok(())
    }

    /// Accepts no more connections to `port`; those that were not yet accepted are aborted by the next
    /// [`Host::poll`].
    pub fn unlisten(&mut self, port: u16, now: Instant) {
        for id in self.listeners.remove(&port).into_iter().flat_map(|l| l.ready) {
            self.abort(id, now);
        }
    }

    /// Opens a connection from `local` (any port) to `remote`.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn connect(&mut self, local: IpAddr, remote: SocketAddr, now: Instant) -> Result<ConnId, OpenError> {
        if !self.sh.cfg.addresses.contains(&local) {
            return Err(OpenError::NotOurAddress(local));
        }
        if local.is_ipv4() != remote.is_ipv4() {
            return Err(OpenError::Family(remote.ip(), local));
        }
        if remote.port() == 0 || remote.ip().is_unspecified() {
            return Err(OpenError::Unspecified);
        }
        let id = self.new_id();
        let conn = Conn::connect(&mut self.sh, id, local, remote, now)?;
        self.conns.insert(id, conn);
        self.requeue(id, now);
        Ok(id)
    }

    /// Whether [`Host::accept`] has a connection to give.
    #[must_use]
    pub fn may_accept(&self, port: u16) -> bool {
        self.listeners.get(&port).is_some_and(|l| !l.ready.is_empty())
    }

    /// The next connection that was opened to `port`.
    pub fn accept(&mut self, port: u16) -> Option<ConnId> {
        self.listeners.get_mut(&port)?.ready.pop_front()
    }

    /// Writes to a connection; returns how many octets were taken, zero where there is no room or it
    /// cannot be written to.
    pub fn send(&mut self, conn: ConnId, data: &[u8], now: Instant) -> usize {
        let taken = self.conns.get_mut(&conn).map_or(0, |c| c.send(&self.sh, data, now));
        if taken > 0 {
            self.touched.insert(conn);
        }
        taken
    }

    /// Octets that [`Host::send`] would take.
    #[must_use]
    pub fn send_space(&self, conn: ConnId) -> usize {
        self.conns.get(&conn).map_or(0, |c| c.send_space(&self.sh))
    }

    /// Reads from a connection; returns how many octets there were.
    pub fn recv(&mut self, conn: ConnId, to: &mut [u8]) -> usize {
        let read = self.conns.get_mut(&conn).map_or(0, |c| c.recv(to));
        if read > 0 {
            self.touched.insert(conn);
        }
        read
    }

    /// No more will be written: the peer reads the end of the file after what was.
    pub fn shutdown(&mut self, conn: ConnId, now: Instant) {
        self.with(conn, |c| c.shutdown(now));
    }

    /// The application is done with the connection: what was written is still sent, what arrives is
    /// refused, and `conn` names nothing any more once that is over.
    pub fn close(&mut self, conn: ConnId, now: Instant) {
        self.with(conn, |c| c.detach(now));
    }

    /// Ends the connection at once (MP_FASTCLOSE; RST for plain TCP), and forgets it.
    pub fn abort(&mut self, conn: ConnId, now: Instant) {
        self.with(conn, |c| {
            c.abort();
            c.detach(now);
        });
    }

    /// Our additional addresses are now `list`, for all connections: new ones are announced or joined from,
    /// lost ones are taken back.
    pub fn set_mp_addresses(&mut self, list: AddressList, now: Instant) {
        self.with_all(|conn| conn.set_mp_addresses(&list, now));
        self.sh.cfg.mp_addresses = list;
    }

    /// An address is gone from its interface: no packet can be sent from it any more.
    pub fn address_lost(&mut self, addr: IpAddr) {
        self.with_all(|conn| conn.address_lost(addr));
    }

    /// An address that was lost works again.
    pub fn address_back(&mut self, addr: IpAddr, now: Instant) {
        self.with_all(|conn| conn.address_back(addr, now));
    }

    /// Asks the peer to use a subflow only when nothing else works, or no longer so (MP_PRIO).
    pub fn set_backup(&mut self, conn: ConnId, subflow: SubflowId, backup: bool) {
        self.with(conn, |c| c.set_backup(subflow, backup));
    }

    fn with_all(&mut self, mut act: impl FnMut(&mut Conn)) {
        for (id, conn) in &mut self.conns {
            act(conn);
            self.touched.insert(*id);
        }
    }

    fn with(&mut self, conn: ConnId, act: impl FnOnce(&mut Conn)) {
        if let Some(c) = self.conns.get_mut(&conn) {
            act(c);
            self.touched.insert(conn);
        }
    }

    /// Where a connection stands; `None` where there is none of that name (any more).
    #[must_use]
    pub fn state(&self, conn: ConnId) -> Option<ConnState> {
        self.conns.get(&conn).map(Conn::state)
    }

    /// Counters and facts of a connection.
    #[must_use]
    pub fn stats(&self, conn: ConnId) -> Option<ConnStats> {
        self.conns.get(&conn).map(Conn::stats)
    }

    /// All connections, those of which only TCP's last timers are left included.
    pub fn connections(&self) -> impl Iterator<Item = ConnId> + '_ {
        self.conns.keys().copied()
    }

    /// Connections whose state, data or room may have changed since the last call.
    pub fn take_changed(&mut self) -> Vec<ConnId> {
        std::mem::take(&mut self.changed).into_iter().collect()
    }

    /// Whether [`Host::take_changed`] would name any.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Does everything that is due.
    pub fn poll(&mut self, now: Instant) {
        for id in std::mem::take(&mut self.touched) {
            if let Some(conn) = self.conns.get_mut(&id) {
                conn.work(&mut self.sh, now);
            }
            self.requeue(id, now);
        }
        // Each connection once: a timer that stays due must not stop time.
        let due: Vec<ConnId> = self.wakeups.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect();
        for id in due {
            if let Some(conn) = self.conns.get_mut(&id) {
                conn.on_timer(&mut self.sh, now);
            }
            self.requeue(id, now);
        }
    }

    /// The next packet to be sent.
    pub fn packet_out(&mut self) -> Option<Vec<u8>> {
        self.sh.out.pop_front()
    }

    /// When [`Host::poll`] has something to do if no packet arrives before; perhaps in the past.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Instant> {
        if self.touched.is_empty() { self.wakeups.first().map(|(at, _)| *at) } else { Some(Instant::ZERO) }
    }

    fn new_id(&mut self) -> ConnId {
        self.next_conn += 1;
        ConnId(self.next_conn)
    }

    /// After anything that happened to a connection: its place in the queues.
    fn requeue(&mut self, id: ConnId, now: Instant) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        self.changed.insert(id);
        let state = conn.state();
        if let Some(port) = conn.listener
            && (state.established || state.ended.is_some())
        {
            conn.listener = None;
            match self.listeners.get_mut(&port) {
                Some(listener) => {
                    listener.embryos -= 1;
                    if state.established {
                        listener.ready.push_back(id);
                    } else {
                        conn.detach(now);
                    }
                }
                None => {
                    conn.abort();
                    conn.detach(now);
                    conn.work(&mut self.sh, now);
                }
            }
        }
        if let Some(at) = self.wakeup_of.remove(&id) {
            self.wakeups.remove(&(at, id));
        }
        if conn.is_gone() {
            if let Some(conn) = self.conns.remove(&id) {
                self.let_go(conn);
            }
            self.touched.remove(&id);
        } else if let Some(at) = conn.next_timer(now) {
            self.wakeups.insert((at, id));
            self.wakeup_of.insert(id, at);
        }
    }
}

#[cfg(test)]
mod tests;
