//! A bounded buffer for options.

use mptcp_wire::MpOption;

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
