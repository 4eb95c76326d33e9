//! What happened to the packets of each connection, as far as it explains what became of it.

use std::collections::HashMap;
use std::net::SocketAddr;

use mptcp_wire::MpOption;
use mptcp_wire::tcp_options::mptcp_options;

use crate::host::{Flags, TcpSegment};
use crate::link::Direction;

/// What the packets of one connection show. Index of the arrays: the sender, A or B.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    /// A sent its SYN with MP_CAPABLE so often.
    pub(super) capable_syns: u32,
    /// The first SYN that reached B came without MP_CAPABLE.
    pub(super) bare_syn: bool,
    /// A sent MP_CAPABLE after the SYN so often.
    pub(super) capable_acks: u32,
    /// The first segment after the SYN that reached B came without MP_CAPABLE: others with it were lost, overtaken or
    /// stripped, or A had sent none.
    pub(super) bare_ack: bool,
    /// Segments that were sent, and that arrived, copies included.
    pub(super) sent: [u64; 2],
    pub(super) arrived: [u64; 2],
    /// DATA_FINs without payload that were sent.
    pub(super) fins: [u64; 2],
    /// DSSs that arrived.
    pub(super) dss: [u64; 2],
    /// RSTs that were sent, and that arrived.
    pub(super) rsts: [u64; 2],
    pub(super) rsts_arrived: [u64; 2],
    /// The first flow as B sees it.
    first: Option<SocketAddr>,
    acked: bool,
}

/// The stories of all connections, by B's port, which each has to itself.
#[derive(Debug, Default)]
pub(super) struct Witness(HashMap<u16, Story>);

impl Witness {
    pub(super) fn story(&self, port: u16) -> Story {
        self.0.get(&port).cloned().unwrap_or_default()
    }

    fn of(&mut self, segment: &TcpSegment<'_>, direction: Direction) -> &mut Story {
        let port = if direction == Direction::AToB { segment.dst.port() } else { segment.src.port() };
        self.0.entry(port).or_default()
    }

    pub(super) fn sent(&mut self, direction: Direction, packet: &[u8]) {
        let Some(segment) = TcpSegment::parse(packet) else { return };
        let story = self.of(&segment, direction);
        let side = direction as usize;
        story.sent[side] += 1;
        story.rsts[side] += u64::from(segment.flags.has(Flags::RST));
        for option in mptcp_options(segment.options).flatten() {
            match option {
                MpOption::Capable(_) if side == 0 && segment.flags.has(Flags::SYN) => story.capable_syns += 1,
                MpOption::Capable(_) if side == 0 => story.capable_acks += 1,
                MpOption::Dss(dss) => story.fins[side] += u64::from(dss.data_fin && segment.payload.is_empty()),
                _ => {}
            }
        }
    }

    pub(super) fn arrived(&mut self, direction: Direction, packet: &[u8]) {
        let Some(segment) = TcpSegment::parse(packet) else { return };
        let story = self.of(&segment, direction);
        let side = direction as usize;
        story.arrived[side] += 1;
        story.rsts_arrived[side] += u64::from(segment.flags.has(Flags::RST));
        let mut capable = false;
        for option in mptcp_options(segment.options).flatten() {
            capable |= matches!(option, MpOption::Capable(_));
            story.dss[side] += u64::from(matches!(option, MpOption::Dss(_)));
        }
        if side == 1 || segment.flags.has(Flags::RST) {
            return;
        }
        if segment.flags.has(Flags::SYN) {
            if story.first.is_none() {
                story.first = Some(segment.src);
                story.bare_syn = !capable;
            }
        } else if story.first == Some(segment.src) && !story.acked {
            story.acked = true;
            story.bare_ack = !capable;
        }
    }
}
