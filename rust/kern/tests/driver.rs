//! Two connections talk to each other through the C face, driven from C as the glue does it (`tests/driver.c`).
#![allow(missing_docs, reason = "a test")]

use core::ffi::{CStr, c_char, c_long};

use mptcp_kern::OsAlloc;

/// All memory of this program comes from `mptcp_os_alloc`; only during a run is it counted and made to fail.
#[global_allocator]
static ALLOCATOR: OsAlloc = OsAlloc;

#[repr(C)]
struct DriverResult {
    failure: *const c_char,
    requests: c_long,
    blocks: c_long,
    subflows: u32,
    plain: bool,
    end: u64,
}

unsafe extern "C" {
    fn driver_run(seed: u64, bytes: u32, checksum: u32, version: u32, fail_at: c_long) -> DriverResult;
}

struct Run {
    requests: c_long,
    subflows: u32,
    plain: bool,
}

fn run(seed: u64, bytes: u32, checksum: bool, version: u32, fail_at: c_long) -> Run {
    // SAFETY: the driver takes any numbers, and keeps what it shares in thread-local variables.
    let result = unsafe { driver_run(seed, bytes, u32::from(checksum), version, fail_at) };
    let what = format!("seed {seed}, {bytes} bytes, checksum {checksum}, v{version}, allocation {fail_at} refused");
    if !result.failure.is_null() {
        // SAFETY: a string of the driver's in thread-local memory, until the next run.
        let text = unsafe { CStr::from_ptr(result.failure) };
        panic!("{} after {} us ({what})", text.to_string_lossy(), result.end);
    }
    assert_eq!(result.blocks, 0, "memory was not given back ({what})");
    Run { requests: result.requests, subflows: result.subflows, plain: result.plain }
}

#[test]
fn data_goes_both_ways_over_three_subflows() {
    for seed in 0..20 {
        for checksum in [false, true] {
            let done = run(seed, 300_000, checksum, 1, -1);
            assert!(!done.plain);
            assert_eq!(done.subflows, 3);
        }
    }
}

#[test]
fn version_0_is_spoken_as_well() {
    let done = run(7, 100_000, false, 0, -1);
    assert!(!done.plain);
    assert_eq!(done.subflows, 3);
}

#[test]
fn a_connection_without_data_closes() {
    assert!(!run(3, 0, false, 1, -1).plain);
}

#[test]
fn every_allocation_may_fail_in_turn() {
    let requests = run(1, 60_000, true, 1, -1).requests;
    assert!(requests > 10, "{requests} requests: the driver counts wrongly");
    let mut plain = 0;
    for at in 0..requests {
        plain += u32::from(run(1, 60_000, true, 1, at).plain);
    }
    assert!(plain > 0, "without memory for an MPCB the connection is plain TCP");
    assert!(i64::from(plain) < requests, "later the connection stays multipath");
}
