//! The loop that moves packets.

use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::Result;
use mptcp_core::time::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::setpriority_process;
use rustix::thread::{gettid, set_current_timer_slack};

use super::{Lane, Lateness, Order};
use crate::clock::Clock;
use crate::link::{Direction, Path};

/// Longest IP packet.
const MAX_PACKET: usize = 65_535;

/// Packets read from one descriptor before the others get their turn.
const BATCH: usize = 64;

/// Shortest sleep: packets that are due within it leave together. It bounds the number of wake-ups,
/// and packets are late by no more than this.
const SHORTEST_SLEEP: Duration = Duration::from_micros(100);

/// Niceness of the thread.
const PRIORITY: i32 = -15;

/// Owns the descriptors and the paths on their thread.
pub(super) struct Forwarder {
    lanes: Vec<Lane>,
    clock: Clock,
    orders: Receiver<Order>,
    wake: Arc<OwnedFd>,
    buffer: Vec<u8>,
    /// The open ends: number of the lane, and the direction of what is read there. An end whose
    /// host has gone is left out, or it would be ready for ever.
    open: Vec<(usize, Direction)>,
    lateness: Lateness,
}

impl Forwarder {
    pub(super) fn new(lanes: Vec<Lane>, clock: Clock, orders: Receiver<Order>, wake: Arc<OwnedFd>) -> Self {
        let open = (0..lanes.len()).flat_map(|n| Direction::BOTH.map(|way| (n, way))).collect();
        Forwarder { lanes, clock, orders, wake, buffer: vec![0; MAX_PACKET], open, lateness: Lateness::default() }
    }

    /// Forwards until told to stop.
    pub(super) fn run(mut self) -> Result<Vec<Path>> {
        // Timers as precise as the machine has them; the default adds 50 microseconds.
        set_current_timer_slack(NonZeroU64::new(1))?;
        // A network does not wait for busy hosts: before them where the machine allows it (root).
        let _ = setpriority_process(Some(gettid()), PRIORITY);
        loop {
            self.deliver(self.clock.now());
            let ready = self.sleep()?;
            let now = self.clock.now();
            // Before the packets: an order counts for all that are sent after it was given.
            if self.obey(now) {
                return Ok(self.lanes.into_iter().map(|lane| lane.path).collect());
            }
            for (lane, way) in ready {
                if !self.take_in(now, lane, way) {
                    self.open.retain(|end| *end != (lane, way));
                }
            }
        }
    }

    /// Carries out orders; `true` means stop.
    fn obey(&mut self, now: Instant) -> bool {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::SetUp(path, up) => self.on_path(path, |p| p.set_up(now, up)),
                Order::Plan(path, at, true) => self.on_path(path, |p| p.heal(at)),
                Order::Plan(path, at, false) => self.on_path(path, |p| p.cut(at)),
                Order::Configure(path, way, cfg) => {
                    self.on_path(path, |p| p.link_mut(way).set_config(cfg));
                }
                Order::Report(to) => {
                    let of = |lane: &Lane| Direction::BOTH.map(|d| lane.path.link(d).counters());
                    // Whoever asked may have given up.
                    let _ = to.send(self.lanes.iter().map(of).collect());
                }
                Order::ReportLateness(to) => {
                    let _ = to.send(self.lateness);
                }
                Order::Stop => return true,
            }
        }
        false
    }

    fn on_path(&mut self, path: usize, change: impl FnOnce(&mut Path)) {
        if let Some(lane) = self.lanes.get_mut(path) {
            change(&mut lane.path);
        }
    }

    /// Hands over what has arrived. A host that cannot take a packet now loses it, as an interface
    /// with a full ring would.
    fn deliver(&mut self, now: Instant) {
        for lane in &mut self.lanes {
            while let Some(due) = lane.path.next_due().filter(|due| *due <= now) {
                let Some((way, packet)) = lane.path.poll(now) else { continue };
                self.lateness.add(now.since(due));
                let _ = rustix::io::write(source(lane, way.reverse()), &packet);
            }
        }
    }

    /// Waits for a packet, an order, or the time of the next arrival, and tells which open ends can
    /// be read.
    fn sleep(&self) -> Result<Vec<(usize, Direction)>> {
        let due = self.lanes.iter().filter_map(|lane| lane.path.next_due()).min();
        let timeout = due.map(|due| due.since(self.clock.now()).max(SHORTEST_SLEEP));
        let timeout = timeout.map(|t| Timespec { tv_sec: t.as_secs().cast_signed(), tv_nsec: t.subsec_nanos().into() });
        let ends = self.open.iter().map(|(lane, way)| source(&self.lanes[*lane], *way).as_fd());
        let all = ends.chain([self.wake.as_fd()]);
        let mut fds: Vec<_> = all.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        if fds.pop().is_some_and(|fd| !fd.revents().is_empty()) {
            // Its count does not matter: all orders are carried out each time.
            let _ = rustix::io::read(&*self.wake, &mut [0; 8]);
        }
        let ready = self.open.iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty());
        Ok(ready.map(|(end, _)| *end).collect())
    }

    /// Puts what a host sent onto its path. `false`: the host has gone.
    fn take_in(&mut self, now: Instant, lane: usize, way: Direction) -> bool {
        let lane = &mut self.lanes[lane];
        for _ in 0..BATCH {
            match rustix::io::read(source(lane, way), self.buffer.as_mut_slice()) {
                Ok(0) => return false,
                Ok(len) => lane.path.push(now, way, self.buffer[..len].to_vec()),
                Err(Errno::AGAIN | Errno::INTR) => return true,
                // A device that is down says so on every read, and is not ready until it is up.
                Err(Errno::IO | Errno::BADFD) => return true,
                Err(_) => return false,
            }
        }
        true
    }
}

/// The end at which packets of a direction come in.
fn source(lane: &Lane, way: Direction) -> &OwnedFd {
    match way {
        Direction::AToB => &lane.a,
        Direction::BToA => &lane.b,
    }
}
