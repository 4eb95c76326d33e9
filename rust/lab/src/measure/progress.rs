//! Shows on standard error how a long transfer goes.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anyhow::Result;
use mptcp_core::time::Instant;

use crate::bridge::Bridge;
use crate::clock::Clock;

/// A line that tells the time and the present rate of each path: rewritten each second on a
/// terminal, a new one every five seconds elsewhere.
#[derive(Debug)]
pub struct Progress<'a> {
    what: String,
    seconds: u32,
    bridge: &'a Bridge,
    clock: Clock,
    terminal: bool,
    shown: Instant,
    bytes: Vec<u64>,
}

impl<'a> Progress<'a> {
    /// Starts to watch a transfer that is expected to take so many seconds (0: not known).
    #[must_use]
    pub fn new(what: &str, seconds: u32, bridge: &'a Bridge) -> Self {
        let terminal = io::stderr().is_terminal();
        let mut new = Progress {
            what: what.into(),
            seconds,
            bridge,
            clock: Clock::start(),
            terminal,
            shown: Instant::ZERO,
            bytes: Vec::new(),
        };
        new.bytes = new.delivered().unwrap_or_default();
        new.write("");
        new
    }

    /// To be called often: shows the line when it is time to.
    ///
    /// # Errors
    /// When the paths have stopped.
    pub fn tick(&mut self) -> Result<()> {
        let now = self.clock.now();
        let passed = now.since(self.shown);
        if passed < Duration::from_secs(if self.terminal { 1 } else { 5 }) {
            return Ok(());
        }
        let bytes = self.delivered()?;
        let mut rates = String::new();
        for (n, (now, before)) in bytes.iter().zip(&self.bytes).enumerate() {
            let mbit = now.saturating_sub(*before) as f64 * 8e-6 / passed.as_secs_f64();
            rates.push_str(&format!("  path {n} {mbit:5.1} Mbit/s"));
        }
        self.shown = now;
        self.bytes = bytes;
        self.write(&rates);
        Ok(())
    }

    /// Bytes that each path has delivered, in both directions.
    fn delivered(&self) -> Result<Vec<u64>> {
        let paths = self.bridge.counters()?;
        Ok(paths.iter().map(|p| p.iter().map(|c| c.delivered_bytes).sum()).collect())
    }

    fn write(&self, rates: &str) {
        let passed = self.clock.now().micros() / 1_000_000;
        let of = if self.seconds == 0 { String::new() } else { format!("/{}", self.seconds) };
        let line = format!("{}  {passed}{of} s{rates}", self.what);
        let (start, end) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        let _ = write!(io::stderr(), "{start}{line}{end}");
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.terminal {
            let _ = writeln!(io::stderr());
        }
    }
}
