//! The way back to plain TCP in the middle of a connection (RFC 8684 section 3.7): when it is allowed, and what it
//! leaves behind.
//!
//! [`Situation`] judges what missing options mean. [`Fallback`] is the state of a connection that goes on as one TCP
//! connection. Neither sees more of the connection than it is told. Under MP_LOCK.

mod fail;
mod situation;

pub(crate) use fail::{FAIL_REPEAT, Failing};
pub(crate) use situation::{Evidence, Situation, Verdict};

use crate::handshake::FallbackReason;
use crate::subflow::SubflowId;
use core::time::Duration;
use mptcp_wire::{MpFail, MpOption};

/// MP_FAIL of a host that fell back by itself goes out so often again. After that no option is sent any more: the peer has
/// heard, or never will.
const FAIL_REPEATS: u8 = 4;

/// The connection goes on as plain TCP on its only subflow. It never becomes multipath again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fallback {
    reason: FallbackReason,
    sf: SubflowId,
    /// SSN and data offset at which our infinite mapping begins.
    ssn: u64,
    doff: u64,
    /// What was mapped before: the infinite mapping is sent until something behind it is acknowledged.
    told: u64,
    /// MP_FAIL is repeated until the peer acknowledges data or falls back visibly.
    fail: Option<u64>,
    repeats: fail::Repeats,
    /// The peer may not know: DATA_ACKs go on, so that it does not wait for them for ever.
    keep_data_ack: bool,
    /// The peer has fallen back too.
    peer_knows: bool,
    /// It had sent nothing that we took when we fell back.
    unheard: bool,
}

/// What a connection looks like at the moment of its fallback.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// The subflow that carries on.
    pub(crate) sf: SubflowId,
    /// SSN of the next byte that we send on it.
    pub(crate) next_ssn: u64,
    /// First data offset without DATA_ACK, and the first that was never mapped.
    pub(crate) una: u64,
    pub(crate) nxt: u64,
    /// DSN of the next byte that we expect.
    pub(crate) rcv_dsn: u64,
    /// Nothing was taken from the subflow yet.
    pub(crate) unheard: bool,
}

impl Fallback {
    /// Falls back for `reason`.
    pub(crate) fn new(reason: FallbackReason, cut: &Cut) -> Self {
        // Nobody told us: the peer may go on as before, which is no longer understood here.
        let alone = reason == FallbackReason::NoDss;
        Fallback {
            reason,
            sf: cut.sf,
            // RFC 8684 section 3.7: the mapping acts retroactively, from the last data known to be intact.
            ssn: cut.next_ssn.saturating_sub(cut.nxt.saturating_sub(cut.una)),
            doff: cut.nxt.min(cut.una),
            told: cut.next_ssn,
            fail: alone.then_some(cut.rcv_dsn),
            repeats: fail::Repeats::new(FAIL_REPEATS),
            keep_data_ack: alone,
            peer_knows: !alone,
            unheard: cut.unheard,
        }
    }

    /// Why.
    pub(crate) const fn reason(&self) -> FallbackReason {
        self.reason
    }

    /// The subflow that carries on.
    pub(crate) const fn sf(&self) -> SubflowId {
        self.sf
    }

    /// The peer's bytes without mapping are the next data: it fell back too, or had sent none when we did.
    pub(crate) const fn is_trusted(&self) -> bool {
        self.peer_knows || self.unheard
    }

    /// The peer has shown that it has fallen back too.
    pub(crate) const fn peer_knows(&self) -> bool {
        self.peer_knows
    }

    /// ACKs still carry the DATA_ACK.
    pub(crate) const fn keeps_data_ack(&self) -> bool {
        self.keep_data_ack
    }

    /// MP_FAIL that goes out with everything.
    pub(crate) fn fail_option(&self) -> Option<MpOption> {
        self.fail.map(|dsn| MpOption::Fail(MpFail { dsn }))
    }

    /// Where our infinite mapping begins (SSN, data offset), as long as it is sent; `acked`: first SSN that the peer
    /// has not acknowledged.
    pub(crate) fn infinite_map(&self, acked: u64) -> Option<(u64, u64)> {
        (acked <= self.told).then_some((self.ssn, self.doff))
    }

    /// RFC 8684 section 3.7: the receiver of an MP_FAIL answers with one.
    pub(crate) const fn answer_fail(&mut self, dsn: u64) {
        self.fail = Some(dsn);
    }

    /// The peer's infinite mapping came: it knows.
    pub(crate) const fn peer_follows(&mut self) {
        self.keep_data_ack = false;
        self.fail = None;
        self.peer_knows = true;
    }

    /// The subflow's acknowledgement is the DATA_ACK now: the data offset that it stands for.
    pub(crate) fn data_acked(&mut self, acked: u64) -> Option<u64> {
        if acked > self.told {
            self.fail = None;
        }
        Some(self.doff.saturating_add(acked.checked_sub(self.ssn)?))
    }

    /// MP_FAIL was out for one interval. Returns the next interval, or `None` where the peer has heard enough.
    pub(crate) fn repeat_fail(&mut self) -> Option<Duration> {
        let wait = self.repeats.next();
        if wait.is_none() {
            self.fail = None;
            self.keep_data_ack = false;
        }
        wait
    }
}

#[cfg(test)]
mod tests;
