//! Receiving.

use super::{EINVAL, OK, at};
use crate::abi;
use crate::arg::Raw;
use crate::export::export;
use crate::object::Out;
use bitflags::bitflags;
use core::ffi::c_int;
use mptcp_core::mpcb::{Mpcb, RxStep, SegIn, SegVerdict};
use mptcp_core::output::SegFlags;
use mptcp_core::subflow::SubflowId;
use mptcp_wire::MpOption;
use mptcp_wire::checksum::Sum;
use mptcp_wire::tcp_options::mptcp_options;

bitflags! {
    /// `MPTCP_SEG_*`, as C passes them.
    #[derive(Clone, Copy)]
    struct CFlags: u32 {
        const SYN = abi::MPTCP_SEG_SYN;
        const ACK = abi::MPTCP_SEG_ACK;
        const FIN = abi::MPTCP_SEG_FIN;
        const RST = abi::MPTCP_SEG_RST;
    }
}

/// Core's form of C's flags. Bits that the header does not have count for nothing.
pub(super) fn seg_flags(flags: u32) -> SegFlags {
    let flags = CFlags::from_bits_truncate(flags);
    SegFlags {
        syn: flags.contains(CFlags::SYN),
        ack: flags.contains(CFlags::ACK),
        fin: flags.contains(CFlags::FIN),
        rst: flags.contains(CFlags::RST),
    }
}

/// Core's form of a sum that C holds.
pub(crate) fn sum_in(sum: &abi::mptcp_core_sum) -> Sum {
    #[expect(clippy::cast_possible_truncation, reason = "the header says: folded to 16 bits")]
    let folded = sum.sum as u16;
    let mut out = Sum::new();
    if sum.odd == 0 {
        out.add_bytes(&folded.to_be_bytes());
    } else {
        // What follows an odd byte is summed with its halves exchanged.
        out.add_bytes(&[0]);
        out.add_bytes(&folded.to_le_bytes());
    }
    out
}

export! {
    /// [`Mpcb::segment_in`].
    fn mptcp_core_segment_in(
        mp: &mut Mpcb, sf: u8, seg: &abi::mptcp_core_seg_in, opts[len]: &[u8], now: u64,
    ) -> c_int {
        let seg = SegIn {
            ssn: seg.ssn,
            len: seg.len,
            ack: seg.ack,
            window: seg.window,
            flags: seg_flags(seg.flags),
        };
        let verdict = match mp.segment_in(SubflowId(sf), &seg, opts, at(now)) {
            SegVerdict::Continue => abi::MPTCP_SEG_CONTINUE,
            SegVerdict::Drop => abi::MPTCP_SEG_DROP,
        };
        verdict.cast_signed()
    }

    /// Whether there is more than a DSS without DATA_FIN.
    fn mptcp_core_has_signal(opts[len]: &[u8]) -> bool {
        mptcp_options(opts).any(|option| match option {
            Ok(MpOption::Dss(dss)) => dss.data_fin,
            Ok(_) => true,
            Err(_) => false,
        })
    }

    /// [`Mpcb::mp_do_reass`].
    fn mptcp_core_mp_do_reass(
        mp: &mut Mpcb, sf: u8, avail: u32, now: u64, step: Out<abi::mptcp_core_step>,
    ) -> u32 {
        let next = step_out(mp.mp_do_reass(SubflowId(sf), avail, at(now)));
        step.set(next);
        next.kind
    }

    /// [`Mpcb::rx_idle`].
    fn mptcp_core_rx_idle(mp: &Mpcb) -> bool {
        mp.rx_idle()
    }

    /// [`Mpcb::rx_sum`].
    fn mptcp_core_rx_sum(mp: &mut Mpcb, sf: u8, sum: &abi::mptcp_core_sum, now: u64) {
        mp.rx_sum(SubflowId(sf), sum_in(sum), at(now));
    }

    /// [`Mpcb::rx_hold`].
    fn mptcp_core_rx_hold(mp: &mut Mpcb, token: u64) -> c_int {
        match mp.rx_hold(token) {
            Ok(()) => OK,
            Err(_) => EINVAL,
        }
    }

    /// [`Mpcb::rx_refuse`].
    fn mptcp_core_rx_refuse(mp: &mut Mpcb) {
        mp.rx_refuse();
    }

    /// [`Mpcb::set_rcv_space`].
    fn mptcp_core_set_rcv_space(mp: &mut Mpcb, space: u32) -> bool {
        mp.set_rcv_space(space)
    }

    /// [`Mpcb::rcv_window`].
    fn mptcp_core_rcv_window(mp: &Mpcb) -> u32 {
        mp.rcv_window()
    }

    /// [`Mpcb::subflow_fin`].
    fn mptcp_core_subflow_fin(mp: &mut Mpcb, sf: u8, now: u64) {
        mp.subflow_fin(SubflowId(sf), at(now));
    }

    /// [`Sum::add_bytes`].
    fn mptcp_core_sum_add(sum: &mut abi::mptcp_core_sum, bytes[len]: Raw<'_>) {
        let mut total = sum_in(sum);
        total.add_bytes(bytes.0);
        sum.sum = u32::from(total.fold());
        sum.odd ^= u32::from(bytes.0.len() & 1 != 0);
    }
}

fn step_out(step: RxStep) -> abi::mptcp_core_step {
    let none = abi::mptcp_core_step { token: 0, kind: abi::MPTCP_STEP_WAIT, skip: 0, len: 0, cut: 0 };
    match step {
        RxStep::Wait => none,
        RxStep::Sum { len } => abi::mptcp_core_step { kind: abi::MPTCP_STEP_SUM, len, ..none },
        RxStep::Discard { len } => abi::mptcp_core_step { kind: abi::MPTCP_STEP_DISCARD, len, ..none },
        RxStep::Deliver { skip, len, cut } => {
            abi::mptcp_core_step { kind: abi::MPTCP_STEP_DELIVER, skip, len, cut, ..none }
        }
        RxStep::Hold { skip, len, cut } => abi::mptcp_core_step { kind: abi::MPTCP_STEP_HOLD, skip, len, cut, ..none },
        RxStep::DeliverHeld { token, skip, len } => {
            abi::mptcp_core_step { kind: abi::MPTCP_STEP_DELIVER_HELD, token, skip, len, ..none }
        }
        RxStep::FreeHeld { token } => abi::mptcp_core_step { kind: abi::MPTCP_STEP_FREE_HELD, token, ..none },
    }
}
