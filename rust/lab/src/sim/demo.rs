//! The demo's story between two of our hosts, for a machine where nobody is root.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mptcp_core::time::Instant;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use super::net::Net;
use super::trace::Trace;
use crate::host::{ConnId, Host, HostConfig};
use crate::link::{LinkReport, LinkRng, Path, PathConfig};
use crate::measure::sum_mbit;

const PORT: u16 = 5201;
/// Octets moved in one call of `send` or `recv`.
const CHUNK: usize = 64 * 1024;
/// The file's octets repeat after so many: enough that no piece can stand for another unnoticed.
const BLOCK: usize = (1 << 20) + 7;
/// A stage that takes longer than this has failed.
const MOST_SECONDS: u64 = 600;

/// What the demo is to do.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// The paths; the first is the better one.
    pub paths: Vec<PathConfig>,
    /// Virtual seconds of each transfer.
    pub seconds: u32,
    /// Octets of the copied file.
    pub copy_bytes: u64,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for DemoOptions {
    /// The two paths of the demo, 20 s each way, 32 MiB to copy.
    fn default() -> Self {
        DemoOptions { paths: crate::measure::demo_paths(), seconds: 20, copy_bytes: 32 << 20, seed: 1 }
    }
}

/// How far the demo is, for a line of progress.
#[derive(Clone, Copy, Debug)]
pub struct DemoStage {
    /// What is being run.
    pub name: &'static str,
    /// The share of the stage that is done, 0 to 1.
    pub share: f64,
}

/// One transfer.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DemoRun {
    /// What it was.
    pub name: &'static str,
    /// Payload that arrived, in Mbit/s, over the time of the transfer.
    pub mbit: f64,
    /// Seconds of virtual time that it took.
    pub seconds: f64,
    /// What each link delivered in each 100 ms, and its counters.
    pub links: Vec<LinkReport>,
}

/// The figures of the simulated demo, named as in `summary.json`.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DemoFigures {
    /// Plain TCP over the better path, A to B.
    pub plain_tcp_mbit: f64,
    /// Multipath TCP over all paths, A to B.
    pub ours_mbit: f64,
    /// The same, B to A.
    pub ours_reverse_mbit: f64,
    /// The sum of the paths' rates, A to B.
    pub sum_mbit: f64,
    /// `ours_mbit` as a share of that.
    pub ours_ratio: f64,
    /// The copied file arrived as it was.
    pub sha256_ok: bool,
    /// When the better path was cut, in seconds of the copy's links.
    pub cut_at: f64,
    /// The longest time after the cut in which nothing of the file reached its reader.
    pub handover_gap_ms: f64,
    /// When that time began, in seconds as `cut_at`.
    pub handover_gap_at: f64,
    /// The transfers, in the order in which they were made; the copy is the last.
    pub runs: Vec<DemoRun>,
}

const PLAIN: &str = "plain TCP over the better path";
const OURS: &str = "MPTCP over all paths";
const REVERSE: &str = "MPTCP over all paths, reverse";
const COPY: &str = "a copy, the better path cut half-way";

/// Runs the demo in virtual time. `watch` is called a few times for each virtual second; where it returns false
/// the demo ends.
///
/// # Errors
/// In words: the connection did not come about, did not end in time, or `watch` ended the demo.
pub fn demo(options: &DemoOptions, watch: &mut dyn FnMut(DemoStage) -> bool) -> Result<DemoFigures, String> {
    let plain = throughput(options, PLAIN, (false, false), watch)?;
    let ours = throughput(options, OURS, (true, false), watch)?;
    let reverse = throughput(options, REVERSE, (true, true), watch)?;
    let (copy, copied) = copy(options, watch)?;
    let sum = sum_mbit(&options.paths, false);
    Ok(DemoFigures {
        plain_tcp_mbit: plain.mbit,
        ours_mbit: ours.mbit,
        ours_reverse_mbit: reverse.mbit,
        sum_mbit: sum,
        ours_ratio: ours.mbit / sum,
        sha256_ok: copied.sha256_ok,
        cut_at: copied.cut_at,
        handover_gap_ms: copied.gap.as_secs_f64() * 1e3,
        handover_gap_at: copied.gap_at,
        runs: vec![plain, ours, reverse, copy],
    })
}

/// Two hosts with one connection between them.
pub(super) struct Rig {
    pub(super) net: Net<'static>,
    pub(super) now: Instant,
    ends: [ConnId; 2],
}

