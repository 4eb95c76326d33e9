//! What unmodified programs and the kernel's counters say about a testbed.

mod copy;
mod counters;
mod iperf;
mod machine;
mod ours;
mod progress;
mod reference;

pub use copy::{Copied, Copy, Scratch, SshServer, sha256};
pub use counters::{Counters, counters};
pub use iperf::{Iperf, Throughput};
pub use machine::{Freedom, Watch};
pub use ours::{ours_copy, ours_throughput};
pub use progress::Progress;
pub use reference::{Reference, kernel_copy, kernel_pair, kernel_throughput, reports, sum_mbit};

use crate::link::{LinkConfig, PathConfig};

/// Bytes that may queue on each link of [`demo_paths`].
///
/// The product of bandwidth and round-trip time is 50 kB on the first path and 62.5 kB on the
/// second. A loss-based sender keeps a link busy with a queue of about that product; 128 KiB gives
/// twice that on both and adds at most 52 ms and 105 ms of queueing delay, which keeps the
/// reordering between the paths within the default buffers of both hosts.
pub const DEMO_QUEUE_BYTES: usize = 128 * 1024;

/// The two paths of the demo: 20 Mbit/s with 10 ms and 10 Mbit/s with 25 ms, one way.
#[must_use]
pub fn demo_paths() -> Vec<PathConfig> {
    [(20, 10), (10, 25)].map(|(mbit, ms)| PathConfig::symmetric(LinkConfig::new(mbit, ms, DEMO_QUEUE_BYTES))).into()
}
