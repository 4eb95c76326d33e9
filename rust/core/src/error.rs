//! Why a connection ended, and why a join or a subflow did.

use core::fmt;
use mptcp_wire::RstReason;

/// How the whole connection ended, for the application.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum ConnError {
    /// Both DATA_FINs were acknowledged.
    Done = 0,
    /// The peer sent MP_FASTCLOSE, or reset every subflow: `ECONNRESET`.
    Reset = 1,
    /// The application aborted: `ECONNABORTED`.
    Aborted = 2,
    /// No path worked for too long: `ETIMEDOUT`.
    TimedOut = 3,
    /// Data was damaged and could not be had again (MP_FAIL in a place where no infinite mapping is possible): `ECONNRESET`.
    Damaged = 4,
}

/// How a subflow's TCP ended, told by the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum SubflowEnd {
    /// FINs in both directions.
    Fin = 0,
    /// The peer sent a RST.
    Reset = 1,
    /// TCP gave up: timeout, or the network says unreachable.
    Timeout = 2,
    /// We closed it ourselves.
    Local = 3,
}

/// Why a join was refused; the caller resets the subflow with MP_TCPRST (RFC 8684 section 3.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum JoinRefusal {
    /// No MP_JOIN, or not of the form that this point of the handshake asks for.
    Malformed = 0,
    /// No connection has that token.
    UnknownToken = 1,
    /// The HMAC is wrong.
    BadHmac = 2,
    /// `max_subflows` are in use, or there is no memory.
    NoResources = 3,
    /// The connection takes no further subflow: fallback, closing, or the address is denied (C flag).
    Prohibited = 4,
}

impl JoinRefusal {
    /// Reason for the MP_TCPRST.
    #[must_use]
    pub const fn rst_reason(self) -> RstReason {
        match self {
            JoinRefusal::Malformed | JoinRefusal::UnknownToken | JoinRefusal::BadHmac => RstReason::MPTCP_ERROR,
            JoinRefusal::NoResources => RstReason::NO_RESOURCES,
            JoinRefusal::Prohibited => RstReason::PROHIBITED,
        }
    }
}

impl fmt::Display for ConnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConnError::Done => "closed",
            ConnError::Reset => "connection reset by peer",
            ConnError::Aborted => "connection aborted",
            ConnError::TimedOut => "no path worked for too long",
            ConnError::Damaged => "data was damaged on the way",
        })
    }
}

impl fmt::Display for JoinRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JoinRefusal::Malformed => "MP_JOIN missing or malformed",
            JoinRefusal::UnknownToken => "no connection has that token",
            JoinRefusal::BadHmac => "wrong HMAC",
            JoinRefusal::NoResources => "no room for another subflow",
            JoinRefusal::Prohibited => "connection takes no further subflow",
        })
    }
}

impl core::error::Error for ConnError {}
impl core::error::Error for JoinRefusal {}

#[cfg(test)]
mod tests;
