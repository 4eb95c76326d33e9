//! The transfers with their figures, as table and page show them.

use super::{Mode, Summary};

/// A transfer by its direction.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Payload that the receiver got.
    pub(super) mbit: f64,
    /// Ours had a part in it.
    pub(super) ours: bool,
}

/// Those that were measured.
pub(super) fn rows(s: &Summary) -> Vec<Row> {
    let (forward, reverse) = match s.mode {
        Mode::Linux => ("Ours to Linux", "Linux to ours"),
        Mode::Simulated => ("Ours to ours", "Ours to ours, reverse"),
    };
    let all = [
        ("Plain TCP over the better path", Some(s.plain_tcp_mbit), false),
        ("Linux to Linux", s.linux_mbit, false),
        ("Linux to Linux, reverse", s.linux_reverse_mbit, false),
        (forward, Some(s.ours_mbit), true),
        (reverse, Some(s.ours_reverse_mbit), true),
    ];
    all.into_iter().filter_map(|(name, mbit, ours)| Some(Row { name, mbit: mbit?, ours })).collect()
}
