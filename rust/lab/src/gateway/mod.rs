//! A gateway: unmodified programs of this machine speak Multipath TCP through the lab's [`Host`].
//!
//! Programs connect to an ordinary listening socket ([`Forward::ToPeer`]), or run as an ordinary server
//! ([`Forward::ToServer`]); each connection is carried over the host, whose packets go over [`Wire`]s.
//! Half-close, resets and back-pressure carry over both ways.

mod engine;
mod relay;
mod scarcity;
mod wires;

use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use mptcp_core::time::Instant;
use rustix::event::{EventfdFlags, eventfd};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::clock::Clock;
use crate::host::{ConnId, ConnStats, Host, HostConfig};
use engine::Engine;
use scarcity::{Scarcity, Waits};
use wires::Wires;
pub use wires::{Network, NetworkError, Wire};

/// The thread answers at once, if it has not stopped; a busy machine may keep it waiting.
const ANSWER: Duration = Duration::from_secs(20);

/// Which of the host's addresses connections are opened from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The first one of the remote address's family.
    Any,
    /// This one.
    Address(IpAddr),
}

impl Origin {
    fn address(self, host: &HostConfig, remote: SocketAddr) -> Option<IpAddr> {
        match self {
            Origin::Address(address) => Some(address),
            Origin::Any => host.addresses.iter().copied().find(|a| a.is_ipv4() == remote.is_ipv4()),
        }
    }
}

/// Connections of one kind that the gateway carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forward {
    /// Programs connect to `listen` on this machine and reach `remote` over the host.
    ToPeer {
        /// Address and port of the listening socket.
        listen: SocketAddr,
        /// Where the host's connections begin.
        origin: Origin,
        /// The peer.
        remote: SocketAddr,
    },
    /// Peers connect to `port` of the host and reach the server at `to` on this machine.
    ToServer {
        /// Port of the host, on all its addresses.
        port: u16,
        /// The server.
        to: SocketAddr,
    },
}

/// What a gateway is made of.
#[derive(Debug)]
pub struct GatewayConfig {
    /// The host.
    pub host: HostConfig,
    /// Its network. Of two wires with the same network the later one is used.
    pub wires: Vec<Wire>,
    /// What it carries.
    pub forwards: Vec<Forward>,
    /// Name of the network namespace in which the programs are (`ip netns`); `None`: that of the caller.
    pub namespace: Option<String>,
    /// The clock.
    pub clock: Clock,
}

/// A look at, or a change of, the host; also given: statistics of finished connections.
type Call = Box<dyn FnOnce(&mut Host, &[ConnStats], Instant) + Send>;

/// Something to be done on the gateway's thread.
enum Order {
    /// Call this.
    Call(Call),
    /// End.
    Stop,
}

/// A gateway at work. Dropping it resets its connections and stops it.
#[derive(Debug)]
pub struct Gateway {
    orders: Sender<Order>,
    wake: Arc<OwnedFd>,
    thread: Option<JoinHandle<Result<()>>>,
    waits: Waits,
}

impl Gateway {
    /// Starts the gateway on a thread of its own. On return its listeners are ready.
    ///
    /// # Errors
    /// When the namespace cannot be entered, or a port cannot be listened on.
    pub fn start(cfg: GatewayConfig) -> Result<Gateway> {
        let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let (orders, receiver) = mpsc::channel();
        let (started, ready) = mpsc::channel();
        let (theirs, waits) = (Arc::clone(&wake), Waits::default());
        let scarcity = Scarcity::new(waits.clone());
        let thread = thread::Builder::new()
            .name("gateway".into())
            .spawn(move || work(cfg, receiver, theirs, scarcity, &started))
            .context("cannot start the gateway's thread")?;
        let gateway = Gateway { orders, wake, thread: Some(thread), waits };
        match ready.recv() {
            Ok(()) => Ok(gateway),
            Err(_) => Err(gateway.join().err().unwrap_or_else(|| anyhow!("the gateway ended at once"))),
        }
    }

    /// Calls `look` on the gateway's thread with the host, the statistics of connections that have
    /// finished (the last thousand), and the time.
    ///
    /// # Errors
    /// When the gateway has stopped.
    pub fn with_host<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Host, &[ConnStats], Instant) -> T + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = mpsc::channel();
        self.order(Order::Call(Box::new(move |host, finished, now| {
            // Whoever asked may have given up.
            let _ = sender.send(look(host, finished, now));
        })))?;
        receiver.recv_timeout(ANSWER).context("the gateway has stopped")
    }

    /// Statistics of all connections: those that have finished, then those that live.
    ///
    /// # Errors
    /// When the gateway has stopped.
    pub fn stats(&self) -> Result<Vec<ConnStats>> {
        self.with_host(|host, finished, _| {
            // Of finished ones TCP's last timers may be left.
            let carried = |conn: &ConnId| finished.iter().all(|f| f.conn != *conn);
            let live = host.connections().filter(carried).filter_map(|conn| host.stats(conn));
            finished.iter().cloned().chain(live).collect()
        })
    }

    /// How often new connections had to wait because descriptors or memory were short. They stay in the queues of
    /// the listening sockets and ports meanwhile.
    #[must_use]
    pub fn accept_waits(&self) -> u64 {
        self.waits.count()
    }

    /// Whether it still works; it stops by itself only on errors.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|t| !t.is_finished())
    }

    /// Stops it and resets its connections.
    ///
    /// # Errors
    /// What had made it stop by itself.
    pub fn stop(self) -> Result<()> {
        // When it has stopped already, the thread's result says why.
        let _ = self.order(Order::Stop);
        self.join()
    }

    fn join(mut self) -> Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(anyhow!("the gateway's thread panicked")),
            None => Ok(()),
        }
    }

    fn order(&self, order: Order) -> Result<()> {
        self.orders.send(order).map_err(|_| anyhow!("the gateway has stopped"))?;
        rustix::io::write(&*self.wake, &1u64.to_ne_bytes())?;
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.order(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The gateway's thread. `started` is dropped unused where it cannot start.
fn work(
    cfg: GatewayConfig,
    orders: Receiver<Order>,
    wake: Arc<OwnedFd>,
    scarcity: Scarcity,
    started: &Sender<()>,
) -> Result<()> {
    if let Some(name) = &cfg.namespace {
        let file = PathBuf::from("/run/netns").join(name);
        let file = File::open(&file).with_context(|| format!("there is no network namespace {name}"))?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
            .with_context(|| format!("cannot enter network namespace {name}"))?;
    }
    let (host, wires) = (Host::new(cfg.host), Wires::new(cfg.wires));
    let mut engine = Engine::new(host, wires, cfg.clock, &cfg.forwards, orders, wake, scarcity)?;
    // Whoever started the gateway may be gone.
    let _ = started.send(());
    engine.run()
}
