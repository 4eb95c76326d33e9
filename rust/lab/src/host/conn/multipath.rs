//! The multipath level: segments to core, and core's wishes.

use mptcp_core::error::SubflowEnd;
use mptcp_core::mpcb::{Action, SegIn, SegVerdict};
use mptcp_core::subflow::{Metrics, SubflowId};
use mptcp_core::time::Instant;

use super::segment_options::seg_flags;
use super::{Conn, Level, Role};
use crate::host::packet::{Flags, TcpSegment};
use crate::host::shared::{Shared, Slot};
use crate::host::tcp::Arrival;

/// Rounds of work after which the rest waits for the next call: a bound for errors of this program.
const MOST_ROUNDS: u32 = 10_000;

impl Conn {
    /// An accepted segment of a flow that core knows.
    pub(super) fn multipath_segment(&mut self, slot: Slot, segment: &TcpSegment<'_>, arrival: &Arrival, now: Instant) {
        let (Some(subflow), Level::Multipath(mpcb)) = (self.subflows.get_mut(&slot), &mut self.level) else {
            return;
        };
        let Some(id) = subflow.id else { return };
        let seg = SegIn {
            ssn: arrival.off as u32,
            len: arrival.len,
            ack: arrival.ack as u32,
            window: arrival.window,
            flags: seg_flags(segment.flags),
        };
        let verdict = mpcb.segment_in(id, &seg, segment.options, now);
        if verdict == SegVerdict::Drop {
            if segment.flags.has(Flags::SYN) {
                subflow.flow.refuse_syn_ack(segment.ack);
            }
            return;
        }
        if segment.flags.has(Flags::SYN) {
            subflow.flow.deliver_syn(now, segment, true);
        } else {
            subflow.flow.deliver(now, segment, arrival);
        }
        if mpcb.fallback_reason().is_some() {
            subflow.flow.heed_window();
        }
        let sender = subflow.flow.sender();
        let (srtt, rttvar) = sender.srtt();
        let octets = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let metrics = Metrics {
            srtt: srtt.unwrap_or_default(),
            rttvar,
            cwnd: octets(sender.window()),
            in_flight: octets(sender.in_flight()),
            mss: octets(subflow.flow.mss()),
        };
        mpcb.subflow_metrics(id, &metrics);
    }

    pub(super) fn multipath_work(&mut self, sh: &mut Shared, now: Instant) {
        self.tell_space(sh);
        self.pull_in_fallback(sh, now);
        for _ in 0..MOST_ROUNDS {
            let mut any = self.take_in(now);
            any |= self.report_ends(now);
            any |= self.act(sh, now);
            if !any {
                return;
            }
        }
        debug_assert!(false, "core and host keep each other busy");
    }

    /// Core asks for output when an acknowledgement moves. After a fallback the TCP window restricts, which opens
    /// without one, and which the flow's own timer probes.
    fn pull_in_fallback(&mut self, sh: &mut Shared, now: Instant) {
        let Level::Multipath(mpcb) = &self.level else { return };
        if mpcb.fallback_reason().is_none() {
            return;
        }
        let flows: Vec<_> = self.subflows.iter().filter_map(|(slot, s)| Some((*slot, s.id?))).collect();
        for (slot, id) in flows {
            self.pull(sh, slot, id, now);
        }
    }

    fn tell_space(&mut self, sh: &Shared) {
        let space = u32::try_from(self.receive_space(sh)).unwrap_or(u32::MAX);
        if let Level::Multipath(mpcb) = &mut self.level {
            // What it asks for comes out of `poll_action` like everything else.
            let _asked = mpcb.set_rcv_space(space);
        }
    }

    fn slot_of(&self, sf: SubflowId) -> Option<Slot> {
        self.subflows.iter().find(|(_, s)| s.id == Some(sf)).map(|(slot, _)| *slot)
    }

    /// Does what core asks for. Returns whether it asked for anything.
    fn act(&mut self, sh: &mut Shared, now: Instant) -> bool {
        let mut any = false;
        for _ in 0..MOST_ROUNDS {
            let Level::Multipath(mpcb) = &mut self.level else { return any };
            let Some(action) = mpcb.poll_action(now, &mut sh.rng) else { return any };
            any = true;
            self.perform(sh, action, now);
        }
        any
    }

    fn perform(&mut self, sh: &mut Shared, action: Action, now: Instant) {
        match action {
            Action::Output(sf) => {
                if let Some(slot) = self.slot_of(sf) {
                    self.pull(sh, slot, sf, now);
                }
            }
            Action::SendAck(sf) => {
                if let Some(slot) = self.slot_of(sf) {
                    self.flush_ack(sh, slot, now);
                }
            }
            Action::Probe(sf) => {
                if let Some(slot) = self.slot_of(sf)
                    && let Some(subflow) = self.subflows.get_mut(&slot)
                {
                    subflow.flow.probe();
                    self.flush(sh, slot, now);
                }
            }
            Action::OpenSubflow { sf, local, remote } => {
                self.open_subflow(sh, sf, local, remote, now);
            }
            Action::Close(sf) => {
                if let Some(slot) = self.slot_of(sf)
                    && let Some(subflow) = self.subflows.get_mut(&slot)
                {
                    subflow.flow.close();
                    self.flush(sh, slot, now);
                }
            }
            Action::Reset(sf) => self.reset(sh, sf, now),
            Action::WakeReader => {}
            Action::WakeWriter => self.release(),
            Action::PeerClosed => self.peer_closed = true,
            Action::Closed(why) => {
                self.release();
                self.end(why);
            }
        }
    }

    fn reset(&mut self, sh: &mut Shared, sf: SubflowId, now: Instant) {
        if let Some(slot) = self.slot_of(sf) {
            if let Some(subflow) = self.subflows.get_mut(&slot) {
                subflow.flow.abort();
            }
            self.flush(sh, slot, now);
            self.remember(slot);
            if let Some(subflow) = self.subflows.get_mut(&slot) {
                subflow.role = Role::Parted;
                subflow.id = None;
                if let (Level::Multipath(mpcb), Some(mut tx)) = (&mut self.level, subflow.tx.take()) {
                    mpcb.subflow_closed(sf, SubflowEnd::Local, now);
                    mpcb.sync_tx(sf, &mut tx);
                    return;
                }
            }
        }
        if let Level::Multipath(mpcb) = &mut self.level {
            mpcb.subflow_closed(sf, SubflowEnd::Local, now);
        }
    }

    fn release(&mut self) {
        if let Level::Multipath(mpcb) = &mut self.level {
            let len = mpcb.snd_release();
            self.snd.drop_front(len as usize);
        }
    }
}
