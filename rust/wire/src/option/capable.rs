//! MP_CAPABLE (RFC 8684 section 3.1, RFC 6824 section 3.1).

use bitflags::bitflags;

use crate::cursor::{Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::key::Key;
use crate::registry::Subtype;

bitflags! {
    /// The flags A to H of MP_CAPABLE. D to G have no name here but are kept, so that the core can see
    /// whether a peer offers algorithms that nobody has defined yet.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct CapableFlags: u8 {
        /// A: DSS checksums are required.
        const CHECKSUM = 0x80;
        /// B: extensibility; must be sent as zero, and an option that has it set is to be ignored.
        const EXTENSIBILITY = 0x40;
        /// C: the sender takes no further subflow to this address and port. Unassigned in version 0.
        const DENY_JOIN_ID0 = 0x20;
        /// H: HMAC-SHA256 in version 1, HMAC-SHA1 in version 0.
        const HMAC_SHA = 0x01;
        const _ = !0;
    }
}

/// The data-level length, and the checksum where agreed, that version 1's third MP_CAPABLE carries
/// with the first data. The mapping's DSN is the IDSN plus one; its subflow sequence number is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct CapableData {
    /// Octets of data that the mapping covers.
    pub len: u16,
    /// The DSS checksum over them.
    pub csum: Option<u16>,
}

/// MP_CAPABLE. The length on the wire follows from what is present: 4 octets without a key (version
/// 1's SYN), 12 with the sender's key, 20 with both keys, 22 with data, 24 with data and checksum.
///
/// Fields are written only behind those that precede them on the wire: no `receiver_key` without a
/// `sender_key`, no `data` without both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct MpCapable {
    /// The version nibble as it stands on the wire; see [`Version::from_wire`](crate::Version::from_wire).
    pub version: u8,
    /// Flags A to H.
    pub flags: CapableFlags,
    /// Key of the host that sends the option.
    pub sender_key: Option<Key>,
    /// Key of the host that receives it, repeated to it.
    pub receiver_key: Option<Key>,
    /// Length and checksum of the data in this segment.
    pub data: Option<CapableData>,
}

const LEN_BARE: u8 = 4;
const LEN_ONE_KEY: u8 = 12;
const LEN_BOTH_KEYS: u8 = 20;
const LEN_DATA: u8 = 22;
const LEN_DATA_CSUM: u8 = 24;

impl MpCapable {
    /// Version 0 has always a key and never a data length. Of a version later than 1 nothing is known
    /// but that a responder must be able to answer it with its own (section 3.1): any of the known
    /// lengths will do.
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, ParseError> {
        let (version, len) = (fields.nibble, fields.len);
        match (version, len) {
            (_, LEN_ONE_KEY | LEN_BOTH_KEYS) | (1.., LEN_BARE | LEN_DATA | LEN_DATA_CSUM) => {}
            _ => return Err(ParseError::BadLength),
        }
        Ok(MpCapable {
            version,
            flags: CapableFlags::from_bits_retain(fields.u8()?),
            sender_key: (len >= LEN_ONE_KEY).then(|| fields.key()).transpose()?,
            receiver_key: (len >= LEN_BOTH_KEYS).then(|| fields.key()).transpose()?,
            data: (len >= LEN_DATA).then(|| CapableData::parse(&mut fields)).transpose()?,
        })
    }

    pub(super) const fn wire_len(&self) -> u8 {
        match (self.sender_key, self.receiver_key, self.data) {
            (None, _, _) => LEN_BARE,
            (Some(_), None, _) => LEN_ONE_KEY,
            (Some(_), Some(_), None) => LEN_BOTH_KEYS,
            (Some(_), Some(_), Some(CapableData { csum: None, .. })) => LEN_DATA,
            (Some(_), Some(_), Some(CapableData { csum: Some(_), .. })) => LEN_DATA_CSUM,
        }
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let MpCapable { version, flags, sender_key, receiver_key, data } = *self;
        writer.head(self.wire_len(), Subtype::MpCapable, version)?;
        writer.u8(flags.bits())?;
        let Some(sender_key) = sender_key else {
            return Ok(());
        };
        writer.octets(&sender_key.to_be_bytes())?;
        let Some(receiver_key) = receiver_key else {
            return Ok(());
        };
        writer.octets(&receiver_key.to_be_bytes())?;
        match data {
            Some(data) => data.emit(writer),
            None => Ok(()),
        }
    }
}

impl CapableData {
    fn parse(fields: &mut Fields<'_>) -> Result<Self, ParseError> {
        Ok(CapableData { len: fields.u16()?, csum: (fields.len == LEN_DATA_CSUM).then(|| fields.u16()).transpose()? })
    }

    fn emit(self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let CapableData { len, csum } = self;
        writer.u16(len)?;
        csum.map_or(Ok(()), |csum| writer.u16(csum))
    }
}
