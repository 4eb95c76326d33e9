//! Joins: subflows beyond the first, in both roles (RFC 8684 section 3.2).

use std::net::{IpAddr, SocketAddr};

use mptcp_core::error::{JoinRefusal, SubflowEnd};
use mptcp_core::subflow::SubflowId;
use mptcp_core::time::Instant;

use super::{Conn, Level, Role};
use crate::host::packet::{Flags, TcpSegment};
use crate::host::shared::{Shared, Slot};
use crate::host::tcp::{Arrival, TcpFlow};

impl Conn {
    /// Core asks for a subflow: connects it.
    pub(super) fn open_subflow(
        &mut self,
        sh: &mut Shared,
        sf: SubflowId,
        local: IpAddr,
        remote: SocketAddr,
        now: Instant,
    ) {
        let flow = sh.free_port(local, remote).ok().and_then(|port| {
            let local = SocketAddr::new(local, port);
            let options = sh.flow_options(local, remote);
            let ours = sh.cfg.addresses.contains(&local.ip());
            ours.then(|| TcpFlow::connect(&options, true, now)).flatten()
        });
        let Level::Multipath(mpcb) = &mut self.level else { return };
        let Some(flow) = flow else {
            mpcb.subflow_closed(sf, SubflowEnd::Timeout, now);
            return;
        };
        mpcb.join_bound(sf, flow.local());
        let tx = mpcb.subflow_tx(sf);
        let slot = self.add_flow(sh, flow, Role::Joining);
        if let Some(subflow) = self.subflows.get_mut(&slot) {
            subflow.id = Some(sf);
            subflow.tx = tx;
        }
        self.flush(sh, slot, now);
    }

    /// A SYN with MP_JOIN and this connection's token arrived.
    pub(crate) fn join_syn(
        &mut self,
        sh: &mut Shared,
        segment: &TcpSegment<'_>,
        now: Instant,
    ) -> Result<(), JoinRefusal> {
        if !self.has_port(segment.dst.port()) {
            return Err(JoinRefusal::Prohibited);
        }
        let Level::Multipath(mpcb) = &mut self.level else {
            return Err(JoinRefusal::Prohibited);
        };
        let request = mpcb.join_syn(segment.options, segment.dst, segment.src, &mut sh.rng)?;
        let options = sh.flow_options(segment.dst, segment.src);
        let flow = TcpFlow::listen(&options, true, now).ok_or(JoinRefusal::NoResources)?;
        let slot = self.add_flow(sh, flow, Role::Joined(request));
        if let Some(subflow) = self.subflows.get_mut(&slot) {
            subflow.flow.deliver_syn(now, segment, true);
        }
        self.flush(sh, slot, now);
        Ok(())
    }

    /// Whether the connection has its first subflow, or one that lives, on this port of ours: there a peer may join it.
    fn has_port(&self, port: u16) -> bool {
        let live = self.subflows.values().filter(|subflow| subflow.id.is_some());
        self.local.port() == port || live.map(|subflow| subflow.flow.local().port()).any(|ours| ours == port)
    }

    /// The third ACK of a join arrived, or something in its place.
    pub(super) fn join_accepted(
        &mut self,
        sh: &mut Shared,
        slot: Slot,
        request: &mptcp_core::mpcb::JoinRequest,
        segment: &TcpSegment<'_>,
        arrival: &Arrival,
        now: Instant,
    ) {
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        if segment.flags.has(Flags::RST) {
            subflow.flow.deliver(now, segment, arrival);
            subflow.role = Role::Parted;
            return;
        }
        let joined = match &mut self.level {
            Level::Multipath(mpcb) => mpcb.join_third_ack(request, segment.options, now),
            _ => Err(JoinRefusal::Prohibited),
        };
        match joined {
            Ok(id) => {
                subflow.role = Role::Joining;
                subflow.id = Some(id);
                if let Level::Multipath(mpcb) = &mut self.level {
                    subflow.tx = mpcb.subflow_tx(id);
                }
                self.multipath_segment(slot, segment, arrival, now);
            }
            Err(refusal) => {
                // RFC 8684 section 3.6: the RST says why.
                subflow.flow.deliver(now, segment, arrival);
                subflow.flow.abort_saying(refusal.rst_reason());
                subflow.role = Role::Parted;
                self.flush(sh, slot, now);
            }
        }
    }

    /// Reports flows that have ended, and peers' FINs, to the multipath level.
    pub(super) fn report_ends(&mut self, now: Instant) -> bool {
        let ended = self.subflows.iter().filter(|(_, s)| s.id.is_some() && s.flow.end().is_some());
        for slot in ended.map(|(slot, _)| *slot).collect::<Vec<_>>() {
            self.remember(slot);
        }
        let Level::Multipath(mpcb) = &mut self.level else { return false };
        let mut any = false;
        for subflow in self.subflows.values_mut() {
            if let (Role::Joined(_), Some(_)) = (subflow.role, subflow.flow.end()) {
                subflow.role = Role::Parted;
            }
            let Some(id) = subflow.id else { continue };
            let drained = subflow.flow.readable() == 0;
            if subflow.flow.fin_received() && drained && !subflow.fin_told {
                subflow.fin_told = true;
                mpcb.subflow_fin(id, now);
                any = true;
            }
            if let Some(end) = subflow.flow.end() {
                let why = match super::subflow_end(end) {
                    SubflowEnd::Fin if !subflow.flow.is_synchronized() => SubflowEnd::Local,
                    why => why,
                };
                mpcb.subflow_closed(id, why, now);
                if let Some(tx) = &mut subflow.tx {
                    // The subflow is unknown by now: gives the maps' memory back.
                    mpcb.sync_tx(id, tx);
                }
                subflow.id = None;
                subflow.role = Role::Parted;
                any = true;
            }
        }
        any
    }
}
