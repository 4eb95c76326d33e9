//! MP_TCPRST (RFC 8684 section 3.6).

use crate::cursor::{Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::registry::Subtype;

/// Why a subflow was reset (section 3.6 and the registry of section 7.4). Values without a name here
/// are kept; they are to be treated as [`RstReason::UNSPECIFIED`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct RstReason(pub u8);

impl RstReason {
    /// No reason given.
    pub const UNSPECIFIED: Self = RstReason(0x00);
    /// An error in the processing of MPTCP options.
    pub const MPTCP_ERROR: Self = RstReason(0x01);
    /// The host lacks resources for the subflow.
    pub const NO_RESOURCES: Self = RstReason(0x02);
    /// The host's policy forbids the subflow.
    pub const PROHIBITED: Self = RstReason(0x03);
    /// Too much data was outstanding.
    pub const TOO_MUCH_DATA: Self = RstReason(0x04);
    /// The subflow performed too badly beside the others.
    pub const BAD_PERFORMANCE: Self = RstReason(0x05);
    /// A middlebox interfered.
    pub const MIDDLEBOX: Self = RstReason(0x06);
}

/// MP_TCPRST: accompanies a RST.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct MpTcpRst {
    /// T: the condition may pass; a later attempt over this path may succeed.
    pub transient: bool,
    /// The reason.
    pub reason: RstReason,
}

/// T among the four bits beside the subtype; U, V and W are reserved.
const TRANSIENT: u8 = 0x1;

impl MpTcpRst {
    pub(super) const WIRE_LEN: u8 = 4;

    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, ParseError> {
        if fields.len != Self::WIRE_LEN {
            return Err(ParseError::BadLength);
        }
        Ok(MpTcpRst { transient: fields.nibble & TRANSIENT != 0, reason: RstReason(fields.u8()?) })
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let MpTcpRst { transient, reason } = *self;
        writer.head(Self::WIRE_LEN, Subtype::MpTcpRst, u8::from(transient))?;
        writer.u8(reason.0)
    }
}
