//! From the application's buffer to the flows: each pulls what the scheduler gives it.

use mptcp_core::mpcb::{Grant, MapGrant, Want};
use mptcp_core::subflow::SubflowId;
use mptcp_core::time::Instant;
use mptcp_wire::checksum::Sum;

use super::{Conn, Level};
use crate::host::shared::{Shared, Slot};
use crate::host::tcp::SEGMENTS_AT_ONCE;

impl Conn {
    /// Maps and sends as much as the flow may send now.
    pub(super) fn pull(&mut self, sh: &mut Shared, slot: Slot, sf: SubflowId, now: Instant) {
        while self.pull_one(slot, sf, now) {
            self.flush(sh, slot, now);
        }
        self.flush(sh, slot, now);
        if let Some(subflow) = self.subflows.get_mut(&slot) {
            subflow.flow.note_blocked(now);
        }
    }

    fn pull_one(&mut self, slot: Slot, sf: SubflowId, now: Instant) -> bool {
        let (Some(subflow), Level::Multipath(mpcb)) = (self.subflows.get_mut(&slot), &mut self.level) else {
            return false;
        };
        let Some(tx) = &mut subflow.tx else { return false };
        mpcb.sync_tx(sf, tx);
        let mss = subflow.flow.mss();
        // Few segments in one map, so that the scheduler stays in charge, and enough that it is not asked for each.
        let room = subflow.flow.room().min(SEGMENTS_AT_ONCE * mss);
        if room == 0 || tx.holds_data() {
            return false;
        }
        let want = Want { room: room as u32, mss: mss as u32 };
        let MapGrant::Map(grant) = mpcb.mp_get_map(sf, tx, &want) else { return false };
        let Grant { off, len, need_sum, .. } = grant;
        let data = self.snd.copy(off as usize, len as usize);
        debug_assert_eq!(data.len(), len as usize, "core grants what so_snd does not have");
        let sum = need_sum.then(|| {
            let mut sum = Sum::new();
            sum.add_bytes(&data);
            sum
        });
        if !mpcb.map_commit(sf, tx, &grant, sum, now) {
            return false;
        }
        let sent = subflow.flow.send(&data);
        debug_assert_eq!(sent, data.len(), "smoltcp's buffer is empty between flushes");
        true
    }
}
