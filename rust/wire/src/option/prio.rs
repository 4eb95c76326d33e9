//! MP_PRIO (RFC 8684 section 3.3.8, RFC 6824 section 3.3.8).

use crate::cursor::{Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::registry::Subtype;

/// MP_PRIO: asks the receiver to change how it treats a subflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct MpPrio {
    /// B: send on the subflow only when no other works.
    pub backup: bool,
    /// Version 0 only: the sender's address whose subflows are meant. Without it, the subflow that
    /// carries the option is.
    pub addr_id: Option<u8>,
}

/// B among the four bits beside the subtype.
const BACKUP: u8 = 0x1;

const LEN: u8 = 3;
const LEN_ADDR_ID: u8 = 4;

impl MpPrio {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, ParseError> {
        Ok(MpPrio {
            backup: fields.nibble & BACKUP != 0,
            addr_id: match fields.len {
                LEN => None,
                LEN_ADDR_ID => Some(fields.u8()?),
                _ => return Err(ParseError::BadLength),
            },
        })
    }

    pub(super) const fn wire_len(&self) -> u8 {
        match self.addr_id {
            Some(_) => LEN_ADDR_ID,
            None => LEN,
        }
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let MpPrio { backup, addr_id } = *self;
        writer.head(self.wire_len(), Subtype::MpPrio, u8::from(backup))?;
        addr_id.map_or(Ok(()), |addr_id| writer.u8(addr_id))
    }
}
