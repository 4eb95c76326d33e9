//! MP_JOIN (RFC 8684 section 3.2).

use crate::cursor::{Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::registry::Subtype;

/// MP_JOIN in its three forms, told apart by their length.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum MpJoin {
    /// On the SYN, 12 octets.
    Syn {
        /// B: use this subflow only when no other works.
        backup: bool,
        /// Address ID of the SYN's source address.
        addr_id: u8,
        /// The receiver's token, which names the connection.
        token: u32,
        /// The sender's random number.
        nonce: u32,
    },
    /// On the SYN/ACK, 16 octets.
    SynAck {
        /// B: use this subflow only when no other works.
        backup: bool,
        /// Address ID of the SYN/ACK's source address.
        addr_id: u8,
        /// The leftmost 64 bits of the sender's HMAC.
        hmac: u64,
        /// The sender's random number.
        nonce: u32,
    },
    /// On the third ACK, 24 octets.
    Ack {
        /// The leftmost 160 bits of the sender's HMAC.
        hmac: [u8; 20],
    },
}

const LEN_SYN: u8 = 12;
const LEN_SYN_ACK: u8 = 16;
const LEN_ACK: u8 = 24;

/// B among the four bits beside the subtype.
const BACKUP: u8 = 0x1;

impl MpJoin {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, ParseError> {
        let backup = fields.nibble & BACKUP != 0;
        // Reserved in the third ACK, and ignored there.
        let addr_id = fields.u8().map_err(|_| ParseError::BadLength)?;
        match fields.len {
            LEN_SYN => Ok(MpJoin::Syn { backup, addr_id, token: fields.u32()?, nonce: fields.u32()? }),
            LEN_SYN_ACK => Ok(MpJoin::SynAck { backup, addr_id, hmac: fields.u64()?, nonce: fields.u32()? }),
            LEN_ACK => Ok(MpJoin::Ack { hmac: fields.octets()? }),
            _ => Err(ParseError::BadLength),
        }
    }

    pub(super) const fn wire_len(&self) -> u8 {
        match self {
            MpJoin::Syn { .. } => LEN_SYN,
            MpJoin::SynAck { .. } => LEN_SYN_ACK,
            MpJoin::Ack { .. } => LEN_ACK,
        }
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let len = self.wire_len();
        match *self {
            MpJoin::Syn { backup, addr_id, token, nonce } => {
                writer.head(len, Subtype::MpJoin, u8::from(backup))?;
                writer.u8(addr_id)?;
                writer.u32(token)?;
                writer.u32(nonce)
            }
            MpJoin::SynAck { backup, addr_id, hmac, nonce } => {
                writer.head(len, Subtype::MpJoin, u8::from(backup))?;
                writer.u8(addr_id)?;
                writer.u64(hmac)?;
                writer.u32(nonce)
            }
            MpJoin::Ack { hmac } => {
                writer.head(len, Subtype::MpJoin, 0)?;
                writer.u8(0)?;
                writer.octets(&hmac)
            }
        }
    }
}
