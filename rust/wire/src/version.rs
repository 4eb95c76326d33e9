//! The protocol versions spoken here.

/// A version of MPTCP whose options this crate knows: the nibble beside the subtype in MP_CAPABLE.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum Version {
    /// RFC 6824: SHA-1, keys in the SYN, ADD_ADDR without HMAC.
    V0 = 0,
    /// RFC 8684.
    V1 = 1,
}

impl Version {
    /// The version that a version nibble names; `None` for one that is not spoken here.
    #[must_use]
    pub const fn from_wire(nibble: u8) -> Option<Self> {
        match nibble {
            0 => Some(Version::V0),
            1 => Some(Version::V1),
            _ => None,
        }
    }
}
