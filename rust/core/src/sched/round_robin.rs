//! `round_robin`: v0.51's rules (CAIA report 130424A section III-D).

use super::{BufferView, PathView};

/// While the buffer is not full, whoever asks gets what there is: the application will write more soon. While it is
/// full, the unmapped bytes are divided by the number of active subflows, with one MSS as the floor, so that no
/// subflow starves. v0.51 mapped beyond what TCP could send; here `want` bounds it, so that bytes do not wait on
/// one path while another is idle.
pub(super) fn share(me: &PathView, paths: &mut dyn Iterator<Item = PathView>, buffer: &BufferView, want: u64) -> u64 {
    if buffer.sb_cc < buffer.sb_hiwat {
        return buffer.unmapped.min(want);
    }
    let active = u64::try_from(paths.count()).unwrap_or(u64::MAX).max(1);
    buffer.unmapped.checked_div(active).unwrap_or(0).max(me.mss).min(want)
}
