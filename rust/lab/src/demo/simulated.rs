//! The demo for everyone: the same story in virtual time, our host at both ends.

use std::io::{self, IsTerminal, Write};

use anyhow::{Result, anyhow};

use super::{Effort, Mode, Provenance, Run, Story, Summary, facts};
use crate::netns::Interrupt;
use crate::sim::{self, DemoOptions, DemoRun, DemoStage};

/// Runs the story in the simulator, with a line of progress on standard error.
///
/// # Errors
/// When a transfer does not come about or the user interrupts.
pub fn simulated(effort: &Effort, interrupt: &Interrupt) -> Result<Story> {
    let options = DemoOptions {
        seconds: effort.seconds,
        copy_bytes: effort.copy_bytes,
        seed: effort.seed,
        ..DemoOptions::default()
    };
    let mut line = Line { name: "", terminal: io::stderr().is_terminal() };
    let figures = sim::demo(&options, &mut |stage| {
        line.show(stage);
        !interrupt.is_set()
    });
    interrupt.check()?;
    let figures = figures.map_err(|e| anyhow!(e))?;
    line.end();
    let copy = figures.runs.len().saturating_sub(1);
    let standstill = (figures.handover_gap_at, figures.handover_gap_ms / 1e3);
    let runs = figures.runs.into_iter().enumerate();
    let runs = runs.map(|(n, run)| told(run, (n == copy).then_some((figures.cut_at, standstill)))).collect();
    let summary = Summary {
        provenance: Provenance::here(),
        mode: Mode::Simulated,
        paths: facts(&options.paths),
        plain_tcp_mbit: figures.plain_tcp_mbit,
        linux_mbit: None,
        linux_reverse_mbit: None,
        ours_mbit: figures.ours_mbit,
        ours_reverse_mbit: figures.ours_reverse_mbit,
        sum_mbit: figures.sum_mbit,
        ours_ratio: figures.ours_ratio,
        ours_reverse_ratio: figures.ours_reverse_mbit / figures.sum_mbit,
        linux_ratio: None,
        sha256_ok: figures.sha256_ok,
        handover_gap_ms: figures.handover_gap_ms,
        copy_bytes: options.copy_bytes,
        seconds: options.seconds,
        punctual: true,
    };
    Ok(Story { summary, runs })
}

/// `copy`: of the copy, when the path was cut, and its standstill.
fn told(run: DemoRun, copy: Option<(f64, (f64, f64))>) -> Run {
    let mut name = run.name.to_owned();
    // A sentence begins with a capital.
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let reverse = run.name.contains("reverse");
    let mbit = copy.is_none().then_some(run.mbit);
    let (cut, standstill) = copy.unzip();
    Run { name, mbit, reverse, cut, standstill, links: run.links, lateness: None }
}

/// A line that says how far it is.
struct Line {
    name: &'static str,
    terminal: bool,
}

impl Line {
    fn show(&mut self, stage: DemoStage) {
        let new = self.name != stage.name;
        if new && self.terminal && !self.name.is_empty() {
            self.end();
        }
        self.name = stage.name;
        let percent = (stage.share * 100.0).round();
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K{}  {percent} %", stage.name);
        } else if new {
            let _ = writeln!(io::stderr(), "{}", stage.name);
        }
    }

    fn end(&self) {
        if self.terminal {
            let _ = writeln!(io::stderr());
        }
    }
}
