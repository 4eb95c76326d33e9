//! MPTCP's numbers in IANA's registries: the option's kind, and its subtypes (RFC 8684 sections 7.1 and 7.2).

/// The TCP option kind that IANA gave to MPTCP (RFC 8684 section 3).
pub const KIND_MPTCP: u8 = 30;

/// The upper four bits of an MPTCP option's third octet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum Subtype {
    /// Multipath capable.
    MpCapable = 0x0,
    /// Join connection.
    MpJoin = 0x1,
    /// Data sequence signal.
    Dss = 0x2,
    /// Add address.
    AddAddr = 0x3,
    /// Remove address.
    RemoveAddr = 0x4,
    /// Change subflow priority.
    MpPrio = 0x5,
    /// Fallback.
    MpFail = 0x6,
    /// Fast close.
    MpFastClose = 0x7,
    /// Subflow reset, new in version 1.
    MpTcpRst = 0x8,
    /// Private use.
    Experimental = 0xf,
}

impl Subtype {
    /// The subtype with this value; `None` where none is assigned.
    #[must_use]
    pub const fn from_wire(value: u8) -> Option<Self> {
        Some(match value {
            0x0 => Subtype::MpCapable,
            0x1 => Subtype::MpJoin,
            0x2 => Subtype::Dss,
            0x3 => Subtype::AddAddr,
            0x4 => Subtype::RemoveAddr,
            0x5 => Subtype::MpPrio,
            0x6 => Subtype::MpFail,
            0x7 => Subtype::MpFastClose,
            0x8 => Subtype::MpTcpRst,
            0xf => Subtype::Experimental,
            _ => return None,
        })
    }
}
