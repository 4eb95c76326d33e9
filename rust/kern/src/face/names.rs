//! Names for messages, probes and sysctls: strings for C, with a NUL, that live for ever.

use super::subflows::refusal_in;
use crate::abi;
use crate::export::export;
use core::ffi::{CStr, c_char, c_int, c_uint};
use mptcp_core::config::{Knob, SchedulerKind};
use mptcp_core::error::JoinRefusal;

/// Longest name with its NUL.
const LONGEST: usize = 32;

/// A name with NULs behind it, made at compile time.
#[derive(Clone, Copy)]
pub(super) struct Name([u8; LONGEST]);

impl Name {
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "at compile time")]
    const fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        assert!(bytes.len() < LONGEST, "a name is too long");
        let mut out = [0; LONGEST];
        let mut at = 0;
        while at < bytes.len() {
            out[at] = bytes[at];
            at += 1;
        }
        Name(out)
    }

    const fn as_ptr(&'static self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "at compile time")]
static KNOBS: [Name; abi::MPTCP_NKNOBS as usize] = {
    let mut out = [Name([0; LONGEST]); abi::MPTCP_NKNOBS as usize];
    let mut at = 0;
    while at < out.len() {
        out[at] = Name::new(Knob::ALL[at].name());
        at += 1;
    }
    out
};

static MIN_RTT: Name = Name::new(SchedulerKind::MinRtt.name());
static ROUND_ROBIN: Name = Name::new(SchedulerKind::RoundRobin.name());
static SCHEDULERS: Name = Name::new(SchedulerKind::list());

/// In the order of [`mptcp_core::stats::Stats`]'s fields, which a test compares.
pub(crate) static STATS: [&CStr; abi::MPTCP_NSTATS as usize] = [
    c"maps_new",
    c"maps_reinjected",
    c"bytes_reinjected",
    c"window_probes",
    c"data_rtos",
    c"bytes_delivered",
    c"pieces_held",
    c"pieces_duplicate",
    c"pieces_beyond_window",
    c"pieces_queue_full",
    c"pieces_no_room",
    c"refused_no_memory",
    c"maps_conflicting",
    c"bad_data_acks",
    c"bad_options",
    c"checksum_errors",
    c"joins_opened",
    c"joins_accepted",
    c"joins_failed",
    c"bad_hmacs",
    c"rejoins",
    c"rescue_joins",
    c"rescues",
    c"stalls",
    c"recoveries",
    c"probes",
    c"add_addr_sent",
    c"add_addr_received",
    c"add_addr_echoed",
    c"remove_addr_received",
    c"prio_received",
    c"fail_sent",
    c"fail_received",
    c"fastclose_received",
    c"rst_received",
];

pub(super) fn knob(number: c_uint) -> *const c_char {
    let name = usize::try_from(number).ok().and_then(|at| KNOBS.get(at));
    name.map_or(core::ptr::null(), Name::as_ptr)
}

pub(super) const fn scheduler(kind: SchedulerKind) -> *const c_char {
    match kind {
        SchedulerKind::MinRtt => MIN_RTT.as_ptr(),
        SchedulerKind::RoundRobin => ROUND_ROBIN.as_ptr(),
    }
}

pub(super) const fn schedulers() -> *const c_char {
    SCHEDULERS.as_ptr()
}

export! {
    /// Name of a counter.
    fn mptcp_core_stats_name(n: c_uint) -> *const c_char {
        let name = usize::try_from(n).ok().and_then(|at| STATS.get(at));
        name.map_or(core::ptr::null(), |name| name.as_ptr())
    }

    /// Name of a `MPTCP_FALLBACK_*`.
    fn mptcp_core_fallback_name(reason: c_int) -> *const c_char {
        let name = match reason.cast_unsigned() {
            abi::MPTCP_FALLBACK_DISABLED => c"disabled",
            abi::MPTCP_FALLBACK_NO_CAPABLE => c"no-capable",
            abi::MPTCP_FALLBACK_NO_CAPABLE_ACK => c"no-capable-in-ack",
            abi::MPTCP_FALLBACK_VERSION => c"version",
            abi::MPTCP_FALLBACK_ALGORITHM => c"algorithm",
            abi::MPTCP_FALLBACK_BAD_KEY => c"bad-key",
            abi::MPTCP_FALLBACK_NO_RESOURCES => c"no-resources",
            abi::MPTCP_FALLBACK_NO_DSS => c"no-dss",
            abi::MPTCP_FALLBACK_CHECKSUM => c"checksum",
            abi::MPTCP_FALLBACK_PEER_FAILED => c"peer-failed",
            abi::MPTCP_AGREED => c"none",
            _ => c"unknown",
        };
        name.as_ptr()
    }

    /// Name of a `MPTCP_JOIN_*`.
    fn mptcp_core_join_refusal_name(refusal: c_int) -> *const c_char {
        let name = match refusal_in(refusal) {
            Some(JoinRefusal::Malformed) => c"malformed",
            Some(JoinRefusal::UnknownToken) => c"unknown-token",
            Some(JoinRefusal::BadHmac) => c"bad-hmac",
            Some(JoinRefusal::NoResources) => c"no-resources",
            Some(JoinRefusal::Prohibited) => c"prohibited",
            None => c"none",
        };
        name.as_ptr()
    }

    /// Name of a `MPTCP_END_*`.
    fn mptcp_core_end_name(end: c_int) -> *const c_char {
        let name = match end.cast_unsigned() {
            abi::MPTCP_END_DONE => c"done",
            abi::MPTCP_END_RESET => c"reset",
            abi::MPTCP_END_ABORTED => c"aborted",
            abi::MPTCP_END_TIMEDOUT => c"timed-out",
            abi::MPTCP_END_DAMAGED => c"damaged",
            abi::MPTCP_END_NOT => c"open",
            _ => c"unknown",
        };
        name.as_ptr()
    }

    /// Name of a `MPTCP_ACTION_*`.
    fn mptcp_core_action_name(kind: u32) -> *const c_char {
        let name = match kind {
            abi::MPTCP_ACTION_NONE => c"none",
            abi::MPTCP_ACTION_OUTPUT => c"output",
            abi::MPTCP_ACTION_SEND_ACK => c"send-ack",
            abi::MPTCP_ACTION_OPEN_SUBFLOW => c"open-subflow",
            abi::MPTCP_ACTION_CLOSE => c"close",
            abi::MPTCP_ACTION_RESET => c"reset",
            abi::MPTCP_ACTION_WAKE_READER => c"wake-reader",
            abi::MPTCP_ACTION_WAKE_WRITER => c"wake-writer",
            abi::MPTCP_ACTION_PEER_CLOSED => c"peer-closed",
            abi::MPTCP_ACTION_CLOSED => c"closed",
            abi::MPTCP_ACTION_PROBE => c"probe",
            _ => c"unknown",
        };
        name.as_ptr()
    }
}
