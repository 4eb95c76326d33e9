//! Subflows beyond the first, what TCP tells of each, and our addresses.

use super::addr::{from_socket, to_ip, to_socket};
use super::handshake::write_one;
use super::{ENOMEM, OK, at};
use crate::abi;
use crate::export::export;
use crate::object::{Out, OutMarked};
use crate::os::OsRng;
use bitflags::bitflags;
use core::ffi::c_int;
use core::time::Duration;
use mptcp_core::config::AddressList;
use mptcp_core::error::{JoinRefusal, SubflowEnd};
use mptcp_core::mpcb::{JoinRequest, Mpcb, SubflowInfo};
use mptcp_core::subflow::{Metrics, SubflowId};
use mptcp_wire::{MpOption, MpTcpRst, RstReason};

bitflags! {
    /// `MPTCP_SFI_*`.
    struct InfoFlags: u32 {
        const BACKUP = abi::MPTCP_SFI_BACKUP;
        const PEER_BACKUP = abi::MPTCP_SFI_PEER_BACKUP;
        const STALLED = abi::MPTCP_SFI_STALLED;
    }
}

export! {
    /// [`Mpcb::join_syn`].
    fn mptcp_core_join_syn(
        mp: &mut Mpcb, opts[len]: &[u8], local: &abi::mptcp_core_addr,
        remote: &abi::mptcp_core_addr, req: OutMarked<JoinRequest>,
    ) -> c_int {
        match mp.join_syn(opts, to_socket(local), to_socket(remote), &mut OsRng) {
            Ok(request) => {
                req.set(request);
                abi::MPTCP_JOIN_OK.cast_signed()
            }
            Err(refusal) => refusal_out(refusal),
        }
    }

    /// [`JoinRequest::syn_ack_option`].
    fn mptcp_core_join_syn_ack_option(req: &JoinRequest, out[room]: &mut [u8]) -> usize {
        write_one(Some(req.syn_ack_option()), out)
    }

    /// [`Mpcb::join_third_ack`].
    fn mptcp_core_join_third_ack(
        mp: &mut Mpcb, req: &JoinRequest, opts[len]: &[u8], sf: Out<u8>, now: u64,
    ) -> c_int {
        match mp.join_third_ack(req, opts, at(now)) {
            Ok(id) => {
                sf.set(id.0);
                abi::MPTCP_JOIN_OK.cast_signed()
            }
            Err(refusal) => refusal_out(refusal),
        }
    }

    /// MP_TCPRST with [`JoinRefusal::rst_reason`].
    fn mptcp_core_join_rst_option(refusal: c_int, out[room]: &mut [u8]) -> usize {
        let reason = refusal_in(refusal).map_or(RstReason::UNSPECIFIED, JoinRefusal::rst_reason);
        // Room may be found later; a wrong HMAC stays wrong.
        let transient = reason == RstReason::NO_RESOURCES;
        write_one(Some(MpOption::TcpRst(MpTcpRst { transient, reason })), out)
    }

    /// [`Mpcb::join_bound`].
    fn mptcp_core_join_bound(mp: &mut Mpcb, sf: u8, local: &abi::mptcp_core_addr) {
        mp.join_bound(SubflowId(sf), to_socket(local));
    }

    /// [`Mpcb::subflow_metrics`].
    fn mptcp_core_subflow_metrics(mp: &mut Mpcb, sf: u8, metrics: &abi::mptcp_core_metrics) {
        let micros = |us: u32| Duration::from_micros(u64::from(us));
        mp.subflow_metrics(SubflowId(sf), &Metrics {
            srtt: micros(metrics.srtt_us),
            rttvar: micros(metrics.rttvar_us),
            cwnd: metrics.cwnd,
            in_flight: metrics.in_flight,
            mss: metrics.mss,
        });
    }

    /// [`Mpcb::subflow_rto`].
    fn mptcp_core_subflow_rto(mp: &mut Mpcb, sf: u8, now: u64) {
        mp.subflow_rto(SubflowId(sf), at(now));
    }

    /// [`Mpcb::subflow_closed`].
    fn mptcp_core_subflow_closed(mp: &mut Mpcb, sf: u8, how: c_int, now: u64) {
        let end = match how.cast_unsigned() {
            abi::MPTCP_SFEND_FIN => SubflowEnd::Fin,
            abi::MPTCP_SFEND_RESET => SubflowEnd::Reset,
            abi::MPTCP_SFEND_LOCAL => SubflowEnd::Local,
            _ => SubflowEnd::Timeout,
        };
        mp.subflow_closed(SubflowId(sf), end, at(now));
    }

    /// [`Mpcb::set_backup`].
    fn mptcp_core_set_backup(mp: &mut Mpcb, sf: u8, backup: bool) {
        mp.set_backup(SubflowId(sf), backup);
    }

    /// [`Mpcb::subflow_state`].
    fn mptcp_core_subflow_state(mp: &Mpcb, sf: u8) -> c_int {
        let absent = abi::MPTCP_SFS_ABSENT.cast_signed();
        mp.subflow_state(SubflowId(sf)).map_or(absent, |state| state as c_int)
    }

    /// [`Mpcb::subflow_info`].
    fn mptcp_core_subflow_info(
        mp: &Mpcb, sf: u8, info: Out<abi::mptcp_core_subflow_info>,
    ) -> bool {
        match mp.subflow_info(SubflowId(sf)) {
            Some(found) => {
                info.set(info_out(&found));
                true
            }
            None => false,
        }
    }

    /// [`Mpcb::addresses_changed`].
    fn mptcp_core_addresses_changed(mp: &mut Mpcb, list: &AddressList, now: u64) -> c_int {
        match mp.addresses_changed(list, at(now)) {
            Ok(()) => OK,
            Err(_) => ENOMEM,
        }
    }

    /// [`Mpcb::address_lost`].
    fn mptcp_core_address_lost(mp: &mut Mpcb, addr: &abi::mptcp_core_addr) {
        mp.address_lost(to_ip(addr));
    }

    /// [`Mpcb::address_back`].
    fn mptcp_core_address_back(mp: &mut Mpcb, addr: &abi::mptcp_core_addr, now: u64) {
        mp.address_back(to_ip(addr), at(now));
    }
}

