//! The DSS checksum (RFC 8684 section 3.3.1): the Internet checksum of RFC 1071 over a pseudo-header and
//! the data of one mapping.

/// A ones'-complement sum over octets, which may come in pieces of any length, odd ones too.
///
/// Pieces may also be summed apart, in any order, and be joined by [`Sum::combine`]; a piece's sum can
/// thus be taken once, where its octets are at hand, and be used when its mapping is complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Sum {
    /// The sum of big-endian 16-bit words, folded; an odd octet at the end counts as a word's high half.
    folded: u16,
    /// An odd number of octets has been summed: the next one is a word's low half.
    odd: bool,
}

/// Octets summed before folding: 64-bit words of two halves each leave the accumulator far from full.
const STRETCH: usize = 1 << 20;

impl Sum {
    /// The sum of no octets.
    #[must_use]
    pub const fn new() -> Self {
        Sum { folded: 0, odd: false }
    }

    /// Appends octets. Costs O(n).
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        for stretch in bytes.chunks(STRETCH) {
            self.combine(Sum { folded: sum_stretch(stretch), odd: stretch.len() & 1 != 0 });
        }
    }

    /// Appends a piece that was summed apart. Costs O(1).
    pub const fn combine(&mut self, next: Sum) {
        // After an odd octet every word of `next` straddles two of ours: its halves change places.
        let aligned = if self.odd { next.folded.swap_bytes() } else { next.folded };
        self.folded = add_folded(self.folded, aligned);
        self.odd ^= next.odd;
    }

    /// The ones'-complement sum of the octets so far, not inverted, an odd end padded with zero.
    #[must_use]
    pub const fn fold(self) -> u16 {
        self.folded
    }
}

/// The checksum that belongs into a DSS (or MP_CAPABLE) for a mapping.
///
/// `dsn` is the whole 64-bit data sequence number, whichever form goes on the wire; `ssn` the relative
/// subflow sequence number; `len` the data-level length, a DATA_FIN included; `payload` the sum of the
/// mapping's octets, a DATA_FIN having none.
#[must_use]
pub fn dss_checksum(dsn: u64, ssn: u32, len: u16, payload: Sum) -> u16 {
    !pseudo_header_and(dsn, ssn, len, 0, payload)
}

/// Whether `csum`, as received, fits the mapping; arguments as for [`dss_checksum`]. The infinite
/// mapping's checksum is not to be verified.
#[must_use]
pub fn dss_checksum_ok(dsn: u64, ssn: u32, len: u16, csum: u16, payload: Sum) -> bool {
    pseudo_header_and(dsn, ssn, len, csum, payload) == u16::MAX
}

/// The pseudo-header is of even length, so that the payload's words stand as they were summed.
fn pseudo_header_and(dsn: u64, ssn: u32, len: u16, csum: u16, payload: Sum) -> u16 {
    let header = fold_u64(dsn);
    let header = add_folded(header, fold_u64(u64::from(ssn)));
    let header = add_folded(header, len);
    let header = add_folded(header, csum);
    add_folded(header, payload.fold())
}

/// Ones'-complement addition: the carry comes round.
const fn add_folded(a: u16, b: u16) -> u16 {
    let (sum, carry) = a.overflowing_add(b);
    // After a carry `sum` is at most 0xfffe.
    sum.wrapping_add(carry as u16)
}

/// Adds the four 16-bit words of `value`. Their order does not matter, and neither does how they are
/// grouped: 2^16 is 1 in this arithmetic.
#[expect(clippy::cast_possible_truncation, reason = "each cast takes one word")]
const fn fold_u64(value: u64) -> u16 {
    let high = add_folded((value >> 48) as u16, (value >> 32) as u16);
    let low = add_folded((value >> 16) as u16, value as u16);
    add_folded(high, low)
}

/// The folded sum of at most [`STRETCH`] octets, the first being a word's high half.
fn sum_stretch(bytes: &[u8]) -> u16 {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut sum: u64 = 0;
    for word in words {
        // Host order: the sum of swapped words is the swapped sum (RFC 1071 section 2 (B)).
        let word = u64::from_ne_bytes(*word);
        sum = sum.wrapping_add(word >> 32).wrapping_add(word & 0xffff_ffff);
    }
    let mut last = [0u8; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    let last = u64::from_ne_bytes(last);
    u16::from_be(add_folded(fold_u64(sum), fold_u64(last)))
}
