//! ADD_ADDR (RFC 8684 section 3.4.1, RFC 6824 section 3.4.1).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cursor::{Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::registry::Subtype;

/// What an ADD_ADDR is, beside the address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum AddAddrForm {
    /// Version 0's announcement, which nothing protects and nobody echoes.
    V0,
    /// Version 1's echo (E=1): the peer has received the announcement.
    Echo,
    /// Version 1's announcement (E=0).
    Announce {
        /// The rightmost 64 bits of the sender's HMAC over address ID, address and port.
        hmac: u64,
    },
}

/// ADD_ADDR of either version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct AddAddr {
    /// Names the address in REMOVE_ADDR, MP_JOIN and the echo.
    pub addr_id: u8,
    /// The address, in the family in which it travelled; an IPv4-mapped IPv6 address stays one.
    pub addr: IpAddr,
    /// The port, where it is not that of the subflow which carries the option.
    pub port: Option<u16>,
    /// Announcement or echo.
    pub form: AddAddrForm,
}

/// E among the four bits beside the subtype in version 1.
const ECHO: u8 = 0x1;
/// Version 0 has the address family there instead.
const V0_IPV4: u8 = 4;
const V0_IPV6: u8 = 6;

/// Head, address ID and an IPv4 address.
const LEN_IPV4: u8 = 8;
/// Head, address ID and an IPv6 address.
const LEN_IPV6: u8 = 20;
const LEN_PORT: u8 = 2;
const LEN_HMAC: u8 = 8;

const LEN_IPV4_PORT: u8 = LEN_IPV4.saturating_add(LEN_PORT);
const LEN_IPV6_PORT: u8 = LEN_IPV6.saturating_add(LEN_PORT);
const LEN_IPV4_HMAC: u8 = LEN_IPV4.saturating_add(LEN_HMAC);
const LEN_IPV6_HMAC: u8 = LEN_IPV6.saturating_add(LEN_HMAC);
const LEN_IPV4_PORT_HMAC: u8 = LEN_IPV4_PORT.saturating_add(LEN_HMAC);
const LEN_IPV6_PORT_HMAC: u8 = LEN_IPV6_PORT.saturating_add(LEN_HMAC);

/// Which fields an ADD_ADDR of a given length has; no two layouts share a length.
struct Layout {
    ipv6: bool,
    port: bool,
    hmac: bool,
}

impl Layout {
    const fn of_len(len: u8) -> Option<Self> {
        let (ipv6, port, hmac) = match len {
            LEN_IPV4 => (false, false, false),
            LEN_IPV4_PORT => (false, true, false),
            LEN_IPV4_HMAC => (false, false, true),
            LEN_IPV4_PORT_HMAC => (false, true, true),
            LEN_IPV6 => (true, false, false),
            LEN_IPV6_PORT => (true, true, false),
            LEN_IPV6_HMAC => (true, false, true),
            LEN_IPV6_PORT_HMAC => (true, true, true),
            _ => return None,
        };
        Some(Layout { ipv6, port, hmac })
    }
}

impl AddAddr {
    /// The length tells the fields apart. An HMAC makes it version 1's announcement, and then E must be
    /// clear. Without one it is version 1's echo where E is set, else version 0's announcement, whose
    /// family (4 or 6, both with E's bit clear) must fit the length. Version 1's three reserved bits
    /// are thus ignored everywhere but in "E=0 and no HMAC", which version 1 does not have.
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, ParseError> {
        let layout = Layout::of_len(fields.len).ok_or(ParseError::BadLength)?;
        let nibble = fields.nibble;
        let echo = nibble & ECHO != 0;
        if layout.hmac && echo {
            return Err(ParseError::BadLength);
        }
        if !layout.hmac && !echo && nibble != v0_family(layout.ipv6) {
            return Err(ParseError::BadLength);
        }
        Ok(AddAddr {
            addr_id: fields.u8()?,
            addr: parse_addr(&mut fields, layout.ipv6)?,
            port: layout.port.then(|| fields.u16()).transpose()?,
            form: match (layout.hmac, echo) {
                (true, _) => AddAddrForm::Announce { hmac: fields.u64()? },
                (false, true) => AddAddrForm::Echo,
                (false, false) => AddAddrForm::V0,
            },
        })
    }

    pub(super) const fn wire_len(&self) -> u8 {
        let with_addr = match self.addr {
            IpAddr::V4(_) => LEN_IPV4,
            IpAddr::V6(_) => LEN_IPV6,
        };
        let with_port = match self.port {
            Some(_) => with_addr.saturating_add(LEN_PORT),
            None => with_addr,
        };
        match self.form {
            AddAddrForm::Announce { .. } => with_port.saturating_add(LEN_HMAC),
            AddAddrForm::Echo | AddAddrForm::V0 => with_port,
        }
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let AddAddr { addr_id, addr, port, form } = *self;
        let nibble = match form {
            AddAddrForm::V0 => v0_family(addr.is_ipv6()),
            AddAddrForm::Echo => ECHO,
            AddAddrForm::Announce { .. } => 0,
        };
        writer.head(self.wire_len(), Subtype::AddAddr, nibble)?;
        writer.u8(addr_id)?;
        match addr {
            IpAddr::V4(addr) => writer.octets(&addr.octets())?,
            IpAddr::V6(addr) => writer.octets(&addr.octets())?,
        }
        if let Some(port) = port {
            writer.u16(port)?;
        }
        match form {
            AddAddrForm::Announce { hmac } => writer.u64(hmac),
            AddAddrForm::Echo | AddAddrForm::V0 => Ok(()),
        }
    }
}

const fn v0_family(ipv6: bool) -> u8 {
    if ipv6 { V0_IPV6 } else { V0_IPV4 }
}

fn parse_addr(fields: &mut Fields<'_>, ipv6: bool) -> Result<IpAddr, ParseError> {
    if ipv6 {
        fields.octets().map(|octets: [u8; 16]| IpAddr::V6(Ipv6Addr::from(octets)))
    } else {
        fields.octets().map(|octets: [u8; 4]| IpAddr::V4(Ipv4Addr::from(octets)))
    }
}
