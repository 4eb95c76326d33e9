//! The demo on a terminal.

use std::fmt::Write;

use super::{Mode, Story, Summary};

/// The figures as text: three columns with the kernel, two in the simulator.
#[must_use]
pub fn table(story: &Story) -> String {
    let s = &story.summary;
    let mut out = String::new();
    let paths: Vec<String> =
        s.paths.iter().map(|p| format!("{:.0} Mbit/s with {:.0} ms", p.rate_mbit, p.delay_ms)).collect();
    let _ = writeln!(out, "\nTwo paths: {}. Payload in Mbit/s, and the share of their sum:\n", paths.join(", "));
    let cell = |mbit: Option<f64>| match mbit {
        Some(mbit) => format!("{mbit:>8.2} {:>5.1} %", 100.0 * mbit / s.sum_mbit),
        None => format!("{:>16}", "-"),
    };
    let (forward, reverse) = match s.mode {
        Mode::Linux => ("ours to Linux", "Linux to ours"),
        Mode::Simulated => ("there", "back"),
    };
    let linux = s.mode == Mode::Linux;
    let mut row = |name: &str, cells: [String; 3]| {
        let [plain, kernel, ours] = cells;
        let kernel = if linux { format!("  {kernel}") } else { String::new() };
        let _ = writeln!(out, "{name:<16}{plain:>18}{kernel:>20}  {ours:>18}");
    };
    row("", ["plain TCP".into(), "Linux with Linux".into(), if linux { "ours with Linux" } else { "ours" }.into()]);
    row(forward, [cell(Some(s.plain_tcp_mbit)), cell(s.linux_mbit), cell(Some(s.ours_mbit))]);
    row(reverse, [cell(None), cell(s.linux_reverse_mbit), cell(Some(s.ours_reverse_mbit))]);
    let _ = writeln!(out, "\n{}", copy_line(s));
    if !s.punctual {
        let _ = writeln!(out, "The machine was too busy for these figures to count: packets left the paths late.");
    }
    if s.mode == Mode::Simulated {
        let _ = writeln!(out, "Simulated, our host at both ends; with the Linux kernel: `sudo make demo`.");
    }
    out
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
