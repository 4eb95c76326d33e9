//! What this machine can do, and what to do about the rest.

use std::env;
use std::io::{self, Write};
use std::path::Path;

use rustix::process::geteuid;

/// Set to `1` where no test may be skipped: one that would be fails then.
const NO_SKIP: &str = "MPTCP_NO_SKIP";

/// Something that a test or a measurement needs of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Network namespaces and TUN devices: root, `ip`, /dev/net/tun.
    Namespaces,
    /// A kernel with MPTCP, switched on.
    KernelMptcp,
    /// A program in the search path.
    Program(&'static str),
}

impl Need {
    /// What the measurements against the kernel need.
    pub const INTEROP: [Need; 5] = [
        Need::Namespaces,
        Need::KernelMptcp,
        Need::Program("iperf3"),
        Need::Program("mptcpize"),
        Need::Program("nstat"),
    ];

    /// `None` if it is there; otherwise what is missing and how to get it.
    #[must_use]
    pub fn missing(self) -> Option<String> {
        match self {
            Need::Namespaces => namespaces_missing(),
            Need::KernelMptcp => kernel_mptcp_missing(),
            Need::Program(name) => program_missing(name),
        }
    }
}

/// Everything of a list that is missing, in words; empty when all is there.
#[must_use]
pub fn missing(needs: &[Need]) -> Vec<String> {
    needs.iter().filter_map(|need| need.missing()).collect()
}

/// For the first line of a test: `true` means that it cannot run here, and says so on standard
/// error in a line that starts with `SKIPPED` (which the test harness does not capture).
///
/// # Panics
/// When it would have to be skipped although `MPTCP_NO_SKIP=1`.
#[must_use]
pub fn skip(test: &str, needs: &[Need]) -> bool {
    let missing = missing(needs).join("; ");
    if missing.is_empty() {
        return false;
    }
    assert!(env::var(NO_SKIP).as_deref() != Ok("1"), "{test} may not be skipped: {missing}");
    // Not eprintln!: the test harness would keep it to itself.
    let _ = writeln!(io::stderr(), "SKIPPED {test}: {missing}");
    true
}

/// Says on standard error that a test has passed but could not judge something, as the machine was too busy. The line
/// starts with `NOT JUDGED`; `tools/run-tests` shows it in its summary.
pub fn not_judged(test: &str, reason: &str) {
    // Not eprintln!, as above.
    let _ = writeln!(io::stderr(), "NOT JUDGED {test}: {reason}");
}

fn namespaces_missing() -> Option<String> {
    if !geteuid().is_root() {
        return Some("not root: run the same command with `sudo`".into());
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some("/dev/net/tun is missing: run `modprobe tun`".into());
    }
    program_missing("ip")
}

fn kernel_mptcp_missing() -> Option<String> {
    match std::fs::read_to_string("/proc/sys/net/mptcp/enabled").as_deref().map(str::trim) {
        Ok("0") => Some("MPTCP is off: run `sysctl -w net.mptcp.enabled=1`".into()),
        Ok(_) => None,
        Err(_) => Some("the kernel has no MPTCP: Linux 5.6 or later with CONFIG_MPTCP".into()),
    }
}

fn program_missing(name: &str) -> Option<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/sbin"].map(Into::into);
    let found = env::split_paths(&path).chain(usual).any(|dir| dir.join(name).is_file());
    let package = match name {
        "ip" | "nstat" | "ss" => "iproute2",
        "scp" | "ssh" => "openssh-client",
        "sshd" => "openssh-server",
        other => other,
    };
    (!found).then(|| format!("{name} is missing: run `apt-get install {package}`"))
}
