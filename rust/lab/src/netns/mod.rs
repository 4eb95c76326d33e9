//! Network namespaces: small hosts with the machine's own kernel.
//!
//! Everything made here is removed when its owner is dropped, which errors, panics and an
//! [`Interrupt`] all lead to. What a killed process left behind is found by its name and removed by
//! [`remove_stale`].

mod availability;
mod interrupt;
mod process;
mod testbed;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, geteuid, getpid, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::tun::Tun;

pub use availability::{Need, missing, not_judged, skip};
pub use interrupt::{Interrupt, Interrupted};
pub use process::{Background, Finished, listens, run};
pub use testbed::{HostKind, Side, Testbed, TestbedConfig, address};

/// All namespaces of the lab are called `mptcplab-PID-NUMBER-SUFFIX`.
const PREFIX: &str = "mptcplab-";

/// A network namespace of our own. Dropping it kills the programs in it and removes it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Creates a namespace with the loopback interface up; `suffix` tells it from the others of
    /// this process, like `a` or `b`.
    ///
    /// # Errors
    /// When not root, or when `ip` is missing; the message says what to do.
    pub fn create(number: u32, suffix: &str) -> Result<Namespace> {
        require_root()?;
        let name = format!("{PREFIX}{}-{number}-{suffix}", getpid().as_raw_nonzero());
        run(ip(&["netns", "add", &name])).context("cannot create a network namespace")?;
        let namespace = Namespace { name };
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// A number that no other testbed of this process has.
    #[must_use]
    pub fn next_number() -> u32 {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// Its name, as `ip netns` shows it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that will run in it.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = ip(&["netns", "exec", &self.name]);
        command.arg(program);
        command
    }

    /// Runs `ip ARGUMENTS` in it, the arguments parted by blanks, and returns what it wrote.
    ///
    /// # Errors
    /// When the command fails.
    pub fn ip(&self, arguments: &str) -> Result<String> {
        let mut command = ip(&["-n", &self.name]);
        command.args(arguments.split_whitespace());
        run(command)
    }

    /// Sets a sysctl of the network, such as `net.mptcp.checksum_enabled`.
    ///
    /// # Errors
    /// When the kernel does not have it or refuses the value.
    pub fn sysctl(&self, key: &str, value: &str) -> Result<()> {
        let file = PathBuf::from("/proc/sys").join(key.replace('.', "/"));
        self.enter(|| fs::write(&file, value))?.with_context(|| format!("cannot set {key}={value} in {}", self.name))
    }

    /// Runs a function on a thread of its own that is inside the namespace.
    ///
    /// # Errors
    /// When the namespace is gone or cannot be entered.
    pub fn enter<T: Send>(&self, inside: impl FnOnce() -> T + Send) -> Result<T> {
        let file = File::open(PathBuf::from("/run/netns").join(&self.name))
            .with_context(|| format!("namespace {} is gone", self.name))?;
        let network = Some(LinkNameSpaceType::Network);
        thread::scope(|scope| {
            let entered = scope.spawn(move || {
                move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), network)?;
                Ok::<T, rustix::io::Errno>(inside())
            });
            let result = entered.join().map_err(|_| anyhow!("a thread in {} panicked", self.name))?;
            result.with_context(|| format!("cannot enter namespace {}", self.name))
        })
    }

    /// Creates a TUN device in it.
    ///
    /// # Errors
    /// When the device cannot be created; see [`crate::tun::TunError`].
    pub fn tun(&self, name: &str) -> Result<Tun> {
        Ok(self.enter(|| Tun::open(name))??)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(e) = remove(&self.name) {
            eprintln!("warning: {e:#}; remove it with `ip netns del {}`", self.name);
        }
    }
}

/// Removes namespaces whose process no longer lives, with the programs in them, and returns their
/// names.
///
/// # Errors
/// When not root, or when one cannot be removed.
pub fn remove_stale() -> Result<Vec<String>> {
    require_root()?;
    let list = run(ip(&["netns", "list"]))?;
    let names = list.lines().filter_map(|l| l.split_whitespace().next());
    let stale: Vec<String> = names.filter(|n| is_stale(n)).map(str::to_owned).collect();
    stale.iter().try_for_each(|name| remove(name))?;
    Ok(stale)
}

/// Whether this process may create namespaces.
///
/// # Errors
/// Says what to do when it may not.
pub fn require_root() -> Result<()> {
    if geteuid().is_root() {
        return Ok(());
    }
    bail!("network namespaces need root: run the same command with `sudo`")
}

fn is_stale(name: &str) -> bool {
    let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
    let pid = owner.and_then(|pid| pid.parse::<u32>().ok());
    pid.is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists())
}

fn ip(arguments: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command.args(arguments);
    command
}

/// Kills what runs in a namespace and deletes it.
fn remove(name: &str) -> Result<()> {
    let inside = run(ip(&["netns", "pids", name]))?;
    for pid in inside.lines().filter_map(|l| Pid::from_raw(l.trim().parse().ok()?)) {
        // It may have ended by itself meanwhile.
        let _ = kill_process(pid, Signal::KILL);
    }
    run(ip(&["netns", "del", name])).map(drop)
}
