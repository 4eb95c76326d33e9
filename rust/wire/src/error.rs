//! Why an option was refused, and why one could not be written.

use core::error::Error;
use core::fmt;

/// Why bytes are not an MPTCP option that can be used. RFC 8684 has the receiver go on as if such an
/// option were not there; what that means for the subflow is the caller's decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
pub enum ParseError {
    /// The option's kind is not 30.
    NotMptcp,
    /// The bytes end before the option's own length says so.
    Truncated,
    /// The length octet has a value that this option cannot have. Walking a TCP option area: a length
    /// of 0 or 1, after which no further option can be found.
    BadLength,
    /// A subtype that IANA has not assigned (the value is given).
    UnknownSubtype(u8),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseError::NotMptcp => f.write_str("not an MPTCP option"),
            ParseError::Truncated => f.write_str("option is cut short"),
            ParseError::BadLength => f.write_str("length impossible for this option"),
            ParseError::UnknownSubtype(value) => write!(f, "unknown MPTCP subtype {value:#x}"),
        }
    }
}

impl Error for ParseError {}

/// The buffer is shorter than the option's `wire_len`; nothing was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct NoRoom;

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room for the option")
    }
}

impl Error for NoRoom {}
