//! MP_FASTCLOSE (RFC 8684 section 3.5).

use crate::cursor::{Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::key::Key;
use crate::registry::Subtype;

/// MP_FASTCLOSE: the whole connection ends at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct MpFastClose {
    /// Key of the host that receives the option, which proves that its sender knows the connection.
    pub receiver_key: Key,
}

impl MpFastClose {
    pub(super) const WIRE_LEN: u8 = 12;

    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, ParseError> {
        if fields.len != Self::WIRE_LEN {
            return Err(ParseError::BadLength);
        }
        let _reserved = fields.u8()?;
        Ok(MpFastClose { receiver_key: fields.key()? })
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let MpFastClose { receiver_key } = *self;
        writer.head(Self::WIRE_LEN, Subtype::MpFastClose, 0)?;
        writer.u8(0)?;
        writer.octets(&receiver_key.to_be_bytes())
    }
}
