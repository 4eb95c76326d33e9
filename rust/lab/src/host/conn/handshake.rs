//! The MP_CAPABLE handshake in both roles, and what comes of it.

use mptcp_core::handshake::{Agreed, FallbackReason, Offer, Opener, Responder, SynAckVerdict, ThirdAckVerdict};
use mptcp_core::mpcb::{Mpcb, Start};
use mptcp_core::pool::Pool;
use mptcp_core::rng::Rng as _;
use mptcp_core::subflow::SubflowId;
use mptcp_core::time::Instant;
use mptcp_wire::Version;

use super::{Conn, Level, Role};
use crate::host::ConnId;
use crate::host::config::OpenError;
use crate::host::packet::{Flags, TcpSegment};
use crate::host::shared::{Shared, Slot};
use crate::host::tcp::{Arrival, TcpFlow};
use std::net::{IpAddr, SocketAddr};

impl Conn {
    /// Opens a connection; its SYN is put into `sh.out`.
    pub(crate) fn connect(
        sh: &mut Shared,
        id: ConnId,
        local: IpAddr,
        remote: SocketAddr,
        now: Instant,
    ) -> Result<Conn, OpenError> {
        let port = sh.free_port(local, remote)?;
        let local = SocketAddr::new(local, port);
        let options = sh.flow_options(local, remote);
        let (level, token) = match sh.cfg.mptcp.offers() {
            None => (Level::Plain(FallbackReason::Disabled), None),
            Some(version) => match sh.new_key(version, id) {
                None => (Level::Plain(FallbackReason::NoResources), None),
                Some(key) => {
                    let offer = Offer {
                        version,
                        checksum: sh.cfg.mptcp.checksum,
                        deny_join_id0: sh.cfg.mptcp.deny_join_id0,
                        syn_tries: sh.cfg.capable_syns,
                    };
                    (Level::Opening(Opener::new(offer, key)), Some(key.token))
                }
            },
        };
        let multipath = matches!(level, Level::Opening(_));
        let flow = TcpFlow::connect(&options, multipath, now).ok_or(OpenError::Unspecified)?;
        let mut conn = Conn::new(id, local, remote, level);
        conn.token = token;
        let slot = conn.add_flow(sh, flow, Role::First);
        conn.flush(sh, slot, now);
        Ok(conn)
    }

    /// A connection that a SYN without MP_JOIN opens. `None`: it cannot be.
    pub(crate) fn from_syn(sh: &mut Shared, id: ConnId, segment: &TcpSegment<'_>, now: Instant) -> Option<Conn> {
        let options = sh.flow_options(segment.dst, segment.src);
        let (level, token) = match respond(sh, id, segment.options) {
            Ok(responder) => {
                let token = responder.local().token;
                (Level::Responding(responder), Some(token))
            }
            Err(reason) => (Level::Plain(reason), None),
        };
        let multipath = token.is_some();
        let flow = TcpFlow::listen(&options, multipath, now)?;
        let mut conn = Conn::new(id, segment.dst, segment.src, level);
        conn.token = token;
        conn.listener = Some(segment.dst.port());
        let slot = conn.add_flow(sh, flow, Role::First);
        if let Some(subflow) = conn.subflows.get_mut(&slot) {
            subflow.flow.deliver_syn(now, segment, multipath);
        }
        conn.flush(sh, slot, now);
        Some(conn)
    }

    /// A segment for the flow whose SYN is on its way.
    pub(super) fn opening(
        &mut self,
        sh: &mut Shared,
        slot: Slot,
        segment: &TcpSegment<'_>,
        arrival: &Arrival,
        now: Instant,
    ) {
        let Level::Opening(opener) = self.level else { return };
        let Some(subflow) = self.subflows.get_mut(&slot) else { return };
        if segment.flags.has(Flags::RST) {
            subflow.flow.deliver(now, segment, arrival);
            return;
        }
        let made = match opener.on_syn_ack(segment.options) {
            SynAckVerdict::MultiPath(agreed) => self.make_mpcb(sh, slot, &agreed, arrival, now),
            SynAckVerdict::PlainTcp(reason) => Err(reason),
        };
        if let Err(reason) = made {
            self.fall_back(sh, reason);
        }
        let multipath = made.is_ok();
        if let Some(subflow) = self.subflows.get_mut(&slot) {
            subflow.flow.deliver_syn(now, segment, multipath);
        }
    }

