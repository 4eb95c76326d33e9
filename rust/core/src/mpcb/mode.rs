//! What kind of connection this is at present. It decides which rules an event meets.

use crate::error::ConnError;
use crate::fallback::{Failing, Fallback};
use crate::handshake::FallbackReason;
use mptcp_wire::MpOption;

/// The modes of a connection. It moves down this list and never up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    /// The handshake agreed on MPTCP. The peer has not yet shown that it speaks it on this connection: no DSS came, and no
    /// MP_CAPABLE with data.
    Unconfirmed,
    /// It has: joins are possible (RFC 8684 section 3.1).
    Multipath,
    /// A checksum failed on the only subflow and MP_FAIL is out. The bytes wait for the peer's infinite mapping
    /// (RFC 8684 section 3.7).
    Failing(Failing),
    /// Plain TCP on one subflow. No DSS counts any more, and nothing at the data level is timed.
    Plain(Fallback),
    /// The connection has ended; what it was before, if that was plain TCP.
    Over(ConnError, Option<Fallback>),
}

impl Mode {
    /// The connection has ended.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Mode::Over(..))
    }

    /// It is plain TCP, and has not ended.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self, Mode::Plain(_))
    }

    /// An infinite mapping of the peer is awaited.
    pub(super) const fn is_failing(&self) -> bool {
        matches!(self, Mode::Failing(_))
    }

    /// The peer speaks MPTCP on this connection.
    pub(super) const fn is_confirmed(&self) -> bool {
        matches!(self, Mode::Multipath | Mode::Failing(_))
    }

    /// Data may go over several subflows: joins and reinjection are possible. Not while everything has to stay contiguous for
    /// an infinite mapping. `Unconfirmed` counts: a peer that joins shows that it speaks MPTCP.
    pub(super) const fn may_spread(&self) -> bool {
        matches!(self, Mode::Unconfirmed | Mode::Multipath)
    }

    /// The fallback that has happened, also after the end.
    pub(super) const fn fallback(&self) -> Option<&Fallback> {
        match self {
            Mode::Plain(fallback) | Mode::Over(_, Some(fallback)) => Some(fallback),
            Mode::Unconfirmed | Mode::Multipath | Mode::Failing(_) | Mode::Over(_, None) => None,
        }
    }

    /// MP_FAIL that goes out with everything at present.
    pub(super) fn fail_option(&self) -> Option<MpOption> {
        match self {
            Mode::Failing(failing) => Some(failing.option()),
            Mode::Plain(fallback) | Mode::Over(_, Some(fallback)) => fallback.fail_option(),
            Mode::Unconfirmed | Mode::Multipath | Mode::Over(_, None) => None,
        }
    }

    /// Why the connection fell back, if it did.
    pub(super) fn fallback_reason(&self) -> Option<FallbackReason> {
        self.fallback().map(Fallback::reason)
    }

    /// How it ended, if it did.
    pub(super) const fn ended(&self) -> Option<ConnError> {
        match self {
            Mode::Over(error, _) => Some(*error),
            Mode::Unconfirmed | Mode::Multipath | Mode::Failing(_) | Mode::Plain(_) => None,
        }
    }

    /// The peer has shown that it speaks MPTCP. Returns whether that is news.
    pub(super) const fn confirm(&mut self) -> bool {
        let news = matches!(self, Mode::Unconfirmed);
        if news {
            *self = Mode::Multipath;
        }
        news
    }

    /// The connection ends. Returns false where it has ended already.
    pub(super) const fn end(&mut self, error: ConnError) -> bool {
        let before = match self {
            Mode::Over(..) => return false,
            Mode::Plain(fallback) => Some(*fallback),
            Mode::Unconfirmed | Mode::Multipath | Mode::Failing(_) => None,
        };
        *self = Mode::Over(error, before);
        true
    }
}