/// The address of a host on a path.
pub(super) fn address(host: usize, path: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, path as u8 + 1, host as u8 + 1).into()
}

impl Rig {
    /// A connection over the first path; with `mptcp`, A joins over the others.
    fn new(options: &DemoOptions, mptcp: bool) -> Result<Self, String> {
        Self::with(options, &|_, cfg| cfg.mptcp.enable = mptcp)
    }

    /// A connection over the first path between hosts that `set` has set up.
    pub(super) fn with(options: &DemoOptions, set: &dyn Fn(usize, &mut HostConfig)) -> Result<Self, String> {
        let count = options.paths.len();
        let mut routes = Vec::new();
        let hosts = [0, 1].map(|side| {
            let addresses: Vec<IpAddr> = (0..count).map(|path| address(side, path)).collect();
            routes.extend(addresses.iter().enumerate().map(|(path, address)| (*address, path)));
            let mut cfg = HostConfig::new(addresses, options.seed.wrapping_mul(2).wrapping_add(side as u64));
            set(side, &mut cfg);
            Host::new(cfg)
        });
        let paths = options.paths.iter().zip(options.seed..).map(|(cfg, seed)| Path::new(cfg.clone(), seed)).collect();
        let mut net = Net::new(hosts, paths, &routes, Trace::none());
        net.hosts[1].listen(PORT).map_err(|e| e.to_string())?;
        let mut now = Instant::from_millis(1);
        let to = SocketAddr::new(address(1, 0), PORT);
        let a = net.hosts[0].connect(address(0, 0), to, now).map_err(|e| e.to_string())?;
        let b = loop {
            while net.exchange(now) {}
            if let Some(b) = net.hosts[1].accept(PORT) {
                break b;
            }
            let next = net.next_event().filter(|at| at.micros() < 60_000_000);
            now = next.ok_or("no connection within a minute")?.max(now + Duration::from_micros(1));
        };
        Ok(Rig { net, now, ends: [a, b] })
    }

    /// Lets `act` and the network go on until `act` returns true.
    pub(super) fn run(&mut self, mut act: impl FnMut(&mut Self) -> Result<bool, String>) -> Result<(), String> {
        let end = self.now + Duration::from_secs(MOST_SECONDS);
        loop {
            while self.net.exchange(self.now) {}
            if act(self)? {
                return Ok(());
            }
            // What the application did may have made something due at once.
            if self.net.is_busy() {
                continue;
            }
            let next = self.net.next_event().filter(|at| *at < end).ok_or("the transfer stands still")?;
            self.now = next.max(self.now + Duration::from_micros(1));
        }
    }

    pub(super) fn send(&mut self, side: usize, data: &[u8]) -> usize {
        self.net.hosts[side].send(self.ends[side], data, self.now)
    }

    pub(super) fn recv(&mut self, side: usize, to: &mut [u8]) -> usize {
        self.net.hosts[side].recv(self.ends[side], to)
    }

    fn report(&self, name: &'static str, octets: u64, seconds: f64) -> DemoRun {
        let links = self.net.paths.iter().enumerate().flat_map(|(n, path)| path.reports(n)).collect();
        DemoRun { name, mbit: octets as f64 * 8e-6 / seconds, seconds, links }
    }
}

type Watch<'w> = &'w mut dyn FnMut(DemoStage) -> bool;

/// Tells `watch` now and then.
struct Teller<'w> {
    watch: Watch<'w>,
    name: &'static str,
    told: Instant,
}

impl Teller<'_> {
    fn tell(&mut self, now: Instant, share: f64) -> Result<(), String> {
        if now < self.told + Duration::from_millis(200) {
            return Ok(());
        }
        self.told = now;
        let go_on = (self.watch)(DemoStage { name: self.name, share });
        go_on.then_some(()).ok_or_else(|| "interrupted".into())
    }
}

fn throughput(
    options: &DemoOptions,
    name: &'static str,
    (mptcp, reverse): (bool, bool),
    watch: Watch<'_>,
) -> Result<DemoRun, String> {
    let mut rig = Rig::new(options, mptcp)?;
    let (from, to) = if reverse { (1, 0) } else { (0, 1) };
    let seconds = f64::from(options.seconds.max(1));
    let (start, end) = (rig.now, rig.now + Duration::from_secs_f64(seconds));
    let mut teller = Teller { watch, name, told: start };
    let (data, mut buffer) = (vec![0x5a; CHUNK], vec![0; CHUNK]);
    let mut octets = 0;
    rig.run(|rig| {
        if rig.now >= end {
            return Ok(true);
        }
        while rig.send(from, &data) > 0 {}
        loop {
            match rig.recv(to, &mut buffer) {
                0 => break,
                len => octets += len as u64,
            }
        }
        teller.tell(rig.now, rig.now.since(start).as_secs_f64() / seconds)?;
        Ok(false)
    })?;
    Ok(rig.report(name, octets, seconds))
}

