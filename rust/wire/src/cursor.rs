//! Reading and writing big-endian fields one after another, without an index that could be wrong.

use crate::error::{NoRoom, ParseError};
use crate::key::Key;
use crate::registry::{KIND_MPTCP, Subtype};

/// Octets of an option that carries nothing beyond its subtype.
pub(crate) const BARE_LEN: u8 = 3;

/// The fields of one option after its length octet has been obeyed: the low nibble of the third octet
/// and the octets that follow it.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    /// The option's length octet.
    pub(crate) len: u8,
    /// The four bits beside the subtype.
    pub(crate) nibble: u8,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Splits an option that starts at its kind octet into subtype value and fields. `option` may be
    /// longer than the option; the excess is cut off here, and so cannot be read by anyone.
    ///
    /// # Errors
    ///
    /// `NotMptcp`, `Truncated`, or `BadLength` where the length leaves no room for a subtype.
    #[inline]
    pub(crate) fn split(option: &'a [u8]) -> Result<(u8, Self), ParseError> {
        let (kind, after_kind) = option.split_first().ok_or(ParseError::Truncated)?;
        if *kind != KIND_MPTCP {
            return Err(ParseError::NotMptcp);
        }
        let len = *after_kind.first().ok_or(ParseError::Truncated)?;
        if len < BARE_LEN {
            return Err(ParseError::BadLength);
        }
        let octets = option.get(..usize::from(len)).ok_or(ParseError::Truncated)?;
        let ([_, _, third], rest) = octets.split_first_chunk().ok_or(ParseError::Truncated)?;
        let fields = Fields { len, nibble: third & 0x0f, rest };
        Ok((third >> 4, fields))
    }

    /// What has not been read yet.
    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `N` octets.
    #[inline]
    pub(crate) fn octets<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(ParseError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, ParseError> {
        self.octets().map(u8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16, ParseError> {
        self.octets().map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, ParseError> {
        self.octets().map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u64(&mut self) -> Result<u64, ParseError> {
        self.octets().map(u64::from_be_bytes)
    }

    #[inline]
    pub(crate) fn key(&mut self) -> Result<Key, ParseError> {
        self.octets().map(Key::from_be_bytes)
    }
}

/// Writes fields one after another into an option's own octets.
pub(crate) struct Writer<'a> {
    room: &'a mut [u8],
}

impl<'a> Writer<'a> {
    #[inline]
    pub(crate) const fn new(room: &'a mut [u8]) -> Self {
        Writer { room }
    }

    /// Kind, length, and subtype with the four bits beside it.
    #[inline]
    pub(crate) fn head(&mut self, len: u8, subtype: Subtype, nibble: u8) -> Result<(), NoRoom> {
        let third = ((subtype as u8) << 4) | (nibble & 0x0f);
        self.octets(&[KIND_MPTCP, len, third])
    }

    #[inline]
    pub(crate) fn octets(&mut self, octets: &[u8]) -> Result<(), NoRoom> {
        let room = core::mem::take(&mut self.room);
        let (head, rest) = room.split_at_mut_checked(octets.len()).ok_or(NoRoom)?;
        head.copy_from_slice(octets);
        self.room = rest;
        Ok(())
    }

    #[inline]
    pub(crate) fn u8(&mut self, value: u8) -> Result<(), NoRoom> {
        self.octets(&[value])
    }

    #[inline]
    pub(crate) fn u16(&mut self, value: u16) -> Result<(), NoRoom> {
        self.octets(&value.to_be_bytes())
    }

    #[inline]
    pub(crate) fn u32(&mut self, value: u32) -> Result<(), NoRoom> {
        self.octets(&value.to_be_bytes())
    }

    #[inline]
    pub(crate) fn u64(&mut self, value: u64) -> Result<(), NoRoom> {
        self.octets(&value.to_be_bytes())
    }
}
