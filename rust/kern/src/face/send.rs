//! Sending.

use super::at;
use super::receive::sum_in;
use crate::abi;
use crate::export::export;
use crate::object::Out;
use core::ffi::c_int;
use mptcp_core::mpcb::{Grant, MapGrant, Mpcb, Want};
use mptcp_core::output::SubflowTx;
use mptcp_core::subflow::SubflowId;

export! {
    /// [`Mpcb::snd_append`].
    fn mptcp_core_snd_append(mp: &mut Mpcb, bytes: u32, now: u64) {
        mp.snd_append(bytes, at(now));
    }

    /// [`Mpcb::set_snd_hiwat`].
    fn mptcp_core_set_snd_hiwat(mp: &mut Mpcb, bytes: u32) {
        mp.set_snd_hiwat(bytes);
    }

    /// [`Mpcb::snd_space`].
    fn mptcp_core_snd_space(mp: &Mpcb) -> u64 {
        mp.snd_space()
    }

    /// [`Mpcb::snd_pending`].
    fn mptcp_core_snd_pending(mp: &Mpcb) -> bool {
        mp.snd_pending()
    }

    /// [`Mpcb::snd_una`].
    fn mptcp_core_snd_una(mp: &Mpcb) -> u64 {
        mp.snd_una()
    }

    /// [`Mpcb::fallback_reason`], as a question.
    fn mptcp_core_fell_back(mp: &Mpcb) -> bool {
        mp.fallback_reason().is_some()
    }

    /// [`Mpcb::snd_release`].
    fn mptcp_core_snd_release(mp: &mut Mpcb) -> u32 {
        mp.snd_release()
    }

    /// [`Mpcb::mp_get_map`].
    fn mptcp_core_mp_get_map(
        mp: &mut Mpcb, sf: u8, tx: &mut SubflowTx, want: &abi::mptcp_core_want,
        grant: Out<abi::mptcp_core_grant>,
    ) -> c_int {
        let want = Want { room: want.room, mss: want.mss };
        let answer = match mp.mp_get_map(SubflowId(sf), tx, &want) {
            MapGrant::Map(Grant { doff, off, len, ssn, need_sum }) => {
                grant.set(abi::mptcp_core_grant {
                    doff, off, ssn, len, need_sum: u32::from(need_sum),
                });
                abi::MPTCP_MAP_GRANTED
            }
            MapGrant::Nothing => abi::MPTCP_MAP_NOTHING,
            MapGrant::NoMemory => abi::MPTCP_MAP_NOMEM,
        };
        answer.cast_signed()
    }

    /// [`Mpcb::map_commit`].
    fn mptcp_core_map_commit(
        mp: &mut Mpcb, sf: u8, tx: &mut SubflowTx, grant: &abi::mptcp_core_grant,
        sum: Option<&abi::mptcp_core_sum>, now: u64,
    ) -> bool {
        let grant = Grant {
            doff: grant.doff,
            off: grant.off,
            len: grant.len,
            ssn: grant.ssn,
            need_sum: grant.need_sum != 0,
        };
        mp.map_commit(SubflowId(sf), tx, &grant, sum.map(sum_in), at(now))
    }
}
