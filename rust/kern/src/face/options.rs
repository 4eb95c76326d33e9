//! Option building, under the subflow's own lock.

use super::receive::seg_flags;
use crate::abi;
use crate::arg::Written;
use crate::export::export;
use crate::object::{Owned, Place};
use mptcp_core::mpcb::Mpcb;
use mptcp_core::output::{SegOut, SubflowTx};
use mptcp_core::subflow::SubflowId;

/// An id that no subflow ever has ([`mptcp_core::config::MAX_SUBFLOWS`] is far below).
const NO_SUBFLOW: SubflowId = SubflowId(u8::MAX);

export! {
    /// [`Mpcb::subflow_tx`].
    fn mptcp_core_tx_new(mp: &Mpcb, sf: u8) -> *mut abi::mptcp_core_tx {
        match (mp.subflow_tx(SubflowId(sf)), Place::new()) {
            (Some(tx), Some(place)) => place.fill(tx),
            _ => core::ptr::null_mut(),
        }
    }

    /// Drops it, after its memory was credited to the connection.
    fn mptcp_core_tx_free(mp: Option<&mut Mpcb>, tx: Owned<SubflowTx>) {
        let mut tx = tx;
        if let (Some(mp), Some(tx)) = (mp, tx.get_mut()) {
            mp.sync_tx(NO_SUBFLOW, tx);
        }
    }

    /// [`Mpcb::sync_tx`].
    fn mptcp_core_sync_tx(mp: &mut Mpcb, sf: u8, tx: &mut SubflowTx) -> bool {
        mp.sync_tx(SubflowId(sf), tx)
    }

    /// [`SubflowTx::clip`].
    fn mptcp_core_tx_clip(tx: &SubflowTx, ssn: u32, len: u32) -> u32 {
        tx.clip(ssn, len)
    }

    /// [`SubflowTx::holds_data`].
    fn mptcp_core_tx_holds_data(tx: &SubflowTx) -> bool {
        tx.holds_data()
    }

    /// [`SubflowTx::data_option_len`].
    fn mptcp_core_tx_data_option_len(tx: &SubflowTx) -> usize {
        tx.data_option_len()
    }

    /// [`SubflowTx::options`].
    fn mptcp_core_tx_options(
        tx: &mut SubflowTx, seg: &abi::mptcp_core_seg_out, room: usize, out[size]: Written<'_>,
    ) -> usize {
        tx.options(&SegOut { ssn: seg.ssn, len: seg.len, flags: seg_flags(seg.flags) }, room, out.0)
    }
}
