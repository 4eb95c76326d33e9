//! Congestion control: coupled growth, and the end of slow start.

use crate::abi;
use crate::export::export;
use crate::object::Out;
use core::mem::transmute;
use mptcp_core::cc::{Coupling, Credit, HyStart, PathWindow, Verdict};
use static_assertions::{assert_eq_align, assert_eq_size};

assert_eq_size!(Coupling, abi::mptcp_core_coupling);
assert_eq_align!(Coupling, abi::mptcp_core_coupling);
assert_eq_size!(Credit, u64);
assert_eq_size!(HyStart, abi::mptcp_core_hystart);
assert_eq_align!(HyStart, abi::mptcp_core_hystart);

export! {
    /// [`Coupling::lia`].
    fn mptcp_core_cc_couple(
        coupling: Out<abi::mptcp_core_coupling>, paths[n]: &[abi::mptcp_core_path_window],
    ) {
        // No connection has more subflows; a longer list is cut off.
        let mut windows = [PathWindow::default(); abi::MPTCP_CORE_MAX_SUBFLOWS as usize];
        let mut count = 0_usize;
        for (to, from) in windows.iter_mut().zip(paths) {
            *to = path(from);
            count = count.saturating_add(1);
        }
        let made = Coupling::lia(windows.iter().take(count));
        // SAFETY: two words without padding on either side (asserted above), and any words are valid in C.
        coupling.set(unsafe { transmute::<Coupling, abi::mptcp_core_coupling>(made) });
    }

    /// [`Coupling::growth`], through a [`Credit`].
    fn mptcp_core_cc_growth(
        coupling: &abi::mptcp_core_coupling, window: &abi::mptcp_core_path_window, acked: u64,
        credit: &mut u64,
    ) -> u64 {
        // SAFETY: two words without padding (asserted above), each of which may hold any number; zeroes are
        // `Coupling::NONE`, and all arithmetic on the others saturates.
        let coupling = unsafe { transmute::<abi::mptcp_core_coupling, Coupling>(*coupling) };
        // SAFETY: one word (asserted above), which may hold any number; zero is the default.
        let mut kept = unsafe { transmute::<u64, Credit>(*credit) };
        let bytes = kept.add(coupling.growth(&path(window), acked));
        // SAFETY: one word, as above.
        *credit = unsafe { transmute::<Credit, u64>(kept) };
        bytes
    }

    /// [`HyStart::acked`].
    fn mptcp_core_cc_hystart(state: &mut abi::mptcp_core_hystart, ack: u32, next: u32, rtt_ms: u32) -> u32 {
        // SAFETY: words without padding, of the same number (asserted above), each of which may hold any number.
        let mut kept = unsafe { transmute::<abi::mptcp_core_hystart, HyStart>(*state) };
        let verdict = kept.acked(ack, next, Some(rtt_ms).filter(|rtt| *rtt != u32::MAX));
        // SAFETY: as above.
        *state = unsafe { transmute::<HyStart, abi::mptcp_core_hystart>(kept) };
        match verdict {
            Verdict::Whole => 1,
            Verdict::Part(divisor) => divisor,
            Verdict::Ended => 0,
        }
    }
}

const fn path(window: &abi::mptcp_core_path_window) -> PathWindow {
    PathWindow { cwnd: window.cwnd, srtt_us: window.srtt_us, mss: window.mss, slow_start: window.slow_start != 0 }
}
