//! Sequence arithmetic.
//!
//! Inside core every sequence number is a plain `u64` that starts small and never wraps:
//! a *data offset* counts from the sender's IDSN (offset 0 is the IDSN itself, the first byte of data is
//! offset 1), and an *SSN* counts from a subflow's SYN (SSN 0 is the SYN, the first byte is SSN 1).
//! So comparisons are plain comparisons; the wire's 64- and 32-bit forms exist only in this file's callers.

use mptcp_wire::DataSeq;

/// Expands the low 32 bits seen on the wire to the full number nearest to `near`.
///
/// RFC 8684 section 3.3.1: a 32-bit DSN is extended by the receiver; a wrap is plausible only in the
/// direction that lies within 2^31 of what is expected.
#[must_use]
pub fn expand32(low: u32, near: u64) -> u64 {
    #[allow(clippy::cast_possible_truncation)]
    let distance = low.wrapping_sub(near as u32).cast_signed();
    near.wrapping_add_signed(i64::from(distance))
}

/// Data offset of a DSN as it came on the wire, nearest to offset `near`.
///
/// Returns `None` where the DSN lies before the IDSN: no data can be there.
#[must_use]
pub fn data_offset(dsn: DataSeq, idsn: u64, near: u64) -> Option<u64> {
    let full = match dsn {
        DataSeq::Long(dsn) => dsn,
        DataSeq::Short(low) => expand32(low, idsn.wrapping_add(near)),
    };
    let offset = full.wrapping_sub(idsn);
    // Half of the space is "before": an offset there is a number from below the IDSN.
    (offset < 1 << 63).then_some(offset)
}

/// The DSN that stands for data offset `offset`, in the width asked for.
#[must_use]
pub fn wire_dsn(offset: u64, idsn: u64, long: bool) -> DataSeq {
    let full = idsn.wrapping_add(offset);
    if long {
        DataSeq::Long(full)
    } else {
        #[allow(clippy::cast_possible_truncation)]
        DataSeq::Short(full as u32)
    }
}

/// Low 32 bits of an SSN, as DSS options carry it.
#[must_use]
pub fn wire_ssn(ssn: u64) -> u32 {
    #[allow(clippy::cast_possible_truncation)]
    let low = ssn as u32;
    low
}

#[cfg(test)]
mod tests;
