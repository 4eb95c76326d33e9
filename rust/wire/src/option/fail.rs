//! MP_FAIL (RFC 8684 section 3.7).

use crate::cursor::{Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::registry::Subtype;

/// MP_FAIL: a mapping's checksum was wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct MpFail {
    /// Data sequence number, whole, at which the failed mapping begins.
    pub dsn: u64,
}

impl MpFail {
    pub(super) const WIRE_LEN: u8 = 12;

    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, ParseError> {
        if fields.len != Self::WIRE_LEN {
            return Err(ParseError::BadLength);
        }
        let _reserved = fields.u8()?;
        Ok(MpFail { dsn: fields.u64()? })
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let MpFail { dsn } = *self;
        writer.head(Self::WIRE_LEN, Subtype::MpFail, 0)?;
        writer.u8(0)?;
        writer.u64(dsn)
    }
}
