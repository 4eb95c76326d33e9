//! The demo on a terminal.

use std::fmt::Write;

use super::rows::rows;
use super::{Mode, Story, Summary};

/// The figures as text: a line for each transfer.
#[must_use]
pub fn table(story: &Story) -> String {
    let s = &story.summary;
    let mut out = String::new();
    let paths: Vec<String> =
        s.paths.iter().map(|p| format!("{:.0} Mbit/s with {:.0} ms", p.rate_mbit, p.delay_ms)).collect();
    let _ = writeln!(out, "\nTwo paths: {}, one way.\n", paths.join(", "));
    let share = format!("share of {:.0}", s.sum_mbit);
    let _ = writeln!(out, "{:<32}{:>16}{share:>16}", "", "payload, Mbit/s");
    for row in rows(s) {
        let share = format!("{:.1} %", 100.0 * row.mbit / s.sum_mbit);
        let _ = writeln!(out, "{:<32}{:>16.2}{share:>16}", row.name, row.mbit);
    }
    let _ = writeln!(out, "\n{}", copy_line(s));
    if !s.punctual {
        let _ = writeln!(out, "The machine was too busy for these figures to count: packets left the paths late.");
    }
    if s.mode == Mode::Simulated {
        let _ = writeln!(out, "Simulated, our host at both ends; with the Linux kernel: `sudo make demo`.");
    }
    let _ = writeln!(out, "{}", origin_line(s));
    out
}

/// When, from which sources, on which kernel.
pub(super) fn origin_line(s: &Summary) -> String {
    let from = &s.provenance;
    format!("{}, commit {}, {}.", from.when, from.commit, from.kernel)
}

/// The copy in one sentence.
pub(super) fn copy_line(s: &Summary) -> String {
    let program = if s.mode == Mode::Linux { "scp" } else { "A copy" };
    let right = if s.sha256_ok { "arrived with the same SHA-256" } else { "ARRIVED CHANGED" };
    format!(
        "{program} of {} MiB with the better path cut half-way: {right}, longest standstill {:.0} ms.",
        s.copy_bytes >> 20,
        s.handover_gap_ms
    )
}
