//! Programs that are run in a namespace and never outlive their owner.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Interrupt;
use crate::clock::Clock;

/// How often a waiting thread looks.
const TICK: Duration = Duration::from_millis(10);

/// A program in the background. It is killed and waited for when this is dropped.
#[derive(Debug)]
pub struct Background {
    what: String,
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// All of its standard error.
    pub stderr: Vec<u8>,
}

impl Background {
    /// Starts a program without standard input; its output is collected.
    ///
    /// # Errors
    /// When it cannot be started; says which package usually has it.
    pub fn spawn(mut command: Command) -> Result<Background> {
        let what = format!("{command:?}").replace('"', "");
        // Of its own group: Ctrl-C on the terminal is for this process alone, which then cleans up.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| missing(&what))?;
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        Ok(Background { what, child, stdout, stderr })
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, at most `limit`.
    ///
    /// # Errors
    /// When the time is over or the user interrupts; the program is killed then.
    pub fn wait(self, limit: Duration, interrupt: &Interrupt) -> Result<Finished> {
        self.wait_and(limit, interrupt, &mut || Ok(()))
    }

    /// The same, and calls `meanwhile` about a hundred times a second; its error ends the program.
    ///
    /// # Errors
    /// As [`Background::wait`], and those of `meanwhile`.
    pub fn wait_and(
        mut self,
        limit: Duration,
        interrupt: &Interrupt,
        meanwhile: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Finished> {
        let clock = Clock::start();
        let end = clock.now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            interrupt.check()?;
            meanwhile()?;
            if clock.now() >= end {
                let (what, output) = (self.what.clone(), self.kill());
                bail!("`{what}` did not end within {limit:?}; it said: {}", output.said());
            }
            thread::sleep(TICK);
        };
        Ok(self.finish(status))
    }

    /// Kills it and returns what it had written.
    pub fn kill(mut self) -> Finished {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let status = self.child.wait().unwrap_or_default();
        self.finish(status)
    }

    fn finish(&mut self, status: ExitStatus) -> Finished {
        let text = |t: Option<JoinHandle<Vec<u8>>>| t.and_then(|t| t.join().ok()).unwrap_or_default();
        Finished { status, stdout: text(self.stdout.take()), stderr: text(self.stderr.take()) }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// Its output and errors as one line, shortened, for messages.
    #[must_use]
    pub fn said(&self) -> String {
        let all = [self.stdout.as_slice(), self.stderr.as_slice()].concat();
        let words: Vec<String> = String::from_utf8_lossy(&all).split_whitespace().map(str::to_owned).collect();
        let line = words.join(" ");
        let skip = line.chars().count().saturating_sub(600);
        line.chars().skip(skip).collect()
    }
}

/// Reads everything in a thread of its own, so that the program never waits for its reader.
fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.read_to_end(&mut all);
        all
    })
}

/// Runs a short program to its end and returns its standard output.
///
/// # Errors
/// When it cannot be started or fails.
pub fn run(mut command: Command) -> Result<String> {
    let what = described(&command);
    let output = command.process_group(0).stdin(Stdio::null()).output().with_context(|| missing(&what))?;
    let done = Finished { status: output.status, stdout: output.stdout, stderr: output.stderr };
    if !done.status.success() {
        bail!("`{what}` failed ({}): {}", done.status, done.said());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// State of a listening socket in /proc/net/tcp.
const LISTEN: &str = "0A";

/// Whether anything listens on a TCP port in the network namespace of a process.
#[must_use]
pub fn listens(pid: u32, port: u16) -> bool {
    let port = format!(":{port:04X}");
    ["tcp", "tcp6"].iter().any(|table| {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        text.lines().any(|line| {
            let mut fields = line.split_whitespace();
            let local = fields.nth(1).is_some_and(|f| f.ends_with(&port));
            local && fields.nth(1) == Some(LISTEN)
        })
    })
}

fn described(command: &Command) -> String {
    format!("{command:?}").replace('"', "")
}

fn missing(what: &str) -> String {
    format!("cannot run `{what}`: is it installed? (apt-get install iproute2 iperf3 mptcpize)")
}
