//! From the flows' in-order queues into the application's buffer, in the order that core says.

use mptcp_core::time::Instant;
use mptcp_wire::checksum::Sum;

use super::{Conn, Level, RxStep, Slot};

impl Conn {
    /// Drains every flow. Returns whether anything moved.
    pub(super) fn take_in(&mut self, now: Instant) -> bool {
        let slots: Vec<Slot> = self.subflows.keys().copied().collect();
        let mut any = false;
        for slot in slots {
            while self.take_step(slot, now) {
                any = true;
            }
        }
        any
    }

    /// One step of `mp_do_reass()`. False: there is nothing to do for this flow.
    fn take_step(&mut self, slot: Slot, now: Instant) -> bool {
        let (Some(subflow), Level::Multipath(mpcb)) = (self.subflows.get_mut(&slot), &mut self.level) else {
            return false;
        };
        let flow = &mut subflow.flow;
        let Some(id) = subflow.id else {
            // Nobody wants what still arrives.
            let readable = flow.readable();
            flow.take(readable, |_| {});
            return false;
        };
        let available = u32::try_from(flow.readable()).unwrap_or(u32::MAX);
        let rcv = &mut self.rcv;
        match mpcb.mp_do_reass(id, available, now) {
            RxStep::Wait => return false,
            RxStep::Sum { len } => {
                let mut sum = Sum::new();
                sum.add_bytes(&flow.peek(len as usize));
                mpcb.rx_sum(id, sum, now);
            }
            RxStep::Discard { len } => flow.take(len as usize, |_| {}),
            RxStep::Deliver { skip, len, cut } => {
                let detached = self.detached;
                flow.take(skip as usize, |_| {});
                flow.take(len as usize, |octets| {
                    if !detached {
                        rcv.append(octets);
                    }
                });
                flow.take(cut as usize, |_| {});
            }
            RxStep::Hold { skip, len, cut } => {
                let mut kept = Vec::with_capacity(len as usize);
                flow.take(skip as usize, |_| {});
                flow.take(len as usize, |octets| kept.extend_from_slice(octets));
                flow.take(cut as usize, |_| {});
                self.next_held += 1;
                let token = self.next_held;
                if mpcb.rx_hold(token).is_ok() {
                    self.held.insert(token, kept);
                }
            }
            RxStep::DeliverHeld { token, skip, len } => {
                if let Some(octets) = self.held.remove(&token)
                    && !self.detached
                {
                    let (skip, len) = (skip as usize, len as usize);
                    rcv.append(&octets[skip..skip + len]);
                }
            }
            RxStep::FreeHeld { token } => {
                self.held.remove(&token);
            }
        }
        true
    }
}
