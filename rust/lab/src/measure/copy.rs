//! An unmodified scp between two namespaces, while a path is cut.

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mptcp_core::time::Instant;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use super::Progress;
use crate::bridge::Bridge;
use crate::clock::Clock;
use crate::link::LinkRng;
use crate::netns::{Background, Interrupt, Namespace, listens, run};

const PORT: u16 = 2222;
/// Where sshd wants to lock itself in; made here if the machine has never run one.
const EMPTY_DIR: &str = "/run/sshd";

/// A directory of our own that is removed with everything in it.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes a new directory under the system's temporary one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> Result<Scratch> {
        let number = Namespace::next_number();
        let path = std::env::temp_dir().join(format!("mptcplab-{}-{number}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Scratch(path))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An sshd of our own in a namespace, with keys of its own, that lets in whoever has them.
#[derive(Debug)]
pub struct SshServer {
    scratch: Scratch,
    made_empty_dir: bool,
    _server: Background,
}

impl SshServer {
    /// Makes keys and starts the server; with `mptcp`, on MPTCP sockets.
    ///
    /// # Errors
    /// When sshd is missing (Debian package openssh-server) or does not start.
    pub fn start(host: &Namespace, mptcp: bool, interrupt: &Interrupt) -> Result<SshServer> {
        let scratch = Scratch::new()?;
        for key in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(scratch.path().join(key));
            run(keygen)?;
        }
        let config = scratch.path().join("sshd_config");
        fs::write(&config, configuration(scratch.path()))?;
        let made_empty_dir = fs::create_dir(EMPTY_DIR).is_ok();
        let mut command = program(host, "/usr/sbin/sshd", mptcp);
        command.args(["-D", "-e", "-f"]).arg(&config);
        let mut server = Background::spawn(command)?;
        let clock = Clock::start();
        while !listens(server.id(), PORT) {
            interrupt.check()?;
            if !server.is_running() || clock.now() > Instant::from_millis(60_000) {
                bail!("sshd did not start: {}", server.kill().said());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(SshServer { scratch, made_empty_dir, _server: server })
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        if self.made_empty_dir {
            let _ = fs::remove_dir(EMPTY_DIR);
        }
    }
}

fn configuration(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "Port {PORT}\nHostKey {dir}/host\nAuthorizedKeysFile {dir}/user.pub\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n\
         Subsystem sftp internal-sftp\n"
    )
}

/// One copy.
#[derive(Clone, Debug)]
pub struct Copy {
    /// Address of the server, and so the first path.
    pub server: IpAddr,
    /// scp itself uses MPTCP sockets; otherwise it is left to the gateway that it goes through.
    pub mptcp: bool,
    /// Bytes to be copied.
    pub bytes: u64,
    /// This path is cut for good when half of them have arrived.
    pub cut: Option<usize>,
    /// What the times of [`Copied`] are counted on: that of the paths, so that they fit their series.
    pub clock: Clock,
}

/// How a copy went.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Copied {
    /// What arrived is what was sent.
    pub sha256_ok: bool,
    /// Seconds that scp took.
    pub seconds: f64,
    /// When the path was cut, in seconds of the clock.
    pub cut_after: Option<f64>,
    /// The longest time after the cut in which the file at the receiver did not grow, in
    /// milliseconds: what a user would see stand still. 0 without a cut.
    pub handover_gap_ms: u64,
    /// When that time began, in seconds of the clock.
    pub handover_gap_at: Option<f64>,
}

impl Copy {
    /// Copies a file of random bytes from `client` to `server`.
    ///
    /// # Errors
    /// When scp is missing, fails or stalls, or the user interrupts.
    pub fn run(
        &self,
        client: &Namespace,
        server: &SshServer,
        bridge: &Bridge,
        interrupt: &Interrupt,
        progress: &mut Progress,
    ) -> Result<Copied> {
        let dir = server.scratch.path();
        let (sent, arrived) = (dir.join("sent"), dir.join("arrived"));
        let _ = fs::remove_file(&arrived);
        let digest = write_random(&sent, self.bytes)?;
        let command = self.scp(client, dir, &sent, &arrived);
        let (clock, began) = (self.clock, self.clock.now());
        let mut watch = Watch { clock, size: 0, grown: began, cut: None, gap: Duration::ZERO, gap_at: None };
        // 1 Mbit/s is less than any path here has.
        let limit = Duration::from_secs(30 + self.bytes / 125_000);
        let done = Background::spawn(command)?.wait_and(limit, interrupt, &mut || {
            progress.tick()?;
            let size = fs::metadata(&arrived).map_or(0, |m| m.len());
            watch.see(size, (size >= self.bytes / 2).then_some(self.cut).flatten(), bridge)
        })?;
        let seconds = clock.now().since(began).as_secs_f64();
        if !done.status.success() {
            bail!("scp failed ({}): {}", done.status, done.said());
        }
        let same = sha256(&arrived)? == digest;
        let of_clock = |at: Instant| at.micros() as f64 / 1e6;
        let gap = u64::try_from(watch.gap.as_millis())?;
        Ok(Copied {
            sha256_ok: same,
            seconds,
            cut_after: watch.cut.map(of_clock),
            handover_gap_ms: gap,
            handover_gap_at: watch.gap_at.map(of_clock),
        })
    }

    fn scp(&self, client: &Namespace, dir: &Path, sent: &Path, arrived: &Path) -> Command {
        let mut command = program(client, "scp", self.mptcp);
        command.args(["-q", "-B", "-F", "none", "-P", &PORT.to_string(), "-i"]).arg(dir.join("user"));
        for option in ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"] {
            command.args(["-o", option]);
        }
        let address = match self.server {
            IpAddr::V4(a) => a.to_string(),
            IpAddr::V6(a) => format!("[{a}]"),
        };
        command.arg(sent).arg(format!("root@{address}:{}", arrived.display()));
        command
    }
}

/// Watches the file at the receiver grow.
struct Watch {
    clock: Clock,
    size: u64,
    grown: Instant,
    cut: Option<Instant>,
    gap: Duration,
    gap_at: Option<Instant>,
}

impl Watch {
    fn see(&mut self, size: u64, cut: Option<usize>, bridge: &Bridge) -> Result<()> {
        let now = self.clock.now();
        if size > self.size {
            let stood = now.since(self.grown);
            if self.cut.is_some() && stood > self.gap {
                self.gap = stood;
                self.gap_at = Some(self.grown);
            }
            self.size = size;
            self.grown = now;
        }
        if let (Some(path), None) = (cut, self.cut) {
            bridge.set_up(path, false)?;
            self.cut = Some(now);
        }
        Ok(())
    }
}

fn program(host: &Namespace, program: &str, mptcp: bool) -> Command {
    if !mptcp {
        return host.command(program);
    }
    let mut command = host.command("mptcpize");
    command.args(["run", program]);
    command
}

/// Writes a file of random bytes and returns its digest.
fn write_random(file: &Path, bytes: u64) -> Result<[u8; 32]> {
    let mut content = vec![0; usize::try_from(bytes)?];
    LinkRng::seed_from_u64(bytes).fill_bytes(&mut content);
    fs::write(file, &content).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(Sha256::digest(&content).into())
}

/// SHA-256 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(file: &Path) -> Result<[u8; 32]> {
    let mut source = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(len) => hash.update(&buffer[..len]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}