    /// The first segments after our SYN/ACK.
    pub(super) fn responding(
        &mut self,
        sh: &mut Shared,
        slot: Slot,
        segment: &TcpSegment<'_>,
        arrival: &Arrival,
        now: Instant,
    ) {
        let Level::Responding(responder) = self.level else { return };
        if segment.flags.has(Flags::RST) {
            return self.plain_segment(slot, segment, arrival, now);
        }
        let made = match responder.on_third_ack(segment.options) {
            ThirdAckVerdict::MultiPath(agreed) => self.make_mpcb(sh, slot, &agreed, arrival, now),
            ThirdAckVerdict::PlainTcp(reason) => Err(reason),
        };
        match made {
            Ok(()) => self.multipath_segment(slot, segment, arrival, now),
            Err(reason) => {
                self.fall_back(sh, reason);
                if let Some(subflow) = self.subflows.get_mut(&slot) {
                    subflow.flow.become_plain();
                }
                self.plain_segment(slot, segment, arrival, now);
            }
        }
    }

    fn make_mpcb(
        &mut self,
        sh: &mut Shared,
        slot: Slot,
        agreed: &Agreed,
        arrival: &Arrival,
        now: Instant,
    ) -> Result<(), FallbackReason> {
        let start = Start {
            local: self.local,
            remote: self.remote,
            snd_window: arrival.window,
            rcv_space: u32::try_from(self.receive_space(sh)).unwrap_or(u32::MAX),
        };
        let mut pool = Pool::new(sh.cfg.pool_limit);
        if sh.cfg.refuse_per_mille > 0 {
            pool.refuse_randomly(sh.rng.next_u64(), sh.cfg.refuse_per_mille);
        }
        let mut mpcb = Mpcb::with_pool(agreed, &sh.cfg.mptcp, &start, pool).map_err(|_| FallbackReason::NoResources)?;
        mpcb.set_snd_hiwat(u32::try_from(sh.cfg.send_buffer).unwrap_or(u32::MAX));
        // What the application wrote before the handshake was over.
        mpcb.snd_append(u32::try_from(self.snd.len()).unwrap_or(u32::MAX), now);
        if self.shut {
            mpcb.snd_shutdown(now);
        }
        if self.detached {
            mpcb.close(now);
        }
        // Addresses for which memory is refused go unused; the connection does without them.
        let _ = mpcb.addresses_changed(&sh.cfg.mp_addresses, now);
        if let Some(subflow) = self.subflows.get_mut(&slot) {
            subflow.id = Some(SubflowId::MASTER);
            subflow.tx = mpcb.subflow_tx(SubflowId::MASTER);
        }
        self.level = Level::Multipath(Box::new(mpcb));
        self.established = true;
        Ok(())
    }

    fn fall_back(&mut self, sh: &mut Shared, reason: FallbackReason) {
        self.level = Level::Plain(reason);
        if let Some(token) = self.token.take() {
            sh.tokens.remove(token);
        }
    }
}

/// Takes up the offer in the options of a SYN.
fn respond(sh: &mut Shared, id: ConnId, options: &[u8]) -> Result<Responder, FallbackReason> {
    if !sh.cfg.mptcp.enable {
        return Err(FallbackReason::Disabled);
    }
    let version = Responder::version_for(options, sh.cfg.mptcp.accepts(Version::V0))?;
    if !sh.cfg.mptcp.accepts(version) {
        return Err(FallbackReason::Version);
    }
    let key = sh.new_key(version, id).ok_or(FallbackReason::NoResources)?;
    let made = Responder::on_syn(options, version, key, sh.cfg.mptcp.checksum, sh.cfg.mptcp.deny_join_id0);
    if made.is_err() {
        sh.tokens.remove(key.token);
    }
    made
}
