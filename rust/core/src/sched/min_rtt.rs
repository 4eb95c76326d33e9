//! `min_rtt`: the fastest path first; a slower one helps only where that makes the data arrive earlier.

use super::{BufferView, PathView, Share};

/// The fastest path takes what it can. A slower one leaves the data alone where the fastest would have delivered all
/// of it before the slower one's first byte arrives (the idea of ECF: Lim et al., CoNEXT 2017): so the
/// end of a transfer never waits for the slow path.
pub(super) fn share(me: &PathView, paths: &mut dyn Iterator<Item = PathView>, buffer: &BufferView, want: u64) -> Share {
    let fastest = paths
        .filter(|path| path.id != me.id && !path.srtt.is_zero() && path.srtt < me.srtt)
        .min_by_key(|path| path.srtt);
    let Some(fastest) = fastest else {
        return Share::Bytes(want);
    };
    // Rounds of the fastest path until everything unmapped has arrived, the first of them under way already
    // unless it has room now.
    let cwnd = fastest.cwnd.max(fastest.mss).max(1);
    let behind = buffer.unmapped.saturating_sub(fastest.room());
    let rounds = behind.div_ceil(cwnd).saturating_add(1);
    let fast_micros = u64::try_from(fastest.srtt.as_micros()).unwrap_or(u64::MAX);
    let slow_micros = u64::try_from(me.srtt.as_micros()).unwrap_or(u64::MAX);
    if rounds.saturating_mul(fast_micros) < slow_micros { Share::LeaveTo(fastest.id) } else { Share::Bytes(want) }
}
