//! TCP's own options: what a SYN says, SACK blocks.

use mptcp_wire::tcp_options::TcpOptions;

use super::MAX_SHIFT;

const KIND_MSS: u8 = 2;
const KIND_WINDOW_SCALE: u8 = 3;
const KIND_SACK_PERMITTED: u8 = 4;
const KIND_SACK: u8 = 5;
const NOP: u8 = 1;

/// The options of a SYN or SYN/ACK that this host knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SynOptions {
    /// Maximum segment size.
    pub(crate) mss: Option<u16>,
    /// Window scale.
    pub(crate) shift: Option<u8>,
    /// SACK permitted.
    pub(crate) sack: bool,
}

impl SynOptions {
    pub(crate) fn parse(area: &[u8]) -> SynOptions {
        let mut syn = SynOptions::default();
        for (kind, option) in TcpOptions::new(area).map_while(Result::ok) {
            match (kind, &option[2..]) {
                (KIND_MSS, &[high, low]) => syn.mss = Some(u16::from_be_bytes([high, low])),
                (KIND_WINDOW_SCALE, &[shift]) => syn.shift = Some(shift.min(MAX_SHIFT)),
                (KIND_SACK_PERMITTED, &[]) => syn.sack = true,
                _ => {}
            }
        }
        syn
    }

    /// Appends the options, padded to a multiple of four octets.
    pub(crate) fn write(&self, area: &mut Vec<u8>) {
        if let Some(mss) = self.mss {
            let [high, low] = mss.to_be_bytes();
            area.extend_from_slice(&[KIND_MSS, 4, high, low]);
        }
        if self.sack {
            area.extend_from_slice(&[NOP, NOP, KIND_SACK_PERMITTED, 2]);
        }
        if let Some(shift) = self.shift {
            area.extend_from_slice(&[NOP, KIND_WINDOW_SCALE, 3, shift]);
        }
    }
}

/// The SACK blocks of an option area, as sequence numbers.
pub(crate) fn sack_blocks(area: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    TcpOptions::new(area)
        .map_while(Result::ok)
        .filter(|(kind, _)| *kind == KIND_SACK)
        .flat_map(|(_, option)| option[2..].as_chunks::<8>().0)
        .map(|b| {
            let left = u32::from_be_bytes([b[0], b[1], b[2], b[3]]);
            let right = u32::from_be_bytes([b[4], b[5], b[6], b[7]]);
            (left, right)
        })
}

/// Appends as many of `blocks` as fit into `room` octets.
pub(crate) fn write_sack(area: &mut Vec<u8>, room: usize, blocks: impl Iterator<Item = (u32, u32)>) {
    let most = room.saturating_sub(4) / 8;
    let from = area.len();
    area.extend_from_slice(&[NOP, NOP, KIND_SACK, 0]);
    for (left, right) in blocks.take(most) {
        area.extend_from_slice(&left.to_be_bytes());
        area.extend_from_slice(&right.to_be_bytes());
    }
    let len = area.len() - from - 2;
    if len > 2 {
        area[from + 3] = len as u8;
    } else {
        area.truncate(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_a_syn_read_back() {
        let syn = SynOptions { mss: Some(1460), shift: Some(7), sack: true };
        let mut area = Vec::new();
        syn.write(&mut area);
        assert_eq!(area.len() % 4, 0);
        assert_eq!(SynOptions::parse(&area), syn);
        assert_eq!(SynOptions::parse(&[2, 4, 1]), SynOptions::default());
    }

    #[test]
    fn sack_blocks_read_back_as_far_as_there_is_room() {
        let blocks = [(1, 2), (u32::MAX, 5), (7, 8)];
        for (room, fits) in [(3, 0), (11, 0), (12, 1), (20, 2), (27, 2), (40, 3)] {
            let mut area = Vec::new();
            write_sack(&mut area, room, blocks.iter().copied());
            assert!(area.len() <= room && area.len() % 4 == 0);
            assert_eq!(sack_blocks(&area).collect::<Vec<_>>(), blocks[..fits]);
        }
    }
}
