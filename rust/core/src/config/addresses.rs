//! `mp_addresses`: the local addresses that extra subflows may use.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::ops::Range;
use core::str::FromStr;

/// Most addresses in one list: as many as a connection may have subflows.
pub const MAX_ADDRESSES: usize = super::MAX_SUBFLOWS as usize;

/// One entry of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalAddress {
    /// The address: unicast or loopback, never IPv4-mapped, never link-local.
    pub addr: IpAddr,
    /// Subflows from here start as backup (RFC 8684, 3.3.8).
    pub backup: bool,
}

impl fmt::Display for LocalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.backup { ",backup" } else { "" };
        write!(f, "{}{suffix}", self.addr)
    }
}

/// The addresses of `mp_addresses`, in the administrator's order.
///
/// # The string
/// Entries with blanks (space, tab, newline) between them, each an IPv4 or IPv6 address, with `,backup`
/// behind it where its subflows shall be backups. An empty string, or `0` alone, is the empty list.
///
/// Decided here:
/// - Loopback is allowed: it serves tests and jails. A connection that does not run over loopback leaves it out.
/// - The same address twice is refused, flags or not: the second one could only be a mistake.
/// - Unspecified, multicast, limited-broadcast and reserved addresses (0.0.0.0/8, 240.0.0.0/4) are refused: no subflow
///   can have one.
/// - An IPv4-mapped IPv6 address is refused: it is an IPv4 path, and ADD_ADDR would announce it wrongly.
/// - Link-local addresses are refused, IPv6 ones with `%zone` or without: on another link they mean another host, or
///   none (RFC 3927 section 2.6.2, RFC 4291 section 2.5.6).
///
/// What a peer announces (ADD_ADDR) is judged by the same rule.
///
/// Printing gives a string that parses to the same list; it is the same string if addresses were written
/// canonically (RFC 5952) with single spaces.
#[derive(Clone)]
pub struct AddressList {
    /// The entries fill it from the front, the rest is `None`. About 600 bytes, no allocation.
    entries: [Option<LocalAddress>; MAX_ADDRESSES],
    len: usize,
}

impl AddressList {
    /// The empty list.
    pub const EMPTY: AddressList = AddressList { entries: [None; MAX_ADDRESSES], len: 0 };

    /// Reads the sysctl's string (without a closing NUL). Any bytes may come.
    ///
    /// # Errors
    /// [`AddressError`] for the first bad entry. The caller returns EINVAL and keeps its old list.
    pub fn parse(text: &[u8]) -> Result<Self, AddressError> {
        let mut list = AddressList::EMPTY;
        if text.trim_ascii() == b"0" {
            return Ok(list);
        }
        for (index, (entry, range)) in Entries::new(text).enumerate() {
            let added = parse_entry(entry).and_then(|address| list.push(address));
            added.map_err(|kind| AddressError { index, range, kind })?;
        }
        Ok(list)
    }

    /// Adds one entry at the end, under the same rules as [`AddressList::parse`].
    ///
    /// # Errors
    /// What is wrong with it; the list is as it was then.
    pub fn push(&mut self, address: LocalAddress) -> Result<(), AddressErrorKind> {
        check(address.addr)?;
        if self.contains(address.addr) {
            return Err(AddressErrorKind::Duplicate);
        }
        let free = self.entries.get_mut(self.len);
        *free.ok_or(AddressErrorKind::TooMany)? = Some(address);
        self.len = self.len.saturating_add(1);
        Ok(())
    }

    /// Takes the entry at this place out; those behind it move up. False where there is none.
    pub fn remove(&mut self, index: usize) -> bool {
        if self.get(index).is_none() {
            return false;
        }
        if let Some(from) = self.entries.get_mut(index..self.len) {
            from.rotate_left(1);
        }
        self.len = self.len.saturating_sub(1);
        if let Some(last) = self.entries.get_mut(self.len) {
            *last = None;
        }
        true
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = LocalAddress> + '_ {
        self.entries.iter().flatten().copied()
    }

    /// The entry at this place, counted from zero.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<LocalAddress> {
        self.entries.get(index).copied().flatten()
    }

    /// Whether the list has this address, as a backup or not.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        self.iter().any(|entry| entry.addr == addr)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl PartialEq for AddressList {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for AddressList {}

impl fmt::Debug for AddressList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Display for AddressList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{entry}")?;
        }
        Ok(())
    }
}

impl FromStr for AddressList {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        AddressList::parse(text.as_bytes())
    }
}

/// Which entry of an `mp_addresses` string was refused, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressError {
    /// Which entry, counted from zero.
    pub index: usize,
    /// Where it stands in the string, in bytes.
    pub range: Range<usize>,
    /// What is wrong with it.
    pub kind: AddressErrorKind,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, at) = (self.index.saturating_add(1), self.range.start);
        write!(f, "address {number} (at byte {at}): {}", self.kind)
    }
}

impl core::error::Error for AddressError {}

