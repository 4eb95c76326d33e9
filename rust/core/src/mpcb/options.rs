//! One option of an arriving segment.

use super::Mpcb;
use super::segment::{Seen, SegIn};
use crate::crypto::{add_addr_hmac, equal_keys, equal64};
use crate::ds_map::{MapSum, Recorded};
use crate::pm::AddrRefused;
use crate::seq;
use crate::subflow::{Doubt, Subflow, SubflowId, Wants};
use crate::time::Instant;
use mptcp_wire::checksum::{Sum, dss_checksum_ok};
use mptcp_wire::{
    AddAddr, AddAddrForm, AddrIds, DataSeq, Dss, DssMap, MpCapable, MpJoin, MpOption, MpPrio, MpTcpRst, RstReason,
    Version,
};

/// A map may lie at most so far from the bytes taken last; a subflow's window is never larger.
const SSN_SPAN: u64 = 1 << 30;

impl Mpcb {
    pub(super) fn option_in(&mut self, sf: SubflowId, seg: &SegIn, option: &MpOption, seen: &mut Seen, now: Instant) {
        match option {
            MpOption::Dss(dss) => {
                seen.dss = true;
                self.on_dss(sf, seg, dss, now);
            }
            MpOption::Capable(capable) => self.on_capable_again(sf, seg, capable, seen),
            MpOption::Join(MpJoin::Ack { .. }) => {
                // The peer repeats its third ACK until it hears from us.
                if let Some(subflow) = self.get_mut(sf).filter(|subflow| !subflow.ends.initiator) {
                    subflow.want(Wants::ACK);
                }
            }
            MpOption::Join(_) => self.stats.bad_options = self.stats.bad_options.saturating_add(1),
            MpOption::AddAddr(add) => self.on_add_addr(add, now),
            MpOption::RemoveAddr(ids) => self.on_remove_addr(ids, now),
            MpOption::Prio(prio) => self.on_prio(sf, prio),
            MpOption::Fail(fail) => self.on_fail(sf, seg, fail.dsn, now),
            MpOption::FastClose(close) => self.on_fastclose(close),
            MpOption::TcpRst(rst) if seg.flags.rst => self.on_tcprst(sf, rst),
            MpOption::TcpRst(_) | MpOption::Experimental => {}
        }
    }

    /// MP_CAPABLE after the handshake: the opener's first data carries its mapping there.
    fn on_capable_again(&mut self, sf: SubflowId, seg: &SegIn, capable: &MpCapable, seen: &mut Seen) {
        let Some(data) = capable.data.filter(|_| sf == SubflowId::MASTER && self.agreed.version == Version::V1) else {
            return;
        };
        let keys_match = crate::handshake::is_understood(capable.flags)
            && capable.receiver_key.is_some_and(|key| equal_keys(key, self.agreed.local.key))
            && capable.sender_key.is_some_and(|key| equal_keys(key, self.agreed.remote.key));
        // Segmentation offload repeats the option on every segment of the first burst; the mapping always begins
        // with the first octet.
        if !keys_match || !(1..=u64::from(data.len)).contains(&seq::expand32(seg.ssn, 1)) {
            self.stats.bad_options = self.stats.bad_options.saturating_add(1);
            return;
        }
        seen.dss = true;
        self.confirm();
        if self.agreed.checksum != data.csum.is_some() {
            return self.reset_subflow(sf, RstReason::MPTCP_ERROR, false);
        }
        let csum = data.csum.map(|csum| MapSum { csum, wire_len: data.len });
        let _known = self.record_map(sf, 1, u64::from(data.len), 1, csum);
    }

    /// The peer speaks MPTCP on this connection.
    fn confirm(&mut self) {
        if self.mode.confirm() {
            self.invalidate();
        }
    }

    fn on_dss(&mut self, sf: SubflowId, seg: &SegIn, dss: &Dss, now: Instant) {
        self.confirm();
        if let Some(subflow) = self.get_mut(sf) {
            subflow.receiving.note_dss();
        }
        if let Some(ack) = dss.data_ack {
            self.on_data_ack(ack, seg.window, now);
        }
        let Some(map) = dss.map else {
            return;
        };
        if map.is_infinite() {
            // RFC 8684 section 3.7: it comes with data. A length of zero on a pure ACK maps nothing.
            if seg.len > 0 {
                self.on_infinite_map(sf, &map, now);
            } else {
                self.stats.bad_options = self.stats.bad_options.saturating_add(1);
            }
            return;
        }
        // RFC 8684 section 3.3: a checksum that was not agreed, or a missing one that was, breaks the subflow.
        if self.agreed.checksum != map.csum.is_some() {
            return self.reset_subflow(sf, RstReason::MPTCP_ERROR, false);
        }
        self.on_map(sf, &map, dss.data_fin, now);
    }

