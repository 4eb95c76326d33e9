//! What the caller still has to do on a subflow, and the options that wait for a segment.

use bitflags::bitflags;
use mptcp_wire::MpOption;

bitflags! {
    /// What the caller should do with a subflow next.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct Wants: u8 {
        /// Let TCP send.
        const OUTPUT = 0x01;
        /// Send an ACK without payload.
        const ACK = 0x02;
        /// Send one more after that: what it carries may take the place of the DSS.
        const ACK_AGAIN = 0x10;
        /// Send a segment that has to be answered.
        const PROBE = 0x20;
        /// Close in order.
        const CLOSE = 0x04;
        /// Reset.
        const RESET = 0x08;
    }
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) wants: Wants,
    /// Goes with the RST.
    pub(crate) reset: Option<MpOption>,
    /// MP_FAIL that goes with the RST (RFC 8684 section 3.7).
    pub(crate) fail: Option<MpOption>,
    /// ADD_ADDR, REMOVE_ADDR or MP_PRIO for the next ACK.
    pub(crate) signal: Option<MpOption>,
    /// MP_PRIO that waits for the place of `signal`: it must travel on this subflow.
    pub(crate) prio: Option<MpOption>,
}

impl Pending {
    pub(crate) const fn new() -> Self {
        Pending { wants: Wants::empty(), reset: None, fail: None, signal: None, prio: None }
    }
}
