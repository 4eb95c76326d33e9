//! Walking the option area of a TCP header (RFC 9293 section 3.1).

use core::iter::FusedIterator;

use crate::error::ParseError;
use crate::option::MpOption;
use crate::registry::KIND_MPTCP;

/// End of option list: what follows is padding.
pub const KIND_EOL: u8 = 0;
/// No operation: one octet of padding between options.
pub const KIND_NOP: u8 = 1;

/// Iterates over the options of any kind in an option area: `(kind, whole option)`, the slice beginning
/// at the kind octet and ending where the option's length says. NOPs are passed over; the end of the
/// list ends the walk.
///
/// A length of 0 or 1 gives one [`ParseError::BadLength`], an option that does not fit into the area one
/// [`ParseError::Truncated`]; either ends the walk, since where the next option begins is then unknown.
#[derive(Clone, Debug)]
pub struct TcpOptions<'a> {
    rest: &'a [u8],
}

impl<'a> TcpOptions<'a> {
    /// Over the octets between the fixed TCP header and the data offset.
    #[must_use]
    pub const fn new(tcp_option_area: &'a [u8]) -> Self {
        TcpOptions { rest: tcp_option_area }
    }

    /// The option at the head of `area`; the walk goes on behind it, or, where it has no end, not at all.
    #[inline]
    fn split(&mut self, kind: u8, area: &'a [u8]) -> Result<(u8, &'a [u8]), ParseError> {
        let len = usize::from(*area.get(1).ok_or(ParseError::Truncated)?);
        if len < 2 {
            return Err(ParseError::BadLength);
        }
        let (option, rest) = area.split_at_checked(len).ok_or(ParseError::Truncated)?;
        self.rest = rest;
        Ok((kind, option))
    }
}

impl<'a> Iterator for TcpOptions<'a> {
    type Item = Result<(u8, &'a [u8]), ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let area = core::mem::take(&mut self.rest);
            let (kind, after_kind) = area.split_first()?;
            match *kind {
                KIND_EOL => return None,
                KIND_NOP => self.rest = after_kind,
                kind => return Some(self.split(kind, area)),
            }
        }
    }
}

impl FusedIterator for TcpOptions<'_> {}

/// The MPTCP options of an option area, in the order of the wire. One that cannot be understood comes
/// as its error, and the walk goes on with the next; where the area itself is broken, see [`TcpOptions`].
pub fn mptcp_options(tcp_option_area: &[u8]) -> impl Iterator<Item = Result<MpOption, ParseError>> {
    TcpOptions::new(tcp_option_area).filter_map(|option| match option {
        Ok((KIND_MPTCP, option)) => Some(MpOption::parse(option)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}