/// What is wrong with an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressErrorKind {
    /// Neither an IPv4 nor an IPv6 address.
    NotAnAddress,
    /// Something other than `backup` behind a comma, or `backup` twice.
    UnknownFlag,
    /// Another address behind a comma.
    Comma,
    /// `0.0.0.0` or `::`.
    Unspecified,
    /// A group, not a host.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
    /// In 0.0.0.0/8 or 240.0.0.0/4.
    Reserved,
    /// `::ffff:a.b.c.d`: write the IPv4 address.
    Ipv4Mapped,
    /// In 169.254.0.0/16 or fe80::/10.
    LinkLocal,
    /// A zone (`%em0`) behind the address.
    Zone,
    /// The address is in the list already.
    Duplicate,
    /// More than [`MAX_ADDRESSES`].
    TooMany,
}

impl fmt::Display for AddressErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressErrorKind::NotAnAddress => "not an IPv4 or IPv6 address",
            AddressErrorKind::UnknownFlag => "the only flag is \",backup\", once",
            AddressErrorKind::Comma => "separate addresses with blanks, not with commas",
            AddressErrorKind::Unspecified => "the unspecified address cannot carry a subflow",
            AddressErrorKind::Multicast => "a multicast address cannot carry a subflow",
            AddressErrorKind::Broadcast => "a broadcast address cannot carry a subflow",
            AddressErrorKind::Reserved => "an address of a reserved block cannot carry a subflow",
            AddressErrorKind::Ipv4Mapped => "IPv4-mapped; write the IPv4 address",
            AddressErrorKind::LinkLocal => "a link-local address cannot be used",
            AddressErrorKind::Zone => "addresses with a zone cannot be used",
            AddressErrorKind::Duplicate => "this address is in the list already",
            AddressErrorKind::TooMany => "too many addresses; 32 is the most",
        })
    }
}

impl core::error::Error for AddressErrorKind {}

fn parse_entry(entry: &[u8]) -> Result<LocalAddress, AddressErrorKind> {
    let entry = core::str::from_utf8(entry).map_err(|_| AddressErrorKind::NotAnAddress)?;
    let (addr, flags) = match entry.split_once(',') {
        Some((addr, flags)) => (addr, Some(flags)),
        None => (entry, None),
    };
    let backup = match flags {
        None => false,
        Some("backup") => true,
        Some(flags) => return Err(misplaced(flags)),
    };
    if let Some((v6, _)) = addr.split_once('%')
        && v6.parse::<Ipv6Addr>().is_ok()
    {
        return Err(AddressErrorKind::Zone);
    }
    let addr = addr.parse().map_err(|_| AddressErrorKind::NotAnAddress)?;
    Ok(LocalAddress { addr, backup })
}

/// What stands behind a comma and is not `backup`.
fn misplaced(flags: &str) -> AddressErrorKind {
    // "10.0.0.1,10.0.0.2" and "10.0.0.1,backup,10.0.0.2"; "10.0.0.1, 10.0.0.2" has nothing behind the comma.
    let addresses = flags.split(',').any(|flag| flag.is_empty() || flag.contains(['.', ':']));
    if addresses { AddressErrorKind::Comma } else { AddressErrorKind::UnknownFlag }
}

/// Whether a subflow may have this address at either end: the one rule for `mp_addresses` and for ADD_ADDR. Unicast
/// addresses may, private, shared and documentation ones too; [`is_joinable`] says when loopback may.
///
/// # Errors
/// What kind of address it is.
pub(crate) fn check(addr: IpAddr) -> Result<(), AddressErrorKind> {
    let refused = match addr {
        _ if addr.is_unspecified() => AddressErrorKind::Unspecified,
        _ if addr.is_multicast() => AddressErrorKind::Multicast,
        IpAddr::V4(v4) if v4.is_broadcast() => AddressErrorKind::Broadcast,
        // RFC 1122 section 3.2.1.3 (this network) and RFC 1112 section 4 (class E).
        IpAddr::V4(v4) if matches!(v4.octets(), [0 | 240.., ..]) => AddressErrorKind::Reserved,
        IpAddr::V4(v4) if v4.is_link_local() => AddressErrorKind::LinkLocal,
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => AddressErrorKind::Ipv4Mapped,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => AddressErrorKind::LinkLocal,
        _ => return Ok(()),
    };
    Err(refused)
}

/// Whether `addr` may join a connection whose first subflow has the address `primary` at the same end: what [`check`]
/// admits, and loopback only where the connection itself runs over loopback.
pub(crate) fn is_joinable(addr: IpAddr, primary: IpAddr) -> bool {
    check(addr).is_ok() && (primary.is_loopback() || !addr.is_loopback())
}

/// The entries of a string with their places, blanks skipped.
pub(crate) struct Entries<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Entries { text, at: 0 }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a [u8], Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..)?;
        let start = self.at.checked_add(rest.iter().position(|b| !b.is_ascii_whitespace())?)?;
        let rest = self.text.get(start..)?;
        let length = rest.iter().position(u8::is_ascii_whitespace);
        let end = start.checked_add(length.unwrap_or(rest.len()))?;
        self.at = end;
        Some((self.text.get(start..end)?, start..end))
    }
}
