//! The demo: one connection over two paths, against the Linux kernel or, without root, between two of our hosts.
//!
//! `linux` and `simulated` make a [`Story`]; [`table()`] and [`page()`] tell it, and [`Summary`] is what a
//! program may want to read of it.

mod linux;
mod page;
mod plot;
mod provenance;
mod rows;
mod simulated;
mod table;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::bridge::Lateness;
use crate::link::{Direction, LinkReport, PathConfig};

pub use linux::linux;
pub use page::page;
pub use provenance::Provenance;
pub use simulated::simulated;
pub use table::table;

/// Where the figures come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Real time, the kernel at the other end.
    Linux,
    /// Virtual time, our host at both ends.
    Simulated,
}

/// One transfer.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it was.
    pub name: String,
    /// Payload that the receiver got, in Mbit/s; `None` for the copy, which was slowed down on purpose.
    pub mbit: Option<f64>,
    /// B sent.
    pub reverse: bool,
    /// When the better path was cut, in seconds.
    pub cut: Option<f64>,
    /// The longest standstill after the cut: when it began and how long it was, in seconds.
    pub standstill: Option<(f64, f64)>,
    /// What each link carried.
    pub links: Vec<LinkReport>,
    /// How punctual the paths were; `None` in virtual time.
    pub lateness: Option<Lateness>,
}

/// A path of the demo.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PathFacts {
    /// Rate in Mbit/s.
    pub rate_mbit: f64,
    /// Delay one way, in milliseconds.
    pub delay_ms: f64,
}

/// The figures, as in `summary.json`. Rates are payload in Mbit/s as the receiver saw it; ratios are shares of
/// `sum_mbit`. `null`: not measured in this mode.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// When, from which sources, on which kernel.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// `linux` or `simulated`.
    pub mode: Mode,
    /// The paths; the first is the better one.
    pub paths: Vec<PathFacts>,
    /// Plain TCP over the better path.
    pub plain_tcp_mbit: f64,
    /// The kernel's MPTCP at both ends.
    pub linux_mbit: Option<f64>,
    /// The same, the other way.
    pub linux_reverse_mbit: Option<f64>,
    /// Ours to the kernel's.
    pub ours_mbit: f64,
    /// The kernel's to ours.
    pub ours_reverse_mbit: f64,
    /// The rates of both paths together.
    pub sum_mbit: f64,
    /// `ours_mbit / sum_mbit`.
    pub ours_ratio: f64,
    /// `ours_reverse_mbit / sum_mbit`.
    pub ours_reverse_ratio: f64,
    /// `linux_mbit / sum_mbit`.
    pub linux_ratio: Option<f64>,
    /// The copied file arrived as it was.
    pub sha256_ok: bool,
    /// The longest standstill of the copy after the better path was cut, in milliseconds.
    pub handover_gap_ms: f64,
    /// Size of the copied file in bytes.
    pub copy_bytes: u64,
    /// Seconds of each transfer.
    pub seconds: u32,
    /// The paths kept their times; otherwise the machine was too busy for the figures to count.
    pub punctual: bool,
}

/// Everything that the demo found out.
#[derive(Clone, Debug)]
pub struct Story {
    /// The figures.
    pub summary: Summary,
    /// The transfers in order, the copy last.
    pub runs: Vec<Run>,
}

/// How much is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Seconds of each transfer.
    pub seconds: u32,
    /// Bytes of the copied file.
    pub copy_bytes: u64,
    /// Seed of the random choices on the paths.
    pub seed: u64,
}

impl Run {
    /// The links in the direction of the data, by path.
    pub(crate) fn forward(&self) -> impl Iterator<Item = &LinkReport> {
        let wanted = if self.reverse { Direction::BToA } else { Direction::AToB };
        self.links.iter().filter(move |link| link.direction == wanted)
    }
}

fn facts(paths: &[PathConfig]) -> Vec<PathFacts> {
    let of = |path: &PathConfig| PathFacts {
        rate_mbit: path.a_to_b.rate_bps as f64 / 1e6,
        delay_ms: path.a_to_b.delay.as_secs_f64() * 1e3,
    };
    paths.iter().map(of).collect()
}
