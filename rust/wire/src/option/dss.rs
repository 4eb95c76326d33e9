//! DSS, the data sequence signal (RFC 8684 section 3.3).

use crate::cursor::{Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::registry::Subtype;

/// A data sequence number as it travels: whole, or its low half.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum DataSeq {
    /// The low 32 bits; the receiver supplies the rest from what it expects (section 3.3.1).
    Short(u32),
    /// All 64 bits.
    Long(u64),
}

/// One mapping of subflow octets to data octets (section 3.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct DssMap {
    /// Data sequence number of the first octet.
    pub dsn: DataSeq,
    /// Subflow sequence number of the first octet, relative to the subflow's ISN: the first data octet
    /// has 1. Zero where the mapping covers a DATA_FIN alone (section 3.3.3).
    pub ssn: u32,
    /// Octets covered, a DATA_FIN counting as one; zero for the infinite mapping.
    pub len: u16,
    /// The checksum, present exactly where checksums were agreed.
    pub csum: Option<u16>,
}

/// DSS. A DATA_FIN belongs to the mapping that it ends (section 3.3.3): without a mapping it is neither
/// written nor, when a peer sends it so, reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Dss {
    /// DATA_ACK (section 3.3.2): the next data sequence number expected.
    pub data_ack: Option<DataSeq>,
    /// The mapping.
    pub map: Option<DssMap>,
    /// The mapping's last octet is a DATA_FIN.
    pub data_fin: bool,
}

/// The flags of the fourth octet; the octet's other bits and those beside the subtype are reserved.
const DATA_FIN: u8 = 0x10;
const DSN_LONG: u8 = 0x08;
const MAP_PRESENT: u8 = 0x04;
const ACK_LONG: u8 = 0x02;
const ACK_PRESENT: u8 = 0x01;

const LEN_FLAGS: u8 = 4;
/// Subflow sequence number and data-level length.
const LEN_SSN_AND_LENGTH: u8 = 6;
const LEN_CSUM: u8 = 2;

impl DataSeq {
    /// The low 32 bits, which every form has.
    #[must_use]
    pub const fn low(self) -> u32 {
        match self {
            DataSeq::Short(low) => low,
            #[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
            DataSeq::Long(whole) => whole as u32,
        }
    }

    const fn wire_len(self) -> u8 {
        match self {
            DataSeq::Short(_) => 4,
            DataSeq::Long(_) => 8,
        }
    }

    #[inline]
    fn parse(fields: &mut Fields<'_>, long: bool) -> Result<Self, ParseError> {
        if long { fields.u64().map(DataSeq::Long) } else { fields.u32().map(DataSeq::Short) }
    }

    #[inline]
    fn emit(self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        match self {
            DataSeq::Short(low) => writer.u32(low),
            DataSeq::Long(whole) => writer.u64(whole),
        }
    }
}

impl DssMap {
    /// Whether this is the infinite mapping with which a connection falls back (section 3.7). Its
    /// checksum, where there is one, is zero and is not to be verified.
    #[must_use]
    pub const fn is_infinite(&self) -> bool {
        self.len == 0
    }

    const fn wire_len(&self) -> u8 {
        let len = LEN_SSN_AND_LENGTH.saturating_add(self.dsn.wire_len());
        match self.csum {
            Some(_) => len.saturating_add(LEN_CSUM),
            None => len,
        }
    }

    #[inline]
    fn parse(fields: &mut Fields<'_>, dsn_long: bool) -> Result<Self, ParseError> {
        Ok(DssMap {
            dsn: DataSeq::parse(fields, dsn_long)?,
            ssn: fields.u32()?,
            len: fields.u16()?,
            csum: (!fields.rest().is_empty()).then(|| fields.u16()).transpose()?,
        })
    }

    #[inline]
    fn emit(self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let DssMap { dsn, ssn, len, csum } = self;
        dsn.emit(writer)?;
        writer.u32(ssn)?;
        writer.u16(len)?;
        csum.map_or(Ok(()), |csum| writer.u16(csum))
    }
}

impl Dss {
    /// 'a' and 'm' mean nothing without 'A' and 'M', and are then ignored (section 3.3). The checksum
    /// has no flag: two octets after a mapping are one.
    #[inline]
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, ParseError> {
        // Too short for a field, or octets left over, is one and the same fault: flags and length disagree.
        let parsed = Self::parse_fields(&mut fields).map_err(|_| ParseError::BadLength)?;
        if fields.rest().is_empty() { Ok(parsed) } else { Err(ParseError::BadLength) }
    }

    #[inline]
    fn parse_fields(fields: &mut Fields<'_>) -> Result<Self, ParseError> {
        let flags = fields.u8()?;
        let data_ack = (flags & ACK_PRESENT != 0).then(|| DataSeq::parse(fields, flags & ACK_LONG != 0)).transpose()?;
        let map = (flags & MAP_PRESENT != 0).then(|| DssMap::parse(fields, flags & DSN_LONG != 0)).transpose()?;
        Ok(Dss { data_ack, map, data_fin: map.is_some() && flags & DATA_FIN != 0 })
    }

    #[inline]
    pub(super) const fn wire_len(&self) -> u8 {
        let ack = match self.data_ack {
            Some(ack) => ack.wire_len(),
            None => 0,
        };
        let map = match self.map {
            Some(map) => map.wire_len(),
            None => 0,
        };
        LEN_FLAGS.saturating_add(ack).saturating_add(map)
    }

    const fn flags(&self) -> u8 {
        let ack = match self.data_ack {
            Some(DataSeq::Long(_)) => ACK_PRESENT | ACK_LONG,
            Some(DataSeq::Short(_)) => ACK_PRESENT,
            None => 0,
        };
        let map = match self.map {
            Some(DssMap { dsn: DataSeq::Long(_), .. }) => MAP_PRESENT | DSN_LONG,
            Some(_) => MAP_PRESENT,
            None => 0,
        };
        let fin = if self.data_fin && self.map.is_some() { DATA_FIN } else { 0 };
        ack | map | fin
    }

    #[inline]
    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.head(self.wire_len(), Subtype::Dss, 0)?;
        writer.u8(self.flags())?;
        if let Some(ack) = self.data_ack {
            ack.emit(writer)?;
        }
        self.map.map_or(Ok(()), |map| map.emit(writer))
    }
}
