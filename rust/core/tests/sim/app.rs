//! The application on one side: writes a known pattern, reads and checks the other side's.

use mptcp_core::time::Instant;
use std::time::Duration;

/// When an application ends its side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shut {
    /// As soon as everything is written.
    WhenWritten,
    /// Only after the peer's end of file.
    AfterPeer,
}

/// What an application writes only after the peer's end of file, bit by bit.
#[derive(Clone, Copy, Debug)]
pub struct Late {
    /// From this byte on.
    pub from: u64,
    /// So many at once.
    pub chunk: u64,
    /// After so long each time.
    pub pause: Duration,
}

#[derive(Clone, Debug)]
pub struct App {
    pub side: u8,
    pub to_write: u64,
    pub written: u64,
    pub late: Option<Late>,
    pub next_write: Option<Instant>,
    pub shut_when: Shut,
    pub shut: bool,
    pub expect: u64,
    pub read: u64,
    /// Bytes read at once, and how long it sleeps in between; `None`: reads all at once.
    pub slow: Option<(usize, Duration)>,
    pub next_read: Option<Instant>,
    pub eof: bool,
    pub closed: bool,
    pub abort_at: Option<Instant>,
    /// Bytes that differ from the pattern: allowed only where a middlebox changed them.
    pub damaged: u64,
}

/// The byte at `at` of what `side` writes.
pub fn pattern(side: u8, at: u64) -> u8 {
    let x = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (at >> 7);
    (x >> 32) as u8 ^ side.wrapping_mul(0x5b)
}

impl App {
    pub fn new(side: u8, to_write: u64, expect: u64) -> Self {
        App {
            side,
            to_write,
            written: 0,
            late: None,
            next_write: None,
            shut_when: Shut::WhenWritten,
            shut: false,
            expect,
            read: 0,
            slow: None,
            next_read: None,
            eof: false,
            closed: false,
            abort_at: None,
            damaged: 0,
        }
    }

    /// The next bytes to write, at most `space`.
    pub fn write(&mut self, space: u64, now: Instant) -> Vec<u8> {
        let n = space.min(self.ready(now));
        let bytes = (self.written..self.written + n).map(|at| pattern(self.side, at)).collect();
        self.written += n;
        bytes
    }

    /// How many bytes it wants to write now.
    fn ready(&mut self, now: Instant) -> u64 {
        let left = self.to_write - self.written;
        let Some(late) = self.late else {
            return left;
        };
        if self.written < late.from {
            return left.min(late.from - self.written);
        }
        if !self.eof || left == 0 {
            self.next_write = None;
            return 0;
        }
        let due = self.next_write.is_some_and(|at| at <= now);
        if due || self.next_write.is_none() {
            self.next_write = Some(now + late.pause);
        }
        if due { left.min(late.chunk) } else { 0 }
    }

    pub fn check(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte != pattern(1 - self.side, self.read) {
                self.damaged += 1;
            }
            self.read += 1;
        }
    }

    pub fn wants_shut(&self) -> bool {
        !self.shut && self.written == self.to_write && (self.shut_when == Shut::WhenWritten || self.eof)
    }
}
