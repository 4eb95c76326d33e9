//! The two schedulers.

use super::{BufferView, PathView, Share};

/// `min_rtt`: the fastest path takes what it can. A slower one leaves the data alone where the fastest would have
/// delivered all of it before the slower one's first byte arrives (the idea of ECF: Lim et al., CoNEXT 2017): so the
/// end of a transfer never waits for the slow path.
pub(super) fn min_rtt(
    me: &PathView,
    paths: &mut dyn Iterator<Item = PathView>,
    buffer: &BufferView,
    want: u64,
) -> Share {
    // Where it is the one that asks, nothing is left to it: a round of its own is no shorter than itself.
    let Some(fastest) = paths.filter(|path| !path.srtt.is_zero()).min_by_key(|path| path.srtt) else {
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

/// `round_robin`: v0.51's rules (CAIA report 130424A section III-D). While the buffer is not full, whoever asks gets
/// what there is: the application will write more soon. While it is full, the unmapped bytes are divided by the number
/// of active subflows, with one MSS as the floor, so that no subflow starves. v0.51 mapped beyond what TCP could send;
/// here `want` bounds it, so that bytes do not wait on one path while another is idle.
pub(super) fn round_robin(
    me: &PathView,
    paths: &mut dyn Iterator<Item = PathView>,
    buffer: &BufferView,
    want: u64,
) -> u64 {
    if buffer.sb_cc < buffer.sb_hiwat {
        return buffer.unmapped.min(want);
    }
    let active = u64::try_from(paths.count()).unwrap_or(u64::MAX).max(1);
    buffer.unmapped.checked_div(active).unwrap_or(0).max(me.mss).min(want)
}