/// How the copy went; times in seconds of the links.
struct Copied {
    sha256_ok: bool,
    cut_at: f64,
    gap: Duration,
    gap_at: f64,
}

fn seconds(at: Instant) -> f64 {
    at.micros() as f64 / 1e6
}

fn copy(options: &DemoOptions, watch: Watch<'_>) -> Result<(DemoRun, Copied), String> {
    let mut rig = Rig::new(options, true)?;
    let mut block = vec![0; BLOCK];
    LinkRng::seed_from_u64(options.seed).fill_bytes(&mut block);
    let size = options.copy_bytes.max(1);
    let (start, mut moved) = (rig.now, rig.now);
    let mut copied = Copied { sha256_ok: false, cut_at: 0.0, gap: Duration::ZERO, gap_at: 0.0 };
    let mut teller = Teller { watch, name: COPY, told: start };
    let mut buffer = vec![0; CHUNK];
    let (mut written, mut read, mut cut) = (0, 0, false);
    let (mut sent, mut received) = (Sha256::new(), Sha256::new());
    rig.run(|rig| {
        while written < size {
            let at = (written % BLOCK as u64) as usize;
            let end = BLOCK.min(at + CHUNK).min(at.saturating_add(usize::try_from(size - written).unwrap_or(CHUNK)));
            let taken = rig.send(0, &block[at..end]);
            sent.update(&block[at..at + taken]);
            written += taken as u64;
            if taken == 0 {
                break;
            }
            if written == size {
                rig.net.hosts[0].shutdown(rig.ends[0], rig.now);
            }
        }
        let before = read;
        loop {
            match rig.recv(1, &mut buffer) {
                0 => break,
                len => {
                    received.update(&buffer[..len]);
                    read += len as u64;
                }
            }
        }
        if read > before {
            let stood = rig.now.since(moved);
            if cut && stood > copied.gap {
                (copied.gap, copied.gap_at) = (stood, seconds(moved));
            }
            moved = rig.now;
        }
        if !cut && read >= size / 2 {
            cut = true;
            copied.cut_at = seconds(rig.now);
            rig.net.paths[0].set_up(rig.now, false);
        }
        teller.tell(rig.now, read as f64 / size as f64)?;
        let state = rig.net.hosts[1].state(rig.ends[1]);
        Ok(state.is_none_or(|s| s.peer_closed && s.readable == 0))
    })?;
    let run = rig.report(COPY, read, rig.now.since(start).as_secs_f64());
    copied.sha256_ok = read == size && sent.finalize() == received.finalize();
    Ok((run, copied))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Direction;

    #[test]
    fn the_story_comes_out_as_it_should() {
        let options = DemoOptions { seconds: 8, copy_bytes: 12 << 20, ..DemoOptions::default() };
        let mut stages = Vec::new();
        let figures = demo(&options, &mut |stage| {
            stages.push(stage.name);
            true
        })
        .unwrap();
        stages.dedup();
        assert_eq!(stages, [PLAIN, OURS, REVERSE, COPY]);
        assert!(figures.plain_tcp_mbit > 17.0 && figures.plain_tcp_mbit < 20.0, "{figures:?}");
        assert!(figures.ours_ratio > 0.88 && figures.ours_reverse_mbit > 26.0, "{figures:?}");
        assert!(figures.sha256_ok && figures.handover_gap_ms < 2000.0, "{figures:?}");
        assert!(figures.cut_at > 1.0 && figures.handover_gap_at >= figures.cut_at - 0.1, "{figures:?}");
        // After the cut everything went over the other path.
        let copy = &figures.runs[3];
        let cut = copy.links.iter().find(|l| l.path == 0 && l.direction == Direction::AToB);
        assert!(cut.is_some_and(|l| l.counters.dropped_cut > 0), "{copy:?}");
    }

    #[test]
    fn the_demo_can_be_ended() {
        assert_eq!(demo(&DemoOptions::default(), &mut |_| false).unwrap_err(), "interrupted");
    }
}
