//! Which options one segment carries.

use super::{OptionBuf, Phase, SegOut, SubflowTx};
use crate::ds_map::DsMap;
use crate::seq;
use mptcp_wire::checksum::{Sum, dss_checksum};
use mptcp_wire::{CapableData, CapableFlags, DataSeq, Dss, DssMap, Key, MpCapable, MpOption, Version};

impl SubflowTx {
    /// Writes the MPTCP options of `seg` into `out`, at most `room` bytes (what TCP's own options left of 40), padded
    /// to whole 32-bit words. Returns the bytes written. Signals that do not fit wait for the next segment.
    pub fn options(&mut self, seg: &SegOut, room: usize, out: &mut [u8]) -> usize {
        let mut buf = OptionBuf::new(out, room);
        if seg.flags.rst {
            if let Some(fail) = &self.state.fail {
                buf.push(fail);
            }
            if let Some(reset) = &self.state.reset {
                buf.push(reset);
            }
            return buf.finish();
        }
        match self.state.phase {
            Phase::JoinSyn(option) => {
                if seg.flags.syn {
                    buf.push(&option);
                }
            }
            Phase::JoinAck(option) => {
                buf.push(&option);
            }
            _ if seg.flags.syn => {}
            Phase::CapableAck { local, remote, deny_join_id0 } => {
                let capable = self.capable(seg, local, remote, deny_join_id0);
                match capable {
                    Some(capable) => {
                        buf.push(&capable);
                    }
                    None => self.dss(seg, &mut buf),
                }
            }
            Phase::Established => self.dss(seg, &mut buf),
            Phase::Fallback => self.fallback(seg, &mut buf),
        }
        buf.finish()
    }

    /// MP_CAPABLE with both keys: on the third ACK, and in v1 on the first data, whose mapping it then carries
    /// (RFC 8684 section 3.1).
    ///
    /// An opener that closes without having sent data has to send its DATA_FIN before the peer has confirmed: it
    /// takes turns with MP_CAPABLE, of which either may be lost.
    fn capable(&mut self, seg: &SegOut, local: Key, remote: Key, deny_join_id0: bool) -> Option<MpOption> {
        if self.expand(seg.ssn) != 1 || (seg.len > 0 && self.state.version == Version::V0) {
            return None;
        }
        if seg.len == 0 && core::mem::take(&mut self.fin_turn) && self.state.fin.is_some() {
            return None;
        }
        self.fin_turn = true;
        let data = if seg.len > 0 {
            let map = self.maps.find(1)?;
            Some(CapableData { len: wire_len(map.len), csum: map.csum })
        } else {
            None
        };
        let mut flags = CapableFlags::HMAC_SHA;
        flags.set(CapableFlags::CHECKSUM, self.state.checksum);
        flags.set(CapableFlags::DENY_JOIN_ID0, deny_join_id0);
        Some(MpOption::Capable(MpCapable {
            version: self.state.version as u8,
            flags,
            sender_key: Some(local),
            receiver_key: Some(remote),
            data,
        }))
    }

    fn dss(&mut self, seg: &SegOut, buf: &mut OptionBuf<'_>) {
        if let Some(fail) = self.state.fail.filter(|_| seg.len == 0) {
            // RFC 8684 section 3.7: nothing goes on before the peer has heard of it. What finds no room beside it waits.
            buf.push(&fail);
            buf.push_dss(&Dss { data_ack: Some(self.data_ack()), map: None, data_fin: false });
            return;
        }
        let map = if seg.len > 0 { self.maps.find(self.expand(seg.ssn)).copied() } else { None };
        let (map, data_fin) = match (map, self.state.fin) {
            (Some(map), _) => (Some(self.wire_map(&map)), false),
            (None, Some(fin)) if seg.len == 0 => (Some(self.fin_map(fin)), true),
            _ => (None, false),
        };
        let dss = Dss { data_ack: Some(self.data_ack()), map, data_fin };
        match self.signal {
            // RFC 8684 section 3.4.1: signals travel on pure ACKs, so that a lost one costs no data.
            Some(signal) if seg.len == 0 => self.dss_and_signal(&MpOption::Dss(dss), signal, buf),
            // The mapping matters more than the DATA_ACK, which the next segment brings as well.
            _ => {
                if !buf.push_dss(&dss) && map.is_some() {
                    buf.push_dss(&Dss { data_ack: None, ..dss });
                }
            }
        }
        if let Some(fail) = &self.state.fail {
            buf.push(fail);
        }
    }

    /// A signal too long to stand beside the DSS (ADD_ADDR for IPv6, with timestamps) takes its place: the next
    /// ACK repeats the DSS anyway.
    fn dss_and_signal(&mut self, dss: &MpOption, signal: MpOption, buf: &mut OptionBuf<'_>) {
        if dss.wire_len().saturating_add(signal.wire_len()) <= buf.room() {
            buf.push(dss);
        }
        if buf.push(&signal) {
            self.signal = None;
            self.signal_sent = true;
        } else {
            buf.push(dss);
        }
    }

    fn fallback(&self, seg: &SegOut, buf: &mut OptionBuf<'_>) {
        self.fallback_dss(seg, buf);
        if let Some(fail) = &self.state.fail {
            buf.push(fail);
        }
    }

    fn fallback_dss(&self, seg: &SegOut, buf: &mut OptionBuf<'_>) {
        if seg.len == 0 {
            if self.state.keep_data_ack {
                buf.push(&MpOption::Dss(Dss { data_ack: Some(self.data_ack()), map: None, data_fin: false }));
            }
            return;
        }
        let ssn = self.expand(seg.ssn);
        if let Some(map) = self.maps.find(ssn)
            && self.state.infinite.is_some_and(|(start, _)| ssn < start)
        {
            buf.push(&MpOption::Dss(Dss { data_ack: None, map: Some(self.wire_map(map)), data_fin: false }));
        } else if let Some((start, doff)) = self.state.infinite {
            // RFC 8684 section 3.7: length 0, and checksum 0 where checksums are agreed.
            let map = DssMap {
                dsn: seq::wire_dsn(doff, self.state.local_idsn, self.state.long_dsn),
                ssn: seq::wire_ssn(start),
                len: 0,
                csum: self.state.checksum.then_some(0),
            };
            buf.push(&MpOption::Dss(Dss { data_ack: None, map: Some(map), data_fin: false }));
        }
    }

    fn data_ack(&self) -> DataSeq {
        seq::wire_dsn(self.state.data_ack, self.state.remote_idsn, self.state.long_ack)
    }

    fn wire_map(&self, map: &DsMap) -> DssMap {
        DssMap {
            dsn: seq::wire_dsn(map.doff, self.state.local_idsn, self.state.long_dsn),
            ssn: seq::wire_ssn(map.ssn),
            len: wire_len(map.len),
            csum: map.csum,
        }
    }

    /// A DATA_FIN without payload: SSN 0, length 1 (RFC 8684 section 3.3.3).
    fn fin_map(&self, fin: u64) -> DssMap {
        let dsn = self.state.local_idsn.wrapping_add(fin);
        DssMap {
            dsn: seq::wire_dsn(fin, self.state.local_idsn, self.state.long_dsn),
            ssn: 0,
            len: 1,
            csum: self.state.checksum.then(|| dss_checksum(dsn, 0, 1, Sum::new())),
        }
    }
}

fn wire_len(len: u32) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}