const fn refusal_out(refusal: JoinRefusal) -> c_int {
    let code = match refusal {
        JoinRefusal::Malformed => abi::MPTCP_JOIN_MALFORMED,
        JoinRefusal::UnknownToken => abi::MPTCP_JOIN_UNKNOWN_TOKEN,
        JoinRefusal::BadHmac => abi::MPTCP_JOIN_BAD_HMAC,
        JoinRefusal::NoResources => abi::MPTCP_JOIN_NO_RESOURCES,
        JoinRefusal::Prohibited => abi::MPTCP_JOIN_PROHIBITED,
    };
    code.cast_signed()
}

/// `None` for `MPTCP_JOIN_OK`, and for what is no refusal.
pub(super) fn refusal_in(code: c_int) -> Option<JoinRefusal> {
    Some(match code.cast_unsigned() {
        abi::MPTCP_JOIN_MALFORMED => JoinRefusal::Malformed,
        abi::MPTCP_JOIN_UNKNOWN_TOKEN => JoinRefusal::UnknownToken,
        abi::MPTCP_JOIN_BAD_HMAC => JoinRefusal::BadHmac,
        abi::MPTCP_JOIN_NO_RESOURCES => JoinRefusal::NoResources,
        abi::MPTCP_JOIN_PROHIBITED => JoinRefusal::Prohibited,
        _ => return None,
    })
}

fn info_out(info: &SubflowInfo) -> abi::mptcp_core_subflow_info {
    let mut flags = InfoFlags::empty();
    flags.set(InfoFlags::BACKUP, info.backup);
    flags.set(InfoFlags::PEER_BACKUP, info.peer_backup);
    flags.set(InfoFlags::STALLED, info.stalled);
    abi::mptcp_core_subflow_info {
        bytes_mapped: info.bytes_mapped,
        bytes_received: info.bytes_received,
        maps: u32::try_from(info.maps).unwrap_or(u32::MAX),
        rx_maps: u32::try_from(info.rx_maps).unwrap_or(u32::MAX),
        local: from_socket(info.local),
        remote: from_socket(info.remote),
        flags: flags.bits(),
        sf: info.id.0,
        state: info.state as u8,
        local_id: info.local_id,
        remote_id: info.remote_id,
    }
}
