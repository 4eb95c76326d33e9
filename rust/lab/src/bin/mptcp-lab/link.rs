//! `mptcp-lab link`

use std::fs;
use std::io::{self, BufRead};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use mptcp_core::time::Instant;
use mptcp_lab::bridge::{Bridge, Lane};
use mptcp_lab::clock::Clock;
use mptcp_lab::link::{Direction, LinkConfig, LinkReport, Path, PathConfig};
use mptcp_lab::measure::reports;
use mptcp_lab::netns::Interrupt;
use mptcp_lab::tun::Tun;

/// Emulates one path for each `--path`, until the time is over, `quit` is read, or Ctrl-C.
///
/// Creates the TUN devices named, in the namespace of the caller; move them into others with
/// `ip link set DEVICE netns NAME`. Lines on standard input: `cut N`, `heal N`, `set N LINK`, `quit`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A path: the TUN devices of A and B, and the link both ways, for example
    /// `left0:right0:rate=20mbit,delay=10ms,queue=128k`.
    #[arg(long, required = true)]
    path: Vec<String>,
    /// A middlebox: path number, colon, and what it does, for example `0:strip:on=syn,kind=30`.
    #[arg(long)]
    middlebox: Vec<String>,
    /// Cuts a path: number and time in seconds, like `0@2.5`.
    #[arg(long)]
    cut: Vec<String>,
    /// Heals a path, written like a cut.
    #[arg(long)]
    heal: Vec<String>,
    /// Seed of the random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Ends after so many seconds.
    #[arg(long)]
    seconds: Option<f64>,
    /// At the end, writes counters and bytes of each 100 ms as JSON here.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Sets the paths up, serves commands, reports.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let mut lanes = Vec::new();
    for (n, text) in arguments.path.iter().enumerate() {
        lanes.push(lane(text, n, arguments)?);
    }
    let count = lanes.len();
    for (list, up) in [(&arguments.cut, false), (&arguments.heal, true)] {
        for text in list {
            let (path, at) = moment(text)?;
            let lane = lanes.get_mut(path).with_context(|| format!("no path {path}"))?;
            if up { lane.path.heal(at) } else { lane.path.cut(at) }
        }
    }
    let clock = Clock::start();
    let bridge = Bridge::start(lanes, clock)?;
    eprintln!("{count} paths at work; `cut N`, `heal N`, `set N LINK`, `quit` or Ctrl-C");
    let end = arguments.seconds.map(|s| Instant::ZERO + Duration::from_secs_f64(s.clamp(0.0, 1e9)));
    serve(&bridge, clock, end, &interrupt)?;
    let paths = bridge.stop()?;
    report(&paths, arguments)
}

fn lane(text: &str, number: usize, arguments: &Arguments) -> Result<Lane> {
    let [a, b, link] = text.splitn(3, ':').collect::<Vec<_>>()[..] else {
        bail!("--path {text}: write DEVICE:DEVICE:LINK, like left0:right0:rate=20mbit,delay=10ms");
    };
    let mut cfg = PathConfig::symmetric(link.parse().with_context(|| format!("--path {text}"))?);
    for spec in &arguments.middlebox {
        let (path, spec) = spec.split_once(':').context("--middlebox: write NUMBER:WHAT")?;
        if path.parse() == Ok(number) {
            cfg.middleboxes.push(spec.parse().with_context(|| format!("--middlebox {spec}"))?);
        }
    }
    let path = Path::new(cfg, arguments.seed.wrapping_add(number as u64));
    Ok(Lane { path, a: Tun::open(a)?.into_fd(), b: Tun::open(b)?.into_fd() })
}

fn moment(text: &str) -> Result<(usize, Instant)> {
    let parsed = text.split_once('@').and_then(|(path, at)| {
        let at = at.parse::<f64>().ok().filter(|s| (0.0..1e9).contains(s))?;
        Some((path.parse().ok()?, Instant::ZERO + Duration::from_secs_f64(at)))
    });
    parsed.with_context(|| format!("'{text}': write NUMBER@SECONDS, like 0@2.5"))
}

/// Carries out commands from standard input until it is time to end. The end of the input is not
/// the end of the paths.
fn serve(bridge: &Bridge, clock: Clock, end: Option<Instant>, interrupt: &Interrupt) -> Result<()> {
    let lines = lines_of_stdin();
    while !interrupt.is_set() && end.is_none_or(|end| clock.now() < end) {
        match lines.recv_timeout(Duration::from_millis(20)) {
            Ok(line) if line.trim() == "quit" => return Ok(()),
            Ok(line) => {
                if let Err(e) = obey(bridge, &line) {
                    eprintln!("{line}: {e:#}");
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(20)),
        }
    }
    Ok(())
}

fn lines_of_stdin() -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn obey(bridge: &Bridge, line: &str) -> Result<()> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [] => Ok(()),
        ["cut", path] => bridge.set_up(path.parse()?, false),
        ["heal", path] => bridge.set_up(path.parse()?, true),
        ["set", path, link] => {
            let (path, link): (usize, LinkConfig) = (path.parse()?, link.parse()?);
            let mut ways = Direction::BOTH.into_iter();
            ways.try_for_each(|way| bridge.configure(path, way, link.clone()))
        }
        _ => bail!("not a command (cut N, heal N, set N LINK, quit)"),
    }
}

fn report(paths: &[Path], arguments: &Arguments) -> Result<()> {
    let links = reports(paths);
    for LinkReport { path, direction, counters: c, .. } in &links {
        eprintln!(
            "path {path} {direction:?}: {} of {} packets delivered, {} bytes",
            c.delivered, c.offered, c.delivered_bytes
        );
    }
    if let Some(file) = &arguments.json {
        fs::write(file, serde_json::to_string_pretty(&links)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
