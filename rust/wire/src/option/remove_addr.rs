//! REMOVE_ADDR (RFC 8684 section 3.4.2).

use core::fmt;
use core::hash::{Hash, Hasher};

use crate::cursor::{BARE_LEN, Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::registry::Subtype;

/// The address IDs of one REMOVE_ADDR: at least one, at most [`AddrIds::MAX`], in the order of the wire.
/// An ID may stand there twice.
#[derive(Clone, Copy)]
pub struct AddrIds {
    ids: [u8; AddrIds::MAX],
    /// How many of `ids` count, 1 to `MAX`.
    len: u8,
}

impl AddrIds {
    /// As many as fit into the 40 octets that a TCP header has for options.
    pub const MAX: usize = 37;

    /// The list of these IDs; `None` where there are none, or more than [`AddrIds::MAX`].
    #[must_use]
    pub fn from_slice(ids: &[u8]) -> Option<Self> {
        let len = u8::try_from(ids.len()).ok().filter(|len| *len > 0)?;
        let mut list = AddrIds { ids: [0; AddrIds::MAX], len };
        list.ids.get_mut(..ids.len())?.copy_from_slice(ids);
        Some(list)
    }

    /// The IDs.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The IDs, one by one.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u8> + '_ {
        self.as_slice().iter().copied()
    }

    pub(super) fn parse(fields: Fields<'_>) -> Result<Self, ParseError> {
        AddrIds::from_slice(fields.rest()).ok_or(ParseError::BadLength)
    }

    pub(super) const fn wire_len(&self) -> u8 {
        BARE_LEN.saturating_add(self.len)
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.head(self.wire_len(), Subtype::RemoveAddr, 0)?;
        writer.octets(self.as_slice())
    }
}

impl PartialEq for AddrIds {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for AddrIds {}

impl Hash for AddrIds {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl fmt::Debug for AddrIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AddrIds").field(&self.as_slice()).finish()
    }
}
