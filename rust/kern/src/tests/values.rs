//! Names, sums, by-value objects and strings.

use crate::abi;
use crate::face::testing::{STATS, sum_in};
use core::mem::MaybeUninit;
use mptcp_core::stats::Stats;
use mptcp_wire::checksum::Sum;
use std::ffi::CStr;

#[test]
fn counters_have_the_names_of_cores_fields() {
    let names: Vec<_> = STATS.iter().map(|name| name.to_str().unwrap()).collect();
    let fields: Vec<_> = Stats::default().iter().map(|(name, _)| name).collect();
    assert_eq!(names, fields);
    // SAFETY: takes any number.
    assert!(unsafe { abi::mptcp_core_stats_name(abi::MPTCP_NSTATS) }.is_null());
}

#[test]
fn a_sum_survives_its_way_through_c() {
    let bytes: Vec<u8> = (0..=255).cycle().map(|n: u8| n.wrapping_mul(37)).take(1001).collect();
    for first in [0, 1, 2, 3, 500, 1001] {
        for second in [0, 1, 7, 1001] {
            let mut sum = abi::mptcp_core_sum { sum: 0, odd: 0 };
            let cuts = [0, first.min(second), first.max(second), bytes.len()];
            for pair in cuts.windows(2) {
                let part = &bytes[pair[0]..pair[1]];
                // SAFETY: the slice has that many bytes.
                unsafe { abi::mptcp_core_sum_add(&raw mut sum, part.as_ptr().cast(), part.len()) };
            }
            let mut whole = Sum::new();
            whole.add_bytes(&bytes);
            assert_eq!(sum_in(&sum), whole);
            assert_eq!(sum.sum, u32::from(whole.fold()));
        }
    }
}

#[test]
fn settings_are_read_back_and_checked() {
    let mut cfg = MaybeUninit::<abi::mptcp_core_config>::uninit();
    // SAFETY: an object that is initialised first, and pointers to live values.
    unsafe {
        let cfg = cfg.as_mut_ptr();
        abi::mptcp_core_config_init(cfg);
        for knob in 0..abi::MPTCP_NKNOBS {
            let (mut min, mut max, mut value) = (0, 0, 0);
            assert_eq!(abi::mptcp_core_knob_range(knob, &raw mut min, &raw mut max), 0);
            assert_eq!(abi::mptcp_core_config_set(cfg, knob, max), 0);
            assert_eq!(abi::mptcp_core_config_set(cfg, knob, max + 1), 22);
            assert_eq!(abi::mptcp_core_config_get(cfg, knob, &raw mut value), 0);
            assert_eq!(value, max);
            assert!(!CStr::from_ptr(abi::mptcp_core_knob_name(knob)).is_empty());
        }
        assert_eq!(abi::mptcp_core_config_set(cfg, abi::MPTCP_NKNOBS, 0), 22);
        assert_eq!(abi::mptcp_core_config_set_scheduler(cfg, c"round_robin".as_ptr(), 11), 0);
        assert_eq!(abi::mptcp_core_config_set_scheduler(cfg, c"fifo".as_ptr(), 4), 22);
        assert_eq!(CStr::from_ptr(abi::mptcp_core_config_scheduler(cfg)), c"round_robin");
    }
}

#[test]
fn a_bad_list_of_addresses_changes_nothing() {
    let mut list = MaybeUninit::<abi::mptcp_core_addresses>::uninit();
    let good = "192.0.2.1 2001:db8::1,backup";
    let mut text = [0_i8; 64];
    let mut bad = 0;
    // SAFETY: an object that is initialised first, and pointers to live values with their sizes.
    unsafe {
        let list = list.as_mut_ptr();
        abi::mptcp_core_addresses_init(list);
        assert_eq!(abi::mptcp_core_addresses_parse(list, good.as_ptr().cast(), good.len(), &raw mut bad), 0);
        assert_eq!(abi::mptcp_core_addresses_parse(list, c"10.0.0.1 x".as_ptr(), 10, &raw mut bad), 22);
        assert_eq!(bad, 9);
        let len = abi::mptcp_core_addresses_print(list, text.as_mut_ptr().cast(), text.len());
        assert_eq!(len, good.len());
        assert_eq!(CStr::from_ptr(text.as_ptr().cast()).to_str().unwrap(), good);
        let mut addr = MaybeUninit::<abi::mptcp_core_addr>::uninit();
        let mut backup = false;
        assert!(abi::mptcp_core_addresses_get(list, 1, addr.as_mut_ptr(), &raw mut backup));
        assert_eq!((addr.assume_init().family, backup), (6, true));
        assert!(!abi::mptcp_core_addresses_get(list, 2, addr.as_mut_ptr(), &raw mut backup));
        assert!(!abi::mptcp_core_addresses_remove(list, 2));
        assert!(abi::mptcp_core_addresses_remove(list, 0));
        assert!(!abi::mptcp_core_addresses_get(list, 1, addr.as_mut_ptr(), &raw mut backup));
        assert!(abi::mptcp_core_addresses_get(list, 0, addr.as_mut_ptr(), &raw mut backup));
    }
}

#[test]
fn a_debug_mask_is_a_number_for_c() {
    let mut mask = 0_u32;
    let mut text = [0_u8; 64];
    // SAFETY: pointers to live values with their sizes.
    unsafe {
        assert_eq!(abi::mptcp_core_debug_apply(&raw mut mask, c"REASS:2".as_ptr(), 7, core::ptr::null_mut()), 0);
        assert_eq!(mask, 0b110 << (8 * abi::MPTCP_DBG_REASS));
        assert_eq!(abi::mptcp_core_debug_apply(&raw mut mask, c"FOO:2".as_ptr(), 5, core::ptr::null_mut()), 22);
        assert_eq!(abi::mptcp_core_debug_print(mask, text.as_mut_ptr().cast(), text.len()), 7);
    }
    assert_eq!(text.get(..8), Some(&b"REASS:2\0"[..]));
}

#[test]
fn slow_start_ends_where_round_trips_grow() {
    let mut state = abi::mptcp_core_hystart { opaque: [0; 7] };
    let mut said = std::vec::Vec::new();
    for at in 0..100_u32 {
        let rtt = if at < 20 { 20 } else { 40 };
        // SAFETY: the state is this test's own.
        said.push(unsafe { abi::mptcp_core_cc_hystart(&raw mut state, at, at + 10, rtt) });
    }
    said.dedup();
    assert_eq!(said, [1, 4, 0]);
}

#[test]
fn coupled_growth_keeps_its_fractions() {
    let path = abi::mptcp_core_path_window { cwnd: 1 << 20, srtt_us: 10_000, mss: 1448, slow_start: 0 };
    let mut coupling = MaybeUninit::<abi::mptcp_core_coupling>::uninit();
    let mut credit = 0_u64;
    let mut grown = 0;
    // SAFETY: the coupling is written first; one path is there.
    unsafe {
        abi::mptcp_core_cc_couple(coupling.as_mut_ptr(), &raw const path, 1);
        for _ in 0..1000 {
            grown += abi::mptcp_core_cc_growth(coupling.as_ptr(), &raw const path, 1448, &raw mut credit);
        }
    }
    let reno = 1000.0 * 1448.0 * 1448.0 / f64::from(1 << 20);
    assert!((grown as f64 - reno).abs() < 0.01 * reno, "{grown} for {reno}");
}
