//! The applications: they write a known pattern, read what comes, and compare.

use std::time::Duration;

use mptcp_core::error::ConnError;
use mptcp_core::time::Instant;

use super::scenario::Plan;
use crate::host::{ConnId, ConnStats, Host};

/// Octets moved in one call of `send` or `recv`.
const CHUNK: usize = 16 * 1024;

/// The octet at `at` of the stream `salt`: every place is known without the others.
fn octet(salt: u64, at: u64) -> u8 {
    ((at ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// One application at work.
#[derive(Debug)]
pub(super) struct App {
    pub(super) plan: Plan,
    pub(super) conn: Option<ConnId>,
    salt_out: u64,
    salt_in: u64,
    /// Octets that the peer writes, if it gets to.
    pub(super) expects: u64,
    pub(super) written: u64,
    pub(super) read: u64,
    /// Octets that were not what the peer wrote there.
    pub(super) damaged: u64,
    pub(super) shut: bool,
    pub(super) eof: bool,
    pub(super) closed: bool,
    /// Its peer is gone, and what would have told it got lost.
    pub(super) untold: bool,
    pub(super) ended: Option<ConnError>,
    /// What the host said of the connection when it was closed.
    pub(super) last: Option<ConnStats>,
    rests_until: Instant,
    /// When it writes the next chunk after the peer's end of file.
    writes_at: Option<Instant>,
    /// When something was written or read last.
    moved: Option<Instant>,
}

impl App {
    pub(super) fn new(plan: &Plan, expects: u64, salts: (u64, u64)) -> App {
        App {
            plan: plan.clone(),
            conn: None,
            salt_out: salts.0,
            salt_in: salts.1,
            expects,
            written: 0,
            read: 0,
            damaged: 0,
            shut: false,
            eof: false,
            closed: false,
            untold: false,
            ended: None,
            last: None,
            rests_until: Instant::ZERO,
            writes_at: None,
            moved: None,
        }
    }

    /// When it wants to act though nothing happens.
    pub(super) fn wakes(&self, now: Instant) -> Option<Instant> {
        if self.closed || self.conn.is_none() {
            return None;
        }
        let times = [Some(self.rests_until), self.writes_at, self.plan.aborts, self.gives_up()];
        times.into_iter().flatten().filter(|at| *at > now).min()
    }

    fn gives_up(&self) -> Option<Instant> {
        Some(self.moved? + self.plan.patience?)
    }

    /// Does what can be done now.
    pub(super) fn act(&mut self, host: &mut Host, now: Instant) {
        let Some(conn) = self.conn else { return };
        if let Some(why) = host.state(conn).and_then(|s| s.ended) {
            self.ended.get_or_insert(why);
        }
        if self.closed {
            return;
        }
        self.moved.get_or_insert(now);
        let aborts = self.plan.aborts.into_iter().chain(self.gives_up()).any(|at| at <= now);
        if aborts && self.ended.is_none() {
            self.close(host, conn, now, true);
            return;
        }
        self.write(host, conn, now);
        self.read(host, conn, now);
        let Some(state) = host.state(conn) else { return };
        self.eof = state.peer_closed && state.readable == 0;
        if let Some(late) = self.plan.late.filter(|_| self.eof && self.writes_at.is_none()) {
            self.writes_at = Some(now + late.pause);
        }
        let over = state.ended.is_some() && state.readable == 0;
        if over || (self.plan.closes_early && self.eof && self.shut) {
            self.close(host, conn, now, false);
        }
    }

    fn close(&mut self, host: &mut Host, conn: ConnId, now: Instant, abort: bool) {
        self.last = host.stats(conn);
        self.closed = true;
        if abort {
            self.ended = Some(ConnError::Aborted);
            host.abort(conn, now);
        } else {
            host.close(conn, now);
        }
    }

    fn write(&mut self, host: &mut Host, conn: ConnId, now: Instant) {
        while self.written < self.plan.writes {
            let room = host.send_space(conn).min(CHUNK) as u64;
            let len = room.min(self.may_write(now));
            let data: Vec<u8> = (self.written..self.written + len).map(|at| octet(self.salt_out, at)).collect();
            let taken = host.send(conn, &data, now) as u64;
            self.written += taken;
            self.note_moved(taken, now);
            if taken == 0 {
                return;
            }
        }
        if !self.shut && (!self.plan.shuts_last || self.eof) {
            self.shut = true;
            host.shutdown(conn, now);
        }
    }

    /// Octets that it would write now.
    fn may_write(&mut self, now: Instant) -> u64 {
        let left = self.plan.writes - self.written;
        match self.plan.late {
            None => left,
            Some(late) if self.written < late.from => left.min(late.from - self.written),
            Some(late) if self.writes_at.is_some_and(|at| at <= now) => {
                self.writes_at = Some(now + late.pause);
                left.min(late.chunk)
            }
            Some(_) => 0,
        }
    }

    fn read(&mut self, host: &mut Host, conn: ConnId, now: Instant) {
        let mut buffer = [0; CHUNK];
        let (mut left, rest) = match self.plan.reads {
            Some(_) if now < self.rests_until => return,
            Some((most, rest)) => (most, rest),
            None => (usize::MAX, Duration::ZERO),
        };
        while left > 0 {
            let len = host.recv(conn, &mut buffer[..left.min(CHUNK)]);
            if len == 0 {
                return;
            }
            self.rests_until = now + rest;
            left -= len;
            self.damaged +=
                buffer[..len].iter().zip(self.read..).filter(|(got, at)| **got != octet(self.salt_in, *at)).count()
                    as u64;
            self.read += len as u64;
            self.note_moved(len as u64, now);
        }
    }

    fn note_moved(&mut self, octets: u64, now: Instant) {
        if octets > 0 {
            self.moved = Some(now);
        }
    }
}