    fn on_map(&mut self, sf: SubflowId, map: &DssMap, data_fin: bool, now: Instant) {
        // RFC 8684 section 3.3.1: 64-bit DSNs are answered with 64-bit DATA_ACKs.
        self.long_ack |= matches!(map.dsn, DataSeq::Long(_));
        // Every segment of a map repeats it.
        if !data_fin && self.get(sf).is_some_and(|subflow| subflow.receiving.repeats(map)) {
            return;
        }
        let Some(doff) = seq::data_offset(map.dsn, self.agreed.remote.idsn, self.reass.rcv_nxt()) else {
            self.stats.bad_options = self.stats.bad_options.saturating_add(1);
            return;
        };
        let mut len = u64::from(map.len);
        if data_fin {
            // RFC 8684 section 3.3.3: the DATA_FIN takes the last octet of the mapping.
            len = len.saturating_sub(1);
            match map.csum {
                None => self.note_peer_fin(sf, doff.saturating_add(len)),
                // The checksum covers no bytes: it can be verified here.
                Some(csum) if len == 0 => self.on_lone_fin(sf, map, doff, csum, now),
                // It counts once the bytes of its map have been verified.
                Some(_) => {}
            }
        }
        if len == 0 {
            return;
        }
        let Some(head) = self.get(sf).map(|subflow| subflow.receiving.head()) else {
            return;
        };
        let ssn = seq::expand32(map.ssn, head);
        let plausible = ssn >= 1 && ssn.saturating_add(SSN_SPAN) > head && ssn < head.saturating_add(SSN_SPAN);
        if plausible {
            let csum = map.csum.map(|csum| MapSum { csum, wire_len: map.len });
            let known = self.record_map(sf, ssn, len, doff, csum);
            if let Some(subflow) = self.get_mut(sf) {
                subflow.receiving.remember(Some(*map).filter(|_| known && !data_fin));
            }
        } else {
            self.stats.bad_options = self.stats.bad_options.saturating_add(1);
        }
    }

    /// A DATA_FIN without data, with a checksum over its pseudo-header (RFC 8684 section 3.3.1).
    fn on_lone_fin(&mut self, sf: SubflowId, map: &DssMap, doff: u64, csum: u16, now: Instant) {
        let dsn = self.agreed.remote.idsn.wrapping_add(doff);
        if dss_checksum_ok(dsn, map.ssn, map.len, csum, Sum::new()) {
            self.note_peer_fin(sf, doff);
        } else {
            self.checksum_failed(sf, doff, now);
        }
    }

    /// Returns whether the map is known now.
    fn record_map(&mut self, sf: SubflowId, ssn: u64, len: u64, doff: u64, csum: Option<MapSum>) -> bool {
        let pool = &mut self.pool;
        let Some(subflow) = self.subflows.get_mut(sf.index()).and_then(Option::as_mut) else {
            return false;
        };
        match subflow.receiving.record(ssn, len, doff, csum, pool) {
            Recorded::New | Recorded::Old => true,
            Recorded::Conflict => {
                self.stats.maps_conflicting = self.stats.maps_conflicting.saturating_add(1);
                false
            }
            Recorded::NoMemory | Recorded::Unverifiable => {
                // Its bytes get no DATA_ACK, and the peer sends them again at the data level.
                self.discarded_below = self.discarded_below.max(doff.saturating_add(len));
                self.stats.refused_no_memory = self.stats.refused_no_memory.saturating_add(1);
                false
            }
        }
    }

    fn on_add_addr(&mut self, add: &AddAddr, now: Instant) {
        if add.form == AddAddrForm::Echo {
            if self.pm.on_echo(add) {
                self.stats.add_addr_echoed = self.stats.add_addr_echoed.saturating_add(1);
            }
            return;
        }
        let (theirs, ours) = (self.agreed.remote.key, self.agreed.local.key);
        let authentic = match add.form {
            AddAddrForm::Announce { hmac } => {
                self.agreed.version == Version::V1
                    && equal64(add_addr_hmac(theirs, ours, add.addr_id, add.addr, add.port), hmac)
            }
            AddAddrForm::V0 => self.agreed.version == Version::V0,
            AddAddrForm::Echo => false,
        };
        match self.pm.on_add_addr(add, authentic, now, &mut self.pool) {
            Ok(()) => self.stats.add_addr_received = self.stats.add_addr_received.saturating_add(1),
            Err(AddrRefused::BadHmac) => self.stats.bad_hmacs = self.stats.bad_hmacs.saturating_add(1),
            Err(AddrRefused::Unusable) => self.stats.bad_options = self.stats.bad_options.saturating_add(1),
            Err(AddrRefused::NoRoom) => {
                self.stats.refused_no_memory = self.stats.refused_no_memory.saturating_add(1);
            }
        }
    }

    fn on_remove_addr(&mut self, ids: &AddrIds, now: Instant) {
        self.invalidate();
        self.stats.remove_addr_received = self.stats.remove_addr_received.saturating_add(1);
        for id in ids.iter() {
            self.pm.on_remove_addr(id);
            // RFC 8684 section 3.4.2: an id that nobody uses is ignored, and a path that works is not closed: whoever guesses a
            // sequence number could end it. What is in flight, or the FIN after a while, finds out.
            let withdrawn = |subflow: &&mut Subflow| subflow.ends.remote_id == id && subflow.is_established();
            for subflow in self.live_mut().filter(withdrawn) {
                subflow.health.question(Doubt::Withdrawn, now);
            }
            self.close_those(|subflow| subflow.ends.remote_id == id && !subflow.is_established());
        }
        self.request_output();
    }

    fn on_prio(&mut self, sf: SubflowId, prio: &MpPrio) {
        self.stats.prio_received = self.stats.prio_received.saturating_add(1);
        match prio.addr_id {
            // v0 may name another subflow by the peer's address id.
            Some(id) => {
                for subflow in self.live_mut().filter(|subflow| subflow.ends.remote_id == id) {
                    subflow.peer_backup = prio.backup;
                }
            }
            None => {
                if let Some(subflow) = self.get_mut(sf) {
                    subflow.peer_backup = prio.backup;
                }
            }
        }
        self.request_output();
    }

    pub(super) fn on_tcprst(&mut self, sf: SubflowId, rst: &MpTcpRst) {
        self.stats.rst_received = self.stats.rst_received.saturating_add(1);
        if let Some(subflow) = self.get_mut(sf) {
            subflow.refused_for_good |= !rst.transient && rst.reason == RstReason::PROHIBITED;
            subflow.reset_explained = true;
            subflow.reset_transient = rst.transient;
        }
    }
}
