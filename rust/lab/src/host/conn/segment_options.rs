//! Which options and which window the segments of a flow carry.

use mptcp_core::handshake::{Opener, Responder};
use mptcp_core::mpcb::JoinRequest;
use mptcp_core::output::{SegFlags, SegOut, SubflowTx};
use mptcp_core::time::Instant;
use mptcp_wire::MpOption;

use super::{Conn, Level, Role};
use crate::host::packet::Flags;
use crate::host::shared::{Shared, Slot};
use crate::host::tcp::{Departure, SegmentOptions};

/// Where the options come from.
enum Source<'a> {
    Opener(&'a mut Opener),
    Responder(&'a Responder),
    Request(&'a JoinRequest),
    Subflow(&'a mut SubflowTx),
    Nothing,
}

/// The options and window of one flow.
struct ConnOptions<'a> {
    source: Source<'a>,
    window: u32,
}

pub(super) fn seg_flags(flags: Flags) -> SegFlags {
    SegFlags {
        syn: flags.has(Flags::SYN),
        ack: flags.has(Flags::ACK),
        fin: flags.has(Flags::FIN),
        rst: flags.has(Flags::RST),
    }
}

impl SegmentOptions for ConnOptions<'_> {
    fn options(&mut self, departure: &Departure, room: usize, out: &mut [u8]) -> usize {
        let syn = departure.flags.has(Flags::SYN);
        let option: Option<MpOption> = match &mut self.source {
            Source::Opener(opener) if syn => opener.syn_option(),
            Source::Responder(responder) if syn => Some(responder.syn_ack_option()),
            Source::Request(request) if syn => Some(request.syn_ack_option()),
            Source::Subflow(tx) => {
                let seg = SegOut { ssn: departure.off as u32, len: departure.len, flags: seg_flags(departure.flags) };
                return tx.options(&seg, room, out);
            }
            _ => None,
        };
        option.filter(|o| o.wire_len() <= room).and_then(|o| o.emit(out).ok()).unwrap_or(0)
    }

    fn window(&self) -> u32 {
        self.window
    }
}

impl Conn {
    /// Sends what a flow has to send, an acknowledgement too where `ack` says so.
    fn send_flow(&mut self, sh: &mut Shared, slot: Slot, now: Instant, ack: bool) {
        let window = self.window(sh);
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        if let (Level::Multipath(mpcb), Some(id), Some(tx)) = (&mut self.level, subflow.id, &mut subflow.tx) {
            mpcb.sync_tx(id, tx);
        }
        let source = match (&mut subflow.role, &mut self.level, &mut subflow.tx) {
            (Role::Joined(request), _, _) => Source::Request(request),
            (Role::First, Level::Opening(opener), _) => Source::Opener(opener),
            (Role::First, Level::Responding(responder), _) => Source::Responder(responder),
            (_, _, Some(tx)) => Source::Subflow(tx),
            _ => Source::Nothing,
        };
        let mut source = ConnOptions { source, window };
        if ack {
            subflow.flow.send_ack(&mut source, &mut sh.out);
        }
        subflow.flow.flush(now, &mut source, &mut sh.out);
    }

    /// Sends what a flow has to send.
    pub(super) fn flush(&mut self, sh: &mut Shared, slot: Slot, now: Instant) {
        self.send_flow(sh, slot, now, false);
    }

    /// Sends an acknowledgement without data, and what else there is.
    pub(super) fn flush_ack(&mut self, sh: &mut Shared, slot: Slot, now: Instant) {
        self.send_flow(sh, slot, now, true);
    }

    /// The window to advertise, in octets. Plain TCP counts it from the acknowledgement, which is ahead of what has
    /// been taken into `so_rcv`; core counts from the DATA_ACK, as long as there is one.
    pub(super) fn window(&self, sh: &Shared) -> u32 {
        let space = self.receive_space(sh);
        let (window, plain) = match &self.level {
            Level::Multipath(mpcb) => (mpcb.rcv_window(), mpcb.fallback_reason().is_some()),
            _ => (u32::try_from(space).unwrap_or(u32::MAX), true),
        };
        if !plain {
            return window;
        }
        let live = self.subflows.values().filter(|s| !matches!(s.role, Role::Parted));
        let waits: usize = live.map(|s| s.flow.readable()).sum();
        window.saturating_sub(u32::try_from(waits).unwrap_or(u32::MAX))
    }

    /// Octets free in `so_rcv`.
    pub(super) fn receive_space(&self, sh: &Shared) -> usize {
        sh.cfg.receive_buffer.saturating_sub(self.rcv.len())
    }
}
