//! Emulated paths in real time: packets cross from one descriptor to another on a thread of their own.

mod forward;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use mptcp_core::time::Instant;
use rustix::event::{EventfdFlags, eventfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair, sockopt};

use crate::clock::Clock;
use crate::link::{Direction, LinkConfig, LinkCounters, Path};
use forward::Forwarder;

/// A path and the two descriptors at its ends (TUN devices or packet sockets, non-blocking; one
/// read or write is one IP packet).
#[derive(Debug)]
pub struct Lane {
    /// The emulated path.
    pub path: Path,
    /// Host A's end.
    pub a: OwnedFd,
    /// Host B's end.
    pub b: OwnedFd,
}

/// Two ends of a local connection that keeps packets apart, for a host inside this process.
#[derive(Debug)]
pub struct PacketPair {
    /// For the host: what it writes goes into the path.
    pub host: OwnedFd,
    /// For the [`Lane`].
    pub network: OwnedFd,
}

impl PacketPair {
    /// A new pair; both ends are non-blocking and hold about 4 MiB each way.
    ///
    /// # Errors
    /// When the process has too many open descriptors.
    pub fn new() -> Result<PacketPair> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (host, network) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        for end in [&host, &network] {
            // Beyond the system's limit only root may go; others keep what they get.
            let _ = sockopt::set_socket_send_buffer_size(end, 4 << 20);
            let _ = sockopt::set_socket_send_buffer_size_force(end, 4 << 20);
        }
        Ok(PacketPair { host, network })
    }
}

/// How punctual the paths were: whether the machine was fast enough for what they should show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Lateness {
    /// Packets handed over.
    pub packets: u64,
    /// Those that were more than 2 ms late.
    pub late: u64,
    /// The latest, in microseconds.
    pub worst_us: u64,
}

impl Lateness {
    /// Whether at most one packet in twenty was late. Otherwise the machine was too busy, or its
    /// hypervisor gave it too little time (`st` in `vmstat`), and figures do not count.
    #[must_use]
    pub fn is_punctual(&self) -> bool {
        self.late.saturating_mul(20) <= self.packets
    }

    fn add(&mut self, by: Duration) {
        self.packets += 1;
        self.late += u64::from(by > Duration::from_millis(2));
        self.worst_us = self.worst_us.max(u64::try_from(by.as_micros()).unwrap_or(u64::MAX));
    }
}

/// The thread of the paths answers at once, if it has not stopped; a busy machine may keep it waiting.
const ANSWER: Duration = Duration::from_secs(20);

/// Something to be done to a path while it runs.
#[derive(Debug)]
enum Order {
    /// Up or down now.
    SetUp(usize, bool),
    /// Up or down at a time.
    Plan(usize, Instant, bool),
    /// Another configuration of one direction.
    Configure(usize, Direction, LinkConfig),
    /// Counters of both directions of all paths are wanted.
    Report(Sender<Vec<[LinkCounters; 2]>>),
    /// How late packets were is wanted.
    ReportLateness(Sender<Lateness>),
    /// End.
    Stop,
}

/// Paths at work. Dropping it stops them.
#[derive(Debug)]
pub struct Bridge {
    orders: Sender<Order>,
    wake: Arc<OwnedFd>,
    thread: Option<JoinHandle<Result<Vec<Path>>>>,
}

impl Bridge {
    /// Starts to forward. All times of the paths are those of `clock`.
    ///
    /// # Errors
    /// When the system refuses a thread or a descriptor.
    pub fn start(lanes: Vec<Lane>, clock: Clock) -> Result<Bridge> {
        let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let (orders, receiver) = mpsc::channel();
        let forwarder = Forwarder::new(lanes, clock, receiver, Arc::clone(&wake));
        let thread = thread::Builder::new()
            .name("paths".into())
            .spawn(move || forwarder.run())
            .context("cannot start the thread of the paths")?;
        Ok(Bridge { orders, wake, thread: Some(thread) })
    }

    /// Cuts (`false`) or heals (`true`) a path now.
    ///
    /// # Errors
    /// When the paths have stopped.
    pub fn set_up(&self, path: usize, up: bool) -> Result<()> {
        self.order(Order::SetUp(path, up))
    }

    /// Plans a cut or the end of one.
    ///
    /// # Errors
    /// When the paths have stopped.
    pub fn plan(&self, path: usize, at: Instant, up: bool) -> Result<()> {
        self.order(Order::Plan(path, at, up))
    }

    /// Gives a link another configuration from its next packet on.
    ///
    /// # Errors
    /// When the paths have stopped.
    pub fn configure(&self, path: usize, direction: Direction, cfg: LinkConfig) -> Result<()> {
        self.order(Order::Configure(path, direction, cfg))
    }

    /// The counters of each path so far, by [`Direction::index`].
    ///
    /// # Errors
    /// When the paths have stopped.
    pub fn counters(&self) -> Result<Vec<[LinkCounters; 2]>> {
        let (sender, receiver) = mpsc::channel();
        self.order(Order::Report(sender))?;
        receiver.recv_timeout(ANSWER).context("the paths have stopped")
    }

    /// How late packets were handed over so far.
    ///
    /// # Errors
    /// When the paths have stopped.
    pub fn lateness(&self) -> Result<Lateness> {
        let (sender, receiver) = mpsc::channel();
        self.order(Order::ReportLateness(sender))?;
        receiver.recv_timeout(ANSWER).context("the paths have stopped")
    }

    /// Stops and returns the paths with their counters and series.
    ///
    /// # Errors
    /// When forwarding had failed.
    pub fn stop(mut self) -> Result<Vec<Path>> {
        // When they have stopped already, the thread's result says why.
        let _ = self.order(Order::Stop);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(anyhow!("the thread of the paths panicked")),
            None => Ok(Vec::new()),
        }
    }

    fn order(&self, order: Order) -> Result<()> {
        self.orders.send(order).map_err(|_| anyhow!("the paths have stopped"))?;
        rustix::io::write(&*self.wake, &1u64.to_ne_bytes())?;
        Ok(())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.order(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
