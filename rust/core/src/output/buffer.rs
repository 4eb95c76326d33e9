//! A bounded buffer for options.

use mptcp_wire::{DataSeq, Dss, DssMap, MpOption};

const NOP: u8 = 1;

/// Room for options in one TCP header. Options that do not fit are left out whole.
#[derive(Debug)]
pub struct OptionBuf<'a> {
    out: &'a mut [u8],
    used: usize,
}

impl<'a> OptionBuf<'a> {
    /// At most `room` bytes of `out`, rounded down to whole 32-bit words.
    #[must_use]
    pub fn new(out: &'a mut [u8], room: usize) -> Self {
        let room = room.min(out.len()) & !3;
        let (out, _) = out.split_at_mut_checked(room).unwrap_or_default();
        OptionBuf { out, used: 0 }
    }

    /// Bytes left.
    #[must_use]
    pub fn room(&self) -> usize {
        self.out.len().saturating_sub(self.used)
    }

    /// Appends `option` where it fits; says whether it did.
    pub fn push(&mut self, option: &MpOption) -> bool {
        let Some(rest) = self.out.get_mut(self.used..) else {
            return false;
        };
        match option.emit(rest) {
            Ok(written) => {
                self.used = self.used.saturating_add(written);
                true
            }
            Err(_) => false,
        }
    }

    /// Appends a DSS where it fits; says whether it did. The forms that nearly every segment carries, with a short
    /// DATA_ACK and without checksum, are written at one go.
    pub fn push_dss(&mut self, dss: &Dss) -> bool {
        let written = match *dss {
            Dss { data_ack: Some(DataSeq::Short(ack)), map: None, data_fin: false } => self.put(ack_alone(ack)),
            Dss {
                data_ack: Some(DataSeq::Short(ack)),
                map: Some(DssMap { dsn: DataSeq::Short(dsn), ssn, len, csum: None }),
                data_fin: false,
            } => self.put(ack_and_map(ack, dsn, ssn, len)),
            Dss {
                data_ack: Some(DataSeq::Short(ack)),
                map: Some(DssMap { dsn: DataSeq::Long(dsn), ssn, len, csum: None }),
                data_fin: false,
            } => self.put(ack_and_long_map(ack, dsn, ssn, len)),
            _ => return self.push(&MpOption::Dss(*dss)),
        };
        written.is_some()
    }

    fn put<const N: usize>(&mut self, octets: [u8; N]) -> Option<()> {
        *self.out.get_mut(self.used..)?.first_chunk_mut::<N>()? = octets;
        self.used = self.used.saturating_add(N);
        Some(())
    }

    /// Pads with NOP to a whole 32-bit word; returns the bytes used.
    #[must_use]
    pub fn finish(self) -> usize {
        let padded = self.used.next_multiple_of(4).min(self.out.len());
        if let Some(padding) = self.out.get_mut(self.used..padded) {
            padding.fill(NOP);
        }
        padded
    }
}

/// Kind 30, subtype DSS, DATA_ACK of four octets (RFC 8684 section 3.3).
const fn ack_alone(ack: u32) -> [u8; 8] {
    let [a, b, c, d] = ack.to_be_bytes();
    [30, 8, 0x20, 0x01, a, b, c, d]
}

/// The same with a mapping: DSN of four octets, SSN, length.
const fn ack_and_map(ack: u32, dsn: u32, ssn: u32, len: u16) -> [u8; 18] {
    let [a, b, c, d] = ack.to_be_bytes();
    let [e, f, g, h] = dsn.to_be_bytes();
    let [i, j, k, l] = ssn.to_be_bytes();
    let [m, n] = len.to_be_bytes();
    [30, 18, 0x20, 0x05, a, b, c, d, e, f, g, h, i, j, k, l, m, n]
}

/// The same with a DSN of eight octets.
const fn ack_and_long_map(ack: u32, dsn: u64, ssn: u32, len: u16) -> [u8; 22] {
    let [a, b, c, d] = ack.to_be_bytes();
    let [e, f, g, h, i, j, k, l] = dsn.to_be_bytes();
    let [m, n, o, p] = ssn.to_be_bytes();
    let [q, r] = len.to_be_bytes();
    [30, 22, 0x20, 0x0d, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r]
}

#[cfg(test)]
mod tests;
