// Generated from sys/netinet/mptcp_core.h by `MPTCP_UPDATE_ABI=1 cargo test -p mptcp-kern --test abi`.
// Committed, so that building the kernel object needs no libclang. Do not edit.

pub const MPTCP_CORE_ABI: u32 = 1;
pub const MPTCP_CORE_MAX_SUBFLOWS: u32 = 32;
pub const MPTCP_CORE_MAX_ADDRESSES: u32 = 32;
pub const MPTCP_OPT_MAX: u32 = 40;
pub const MPTCP_SF_MASTER: u32 = 0;
pub const MPTCP_SEG_SYN: u32 = 1;
pub const MPTCP_SEG_ACK: u32 = 2;
pub const MPTCP_SEG_FIN: u32 = 4;
pub const MPTCP_SEG_RST: u32 = 8;
pub const MPTCP_SEG_CONTINUE: u32 = 0;
pub const MPTCP_SEG_DROP: u32 = 1;
pub const MPTCP_MAP_NOTHING: u32 = 0;
pub const MPTCP_MAP_GRANTED: u32 = 1;
pub const MPTCP_MAP_NOMEM: u32 = 2;
pub const MPTCP_STEP_WAIT: u32 = 0;
pub const MPTCP_STEP_SUM: u32 = 1;
pub const MPTCP_STEP_DISCARD: u32 = 2;
pub const MPTCP_STEP_DELIVER: u32 = 3;
pub const MPTCP_STEP_HOLD: u32 = 4;
pub const MPTCP_STEP_DELIVER_HELD: u32 = 5;
pub const MPTCP_STEP_FREE_HELD: u32 = 6;
pub const MPTCP_ACTION_NONE: u32 = 0;
pub const MPTCP_ACTION_OUTPUT: u32 = 1;
pub const MPTCP_ACTION_SEND_ACK: u32 = 2;
pub const MPTCP_ACTION_OPEN_SUBFLOW: u32 = 3;
pub const MPTCP_ACTION_CLOSE: u32 = 4;
pub const MPTCP_ACTION_RESET: u32 = 5;
pub const MPTCP_ACTION_WAKE_READER: u32 = 6;
pub const MPTCP_ACTION_WAKE_WRITER: u32 = 7;
pub const MPTCP_ACTION_PEER_CLOSED: u32 = 8;
pub const MPTCP_ACTION_CLOSED: u32 = 9;
pub const MPTCP_ACTION_PROBE: u32 = 10;
pub const MPTCP_WAKES_READER: u32 = 1;
pub const MPTCP_WAKES_WRITER: u32 = 2;
pub const MPTCP_WAKES_MORE: u32 = 4;
pub const MPTCP_END_DONE: u32 = 0;
pub const MPTCP_END_RESET: u32 = 1;
pub const MPTCP_END_ABORTED: u32 = 2;
pub const MPTCP_END_TIMEDOUT: u32 = 3;
pub const MPTCP_END_DAMAGED: u32 = 4;
pub const MPTCP_END_NOT: u32 = 255;
pub const MPTCP_SFEND_FIN: u32 = 0;
pub const MPTCP_SFEND_RESET: u32 = 1;
pub const MPTCP_SFEND_TIMEOUT: u32 = 2;
pub const MPTCP_SFEND_LOCAL: u32 = 3;
pub const MPTCP_SFS_JOIN_SYN_SENT: u32 = 0;
pub const MPTCP_SFS_JOIN_ACK_SENT: u32 = 1;
pub const MPTCP_SFS_ESTABLISHED: u32 = 2;
pub const MPTCP_SFS_CLOSING: u32 = 3;
pub const MPTCP_SFS_RESETTING: u32 = 4;
pub const MPTCP_SFS_ABSENT: u32 = 255;
pub const MPTCP_FALLBACK_DISABLED: u32 = 0;
pub const MPTCP_FALLBACK_NO_CAPABLE: u32 = 1;
pub const MPTCP_FALLBACK_NO_CAPABLE_ACK: u32 = 2;
pub const MPTCP_FALLBACK_VERSION: u32 = 3;
pub const MPTCP_FALLBACK_ALGORITHM: u32 = 4;
pub const MPTCP_FALLBACK_BAD_KEY: u32 = 5;
pub const MPTCP_FALLBACK_NO_RESOURCES: u32 = 6;
pub const MPTCP_FALLBACK_NO_DSS: u32 = 7;
pub const MPTCP_FALLBACK_CHECKSUM: u32 = 8;
pub const MPTCP_FALLBACK_PEER_FAILED: u32 = 9;
pub const MPTCP_AGREED: u32 = 255;
pub const MPTCP_JOIN_OK: u32 = 0;
pub const MPTCP_JOIN_MALFORMED: u32 = 1;
pub const MPTCP_JOIN_UNKNOWN_TOKEN: u32 = 2;
pub const MPTCP_JOIN_BAD_HMAC: u32 = 3;
pub const MPTCP_JOIN_NO_RESOURCES: u32 = 4;
pub const MPTCP_JOIN_PROHIBITED: u32 = 5;
pub const MPTCP_SYN_PLAIN: u32 = 0;
pub const MPTCP_SYN_CAPABLE: u32 = 1;
pub const MPTCP_SYN_JOIN: u32 = 2;
pub const MPTCP_SFI_BACKUP: u32 = 1;
pub const MPTCP_SFI_PEER_BACKUP: u32 = 2;
pub const MPTCP_SFI_STALLED: u32 = 4;
pub const MPTCP_NSTATS: u32 = 35;
pub const MPTCP_KNOB_ENABLE: u32 = 0;
pub const MPTCP_KNOB_VERSION: u32 = 1;
pub const MPTCP_KNOB_V0: u32 = 2;
pub const MPTCP_KNOB_MAX_SUBFLOWS: u32 = 3;
pub const MPTCP_KNOB_JOIN_ON_ADD_ADDR: u32 = 4;
pub const MPTCP_KNOB_SINGLE_PACKET_MAPS: u32 = 5;
pub const MPTCP_KNOB_CHECKSUM: u32 = 6;
pub const MPTCP_KNOB_ADD_ADDR_TIMEOUT: u32 = 7;
pub const MPTCP_KNOB_ADD_ADDR_RETRIES: u32 = 8;
pub const MPTCP_KNOB_CLOSE_TIMEOUT: u32 = 9;
pub const MPTCP_KNOB_STALE_LOSS_CNT: u32 = 10;
pub const MPTCP_KNOB_REJOIN_TIMEOUT: u32 = 11;
pub const MPTCP_KNOB_REJOIN_CAP: u32 = 12;
pub const MPTCP_KNOB_REJOIN_RETRIES: u32 = 13;
pub const MPTCP_KNOB_JOIN_ACK_TIMEOUT: u32 = 14;
pub const MPTCP_KNOB_JOIN_ACK_RETRIES: u32 = 15;
pub const MPTCP_KNOB_DENY_JOIN_ID0: u32 = 16;
pub const MPTCP_KNOB_SHORT_DSN: u32 = 17;
pub const MPTCP_KNOB_REASS_MAXQUEUELEN: u32 = 18;
pub const MPTCP_NKNOBS: u32 = 19;
pub const MPTCP_DBG_MPSESSION: u32 = 0;
pub const MPTCP_DBG_DSMAP: u32 = 1;
pub const MPTCP_DBG_SBSTATUS: u32 = 2;
pub const MPTCP_DBG_REASS: u32 = 3;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_mpcb {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_tx {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_tokens {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_opener {
    pub opaque: [u64; 6usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_opener"][::core::mem::size_of::<mptcp_core_opener>() - 48usize];
    ["Alignment of mptcp_core_opener"][::core::mem::align_of::<mptcp_core_opener>() - 8usize];
    ["Offset of field: mptcp_core_opener::opaque"][::core::mem::offset_of!(mptcp_core_opener, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_responder {
    pub opaque: [u64; 8usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_responder"][::core::mem::size_of::<mptcp_core_responder>() - 64usize];
    ["Alignment of mptcp_core_responder"][::core::mem::align_of::<mptcp_core_responder>() - 8usize];
    ["Offset of field: mptcp_core_responder::opaque"][::core::mem::offset_of!(mptcp_core_responder, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_agreed {
    pub opaque: [u64; 10usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_agreed"][::core::mem::size_of::<mptcp_core_agreed>() - 80usize];
    ["Alignment of mptcp_core_agreed"][::core::mem::align_of::<mptcp_core_agreed>() - 8usize];
    ["Offset of field: mptcp_core_agreed::opaque"][::core::mem::offset_of!(mptcp_core_agreed, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_join_request {
    pub opaque: [u64; 14usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_join_request"][::core::mem::size_of::<mptcp_core_join_request>() - 112usize];
    ["Alignment of mptcp_core_join_request"][::core::mem::align_of::<mptcp_core_join_request>() - 8usize];
    ["Offset of field: mptcp_core_join_request::opaque"]
        [::core::mem::offset_of!(mptcp_core_join_request, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_config {
    pub opaque: [u64; 32usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_config"][::core::mem::size_of::<mptcp_core_config>() - 256usize];
    ["Alignment of mptcp_core_config"][::core::mem::align_of::<mptcp_core_config>() - 8usize];
    ["Offset of field: mptcp_core_config::opaque"][::core::mem::offset_of!(mptcp_core_config, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_addresses {
    pub opaque: [u64; 80usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_addresses"][::core::mem::size_of::<mptcp_core_addresses>() - 640usize];
    ["Alignment of mptcp_core_addresses"][::core::mem::align_of::<mptcp_core_addresses>() - 8usize];
    ["Offset of field: mptcp_core_addresses::opaque"][::core::mem::offset_of!(mptcp_core_addresses, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_coupling {
    pub opaque: [u64; 2usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_coupling"][::core::mem::size_of::<mptcp_core_coupling>() - 16usize];
    ["Alignment of mptcp_core_coupling"][::core::mem::align_of::<mptcp_core_coupling>() - 8usize];
    ["Offset of field: mptcp_core_coupling::opaque"][::core::mem::offset_of!(mptcp_core_coupling, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_hystart {
    pub opaque: [u32; 7usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_hystart"][::core::mem::size_of::<mptcp_core_hystart>() - 28usize];
    ["Alignment of mptcp_core_hystart"][::core::mem::align_of::<mptcp_core_hystart>() - 4usize];
    ["Offset of field: mptcp_core_hystart::opaque"][::core::mem::offset_of!(mptcp_core_hystart, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_addr {
    pub ip: [u8; 16usize],
    pub port: u16,
    pub family: u8,
    pub pad: u8,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_addr"][::core::mem::size_of::<mptcp_core_addr>() - 20usize];
    ["Alignment of mptcp_core_addr"][::core::mem::align_of::<mptcp_core_addr>() - 2usize];
    ["Offset of field: mptcp_core_addr::ip"][::core::mem::offset_of!(mptcp_core_addr, ip) - 0usize];
    ["Offset of field: mptcp_core_addr::port"][::core::mem::offset_of!(mptcp_core_addr, port) - 16usize];
    ["Offset of field: mptcp_core_addr::family"][::core::mem::offset_of!(mptcp_core_addr, family) - 18usize];
    ["Offset of field: mptcp_core_addr::pad"][::core::mem::offset_of!(mptcp_core_addr, pad) - 19usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_start {
    pub local: mptcp_core_addr,
    pub remote: mptcp_core_addr,
    pub snd_window: u32,
    pub rcv_space: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_start"][::core::mem::size_of::<mptcp_core_start>() - 48usize];
    ["Alignment of mptcp_core_start"][::core::mem::align_of::<mptcp_core_start>() - 4usize];
    ["Offset of field: mptcp_core_start::local"][::core::mem::offset_of!(mptcp_core_start, local) - 0usize];
    ["Offset of field: mptcp_core_start::remote"][::core::mem::offset_of!(mptcp_core_start, remote) - 20usize];
    ["Offset of field: mptcp_core_start::snd_window"][::core::mem::offset_of!(mptcp_core_start, snd_window) - 40usize];
    ["Offset of field: mptcp_core_start::rcv_space"][::core::mem::offset_of!(mptcp_core_start, rcv_space) - 44usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_seg_in {
    pub ssn: u32,
    pub len: u32,
    pub ack: u32,
    pub window: u32,
    pub flags: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_seg_in"][::core::mem::size_of::<mptcp_core_seg_in>() - 20usize];
    ["Alignment of mptcp_core_seg_in"][::core::mem::align_of::<mptcp_core_seg_in>() - 4usize];
    ["Offset of field: mptcp_core_seg_in::ssn"][::core::mem::offset_of!(mptcp_core_seg_in, ssn) - 0usize];
    ["Offset of field: mptcp_core_seg_in::len"][::core::mem::offset_of!(mptcp_core_seg_in, len) - 4usize];
    ["Offset of field: mptcp_core_seg_in::ack"][::core::mem::offset_of!(mptcp_core_seg_in, ack) - 8usize];
    ["Offset of field: mptcp_core_seg_in::window"][::core::mem::offset_of!(mptcp_core_seg_in, window) - 12usize];
    ["Offset of field: mptcp_core_seg_in::flags"][::core::mem::offset_of!(mptcp_core_seg_in, flags) - 16usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_seg_out {
    pub ssn: u32,
    pub len: u32,
    pub flags: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_seg_out"][::core::mem::size_of::<mptcp_core_seg_out>() - 12usize];
    ["Alignment of mptcp_core_seg_out"][::core::mem::align_of::<mptcp_core_seg_out>() - 4usize];
    ["Offset of field: mptcp_core_seg_out::ssn"][::core::mem::offset_of!(mptcp_core_seg_out, ssn) - 0usize];
    ["Offset of field: mptcp_core_seg_out::len"][::core::mem::offset_of!(mptcp_core_seg_out, len) - 4usize];
    ["Offset of field: mptcp_core_seg_out::flags"][::core::mem::offset_of!(mptcp_core_seg_out, flags) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_want {
    pub room: u32,
    pub mss: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_want"][::core::mem::size_of::<mptcp_core_want>() - 8usize];
    ["Alignment of mptcp_core_want"][::core::mem::align_of::<mptcp_core_want>() - 4usize];
    ["Offset of field: mptcp_core_want::room"][::core::mem::offset_of!(mptcp_core_want, room) - 0usize];
    ["Offset of field: mptcp_core_want::mss"][::core::mem::offset_of!(mptcp_core_want, mss) - 4usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_grant {
    pub doff: u64,
    pub off: u64,
    pub ssn: u64,
    pub len: u32,
    pub need_sum: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_grant"][::core::mem::size_of::<mptcp_core_grant>() - 32usize];
    ["Alignment of mptcp_core_grant"][::core::mem::align_of::<mptcp_core_grant>() - 8usize];
    ["Offset of field: mptcp_core_grant::doff"][::core::mem::offset_of!(mptcp_core_grant, doff) - 0usize];
    ["Offset of field: mptcp_core_grant::off"][::core::mem::offset_of!(mptcp_core_grant, off) - 8usize];
    ["Offset of field: mptcp_core_grant::ssn"][::core::mem::offset_of!(mptcp_core_grant, ssn) - 16usize];
    ["Offset of field: mptcp_core_grant::len"][::core::mem::offset_of!(mptcp_core_grant, len) - 24usize];
    ["Offset of field: mptcp_core_grant::need_sum"][::core::mem::offset_of!(mptcp_core_grant, need_sum) - 28usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_sum {
    pub sum: u32,
    pub odd: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_sum"][::core::mem::size_of::<mptcp_core_sum>() - 8usize];
    ["Alignment of mptcp_core_sum"][::core::mem::align_of::<mptcp_core_sum>() - 4usize];
    ["Offset of field: mptcp_core_sum::sum"][::core::mem::offset_of!(mptcp_core_sum, sum) - 0usize];
    ["Offset of field: mptcp_core_sum::odd"][::core::mem::offset_of!(mptcp_core_sum, odd) - 4usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_metrics {
    pub srtt_us: u32,
    pub rttvar_us: u32,
    pub cwnd: u32,
    pub in_flight: u32,
    pub mss: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_metrics"][::core::mem::size_of::<mptcp_core_metrics>() - 20usize];
    ["Alignment of mptcp_core_metrics"][::core::mem::align_of::<mptcp_core_metrics>() - 4usize];
    ["Offset of field: mptcp_core_metrics::srtt_us"][::core::mem::offset_of!(mptcp_core_metrics, srtt_us) - 0usize];
    ["Offset of field: mptcp_core_metrics::rttvar_us"][::core::mem::offset_of!(mptcp_core_metrics, rttvar_us) - 4usize];
    ["Offset of field: mptcp_core_metrics::cwnd"][::core::mem::offset_of!(mptcp_core_metrics, cwnd) - 8usize];
    ["Offset of field: mptcp_core_metrics::in_flight"]
        [::core::mem::offset_of!(mptcp_core_metrics, in_flight) - 12usize];
    ["Offset of field: mptcp_core_metrics::mss"][::core::mem::offset_of!(mptcp_core_metrics, mss) - 16usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_step {
    pub token: u64,
    pub kind: u32,
    pub skip: u32,
    pub len: u32,
    pub cut: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_step"][::core::mem::size_of::<mptcp_core_step>() - 24usize];
    ["Alignment of mptcp_core_step"][::core::mem::align_of::<mptcp_core_step>() - 8usize];
    ["Offset of field: mptcp_core_step::token"][::core::mem::offset_of!(mptcp_core_step, token) - 0usize];
    ["Offset of field: mptcp_core_step::kind"][::core::mem::offset_of!(mptcp_core_step, kind) - 8usize];
    ["Offset of field: mptcp_core_step::skip"][::core::mem::offset_of!(mptcp_core_step, skip) - 12usize];
    ["Offset of field: mptcp_core_step::len"][::core::mem::offset_of!(mptcp_core_step, len) - 16usize];
    ["Offset of field: mptcp_core_step::cut"][::core::mem::offset_of!(mptcp_core_step, cut) - 20usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_action {
    pub kind: u32,
    pub sf: u8,
    pub error: u8,
    pub pad: u16,
    pub local: mptcp_core_addr,
    pub remote: mptcp_core_addr,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_action"][::core::mem::size_of::<mptcp_core_action>() - 48usize];
    ["Alignment of mptcp_core_action"][::core::mem::align_of::<mptcp_core_action>() - 4usize];
    ["Offset of field: mptcp_core_action::kind"][::core::mem::offset_of!(mptcp_core_action, kind) - 0usize];
    ["Offset of field: mptcp_core_action::sf"][::core::mem::offset_of!(mptcp_core_action, sf) - 4usize];
    ["Offset of field: mptcp_core_action::error"][::core::mem::offset_of!(mptcp_core_action, error) - 5usize];
    ["Offset of field: mptcp_core_action::pad"][::core::mem::offset_of!(mptcp_core_action, pad) - 6usize];
    ["Offset of field: mptcp_core_action::local"][::core::mem::offset_of!(mptcp_core_action, local) - 8usize];
    ["Offset of field: mptcp_core_action::remote"][::core::mem::offset_of!(mptcp_core_action, remote) - 28usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_agreed_info {
    pub local_token: u32,
    pub remote_token: u32,
    pub version: u8,
    pub active: u8,
    pub checksum: u8,
    pub pad: u8,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_agreed_info"][::core::mem::size_of::<mptcp_core_agreed_info>() - 12usize];
    ["Alignment of mptcp_core_agreed_info"][::core::mem::align_of::<mptcp_core_agreed_info>() - 4usize];
    ["Offset of field: mptcp_core_agreed_info::local_token"]
        [::core::mem::offset_of!(mptcp_core_agreed_info, local_token) - 0usize];
    ["Offset of field: mptcp_core_agreed_info::remote_token"]
        [::core::mem::offset_of!(mptcp_core_agreed_info, remote_token) - 4usize];
    ["Offset of field: mptcp_core_agreed_info::version"]
        [::core::mem::offset_of!(mptcp_core_agreed_info, version) - 8usize];
    ["Offset of field: mptcp_core_agreed_info::active"]
        [::core::mem::offset_of!(mptcp_core_agreed_info, active) - 9usize];
    ["Offset of field: mptcp_core_agreed_info::checksum"]
        [::core::mem::offset_of!(mptcp_core_agreed_info, checksum) - 10usize];
    ["Offset of field: mptcp_core_agreed_info::pad"][::core::mem::offset_of!(mptcp_core_agreed_info, pad) - 11usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_subflow_info {
    pub bytes_mapped: u64,
    pub bytes_received: u64,
    pub maps: u32,
    pub rx_maps: u32,
    pub local: mptcp_core_addr,
    pub remote: mptcp_core_addr,
    pub flags: u32,
    pub sf: u8,
    pub state: u8,
    pub local_id: u8,
    pub remote_id: u8,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_subflow_info"][::core::mem::size_of::<mptcp_core_subflow_info>() - 72usize];
    ["Alignment of mptcp_core_subflow_info"][::core::mem::align_of::<mptcp_core_subflow_info>() - 8usize];
    ["Offset of field: mptcp_core_subflow_info::bytes_mapped"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, bytes_mapped) - 0usize];
    ["Offset of field: mptcp_core_subflow_info::bytes_received"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, bytes_received) - 8usize];
    ["Offset of field: mptcp_core_subflow_info::maps"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, maps) - 16usize];
    ["Offset of field: mptcp_core_subflow_info::rx_maps"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, rx_maps) - 20usize];
    ["Offset of field: mptcp_core_subflow_info::local"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, local) - 24usize];
    ["Offset of field: mptcp_core_subflow_info::remote"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, remote) - 44usize];
    ["Offset of field: mptcp_core_subflow_info::flags"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, flags) - 64usize];
    ["Offset of field: mptcp_core_subflow_info::sf"][::core::mem::offset_of!(mptcp_core_subflow_info, sf) - 68usize];
    ["Offset of field: mptcp_core_subflow_info::state"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, state) - 69usize];
    ["Offset of field: mptcp_core_subflow_info::local_id"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, local_id) - 70usize];
    ["Offset of field: mptcp_core_subflow_info::remote_id"]
        [::core::mem::offset_of!(mptcp_core_subflow_info, remote_id) - 71usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_conn_info {
    pub sb_cc: u64,
    pub sb_actual: u64,
    pub snd_space: u64,
    pub held_bytes: u64,
    pub memory_used: u64,
    pub memory_peak: u64,
    pub memory_refused: u64,
    pub subflows: u32,
    pub confirmed: u8,
    pub fallback: u8,
    pub ended: u8,
    pub pad: u8,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_conn_info"][::core::mem::size_of::<mptcp_core_conn_info>() - 64usize];
    ["Alignment of mptcp_core_conn_info"][::core::mem::align_of::<mptcp_core_conn_info>() - 8usize];
    ["Offset of field: mptcp_core_conn_info::sb_cc"][::core::mem::offset_of!(mptcp_core_conn_info, sb_cc) - 0usize];
    ["Offset of field: mptcp_core_conn_info::sb_actual"]
        [::core::mem::offset_of!(mptcp_core_conn_info, sb_actual) - 8usize];
    ["Offset of field: mptcp_core_conn_info::snd_space"]
        [::core::mem::offset_of!(mptcp_core_conn_info, snd_space) - 16usize];
    ["Offset of field: mptcp_core_conn_info::held_bytes"]
        [::core::mem::offset_of!(mptcp_core_conn_info, held_bytes) - 24usize];
    ["Offset of field: mptcp_core_conn_info::memory_used"]
        [::core::mem::offset_of!(mptcp_core_conn_info, memory_used) - 32usize];
    ["Offset of field: mptcp_core_conn_info::memory_peak"]
        [::core::mem::offset_of!(mptcp_core_conn_info, memory_peak) - 40usize];
    ["Offset of field: mptcp_core_conn_info::memory_refused"]
        [::core::mem::offset_of!(mptcp_core_conn_info, memory_refused) - 48usize];
    ["Offset of field: mptcp_core_conn_info::subflows"]
        [::core::mem::offset_of!(mptcp_core_conn_info, subflows) - 56usize];
    ["Offset of field: mptcp_core_conn_info::confirmed"]
        [::core::mem::offset_of!(mptcp_core_conn_info, confirmed) - 60usize];
    ["Offset of field: mptcp_core_conn_info::fallback"]
        [::core::mem::offset_of!(mptcp_core_conn_info, fallback) - 61usize];
    ["Offset of field: mptcp_core_conn_info::ended"][::core::mem::offset_of!(mptcp_core_conn_info, ended) - 62usize];
    ["Offset of field: mptcp_core_conn_info::pad"][::core::mem::offset_of!(mptcp_core_conn_info, pad) - 63usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_stats {
    pub v: [u64; 35usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_stats"][::core::mem::size_of::<mptcp_core_stats>() - 280usize];
    ["Alignment of mptcp_core_stats"][::core::mem::align_of::<mptcp_core_stats>() - 8usize];
    ["Offset of field: mptcp_core_stats::v"][::core::mem::offset_of!(mptcp_core_stats, v) - 0usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct mptcp_core_path_window {
    pub cwnd: u64,
    pub srtt_us: u64,
    pub mss: u32,
    pub slow_start: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of mptcp_core_path_window"][::core::mem::size_of::<mptcp_core_path_window>() - 24usize];
    ["Alignment of mptcp_core_path_window"][::core::mem::align_of::<mptcp_core_path_window>() - 8usize];
    ["Offset of field: mptcp_core_path_window::cwnd"][::core::mem::offset_of!(mptcp_core_path_window, cwnd) - 0usize];
    ["Offset of field: mptcp_core_path_window::srtt_us"]
        [::core::mem::offset_of!(mptcp_core_path_window, srtt_us) - 8usize];
    ["Offset of field: mptcp_core_path_window::mss"][::core::mem::offset_of!(mptcp_core_path_window, mss) - 16usize];
    ["Offset of field: mptcp_core_path_window::slow_start"]
        [::core::mem::offset_of!(mptcp_core_path_window, slow_start) - 20usize];
};
unsafe extern "C" {
    pub fn mptcp_core_abi() -> u32;
}
unsafe extern "C" {
    pub fn mptcp_core_tokens_new() -> *mut mptcp_core_tokens;
}
unsafe extern "C" {
    pub fn mptcp_core_tokens_free(t: *mut mptcp_core_tokens);
}
unsafe extern "C" {
    pub fn mptcp_core_tokens_lookup(t: *const mptcp_core_tokens, token: u32, handle: *mut u64) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_tokens_insert(t: *mut mptcp_core_tokens, token: u32, handle: u64) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_tokens_remove(t: *mut mptcp_core_tokens, token: u32) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_opener_init(
        op: *mut mptcp_core_opener,
        cfg: *const mptcp_core_config,
        t: *const mptcp_core_tokens,
        syn_tries: u8,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_opener_syn_option(op: *mut mptcp_core_opener, out: *mut u8, room: usize) -> usize;
}
unsafe extern "C" {
    pub fn mptcp_core_opener_on_syn_ack(
        op: *const mptcp_core_opener,
        opts: *const u8,
        len: usize,
        agreed: *mut mptcp_core_agreed,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_syn_kind(opts: *const u8, len: usize, token: *mut u32) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_responder_on_syn(
        rs: *mut mptcp_core_responder,
        cfg: *const mptcp_core_config,
        t: *const mptcp_core_tokens,
        opts: *const u8,
        len: usize,
        key: *const u64,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_responder_cookie(
        rs: *mut mptcp_core_responder,
        cfg: *const mptcp_core_config,
        opts: *const u8,
        len: usize,
        key: u64,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_responder_syn_ack_option(rs: *const mptcp_core_responder, out: *mut u8, room: usize) -> usize;
}
unsafe extern "C" {
    pub fn mptcp_core_responder_on_third_ack(
        rs: *const mptcp_core_responder,
        opts: *const u8,
        len: usize,
        agreed: *mut mptcp_core_agreed,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_agreed_info(agreed: *const mptcp_core_agreed, info: *mut mptcp_core_agreed_info);
}
unsafe extern "C" {
    pub fn mptcp_core_mpcb_new(
        agreed: *const mptcp_core_agreed,
        cfg: *const mptcp_core_config,
        start: *const mptcp_core_start,
    ) -> *mut mptcp_core_mpcb;
}
unsafe extern "C" {
    pub fn mptcp_core_mpcb_teardown(mp: *mut mptcp_core_mpcb, token: *mut u64) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_mpcb_free(mp: *mut mptcp_core_mpcb);
}
unsafe extern "C" {
    pub fn mptcp_core_poll_action(mp: *mut mptcp_core_mpcb, now: u64, action: *mut mptcp_core_action) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_take_wakes(mp: *mut mptcp_core_mpcb, now: u64) -> u32;
}
unsafe extern "C" {
    pub fn mptcp_core_next_timer(mp: *const mptcp_core_mpcb) -> u64;
}
unsafe extern "C" {
    pub fn mptcp_core_on_timer(mp: *mut mptcp_core_mpcb, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_segment_in(
        mp: *mut mptcp_core_mpcb,
        sf: u8,
        seg: *const mptcp_core_seg_in,
        opts: *const u8,
        len: usize,
        now: u64,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_has_signal(opts: *const u8, len: usize) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_mp_do_reass(
        mp: *mut mptcp_core_mpcb,
        sf: u8,
        avail: u32,
        now: u64,
        step: *mut mptcp_core_step,
    ) -> u32;
}
unsafe extern "C" {
    pub fn mptcp_core_rx_idle(mp: *const mptcp_core_mpcb) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_rx_sum(mp: *mut mptcp_core_mpcb, sf: u8, sum: *const mptcp_core_sum, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_rx_hold(mp: *mut mptcp_core_mpcb, token: u64) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_rx_refuse(mp: *mut mptcp_core_mpcb);
}
unsafe extern "C" {
    pub fn mptcp_core_set_rcv_space(mp: *mut mptcp_core_mpcb, space: u32) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_rcv_window(mp: *const mptcp_core_mpcb) -> u32;
}
unsafe extern "C" {
    pub fn mptcp_core_subflow_fin(mp: *mut mptcp_core_mpcb, sf: u8, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_snd_append(mp: *mut mptcp_core_mpcb, bytes: u32, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_set_snd_hiwat(mp: *mut mptcp_core_mpcb, bytes: u32);
}
unsafe extern "C" {
    pub fn mptcp_core_snd_space(mp: *const mptcp_core_mpcb) -> u64;
}
unsafe extern "C" {
    pub fn mptcp_core_snd_una(mp: *const mptcp_core_mpcb) -> u64;
}
unsafe extern "C" {
    pub fn mptcp_core_snd_pending(mp: *const mptcp_core_mpcb) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_fell_back(mp: *const mptcp_core_mpcb) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_snd_release(mp: *mut mptcp_core_mpcb) -> u32;
}
unsafe extern "C" {
    pub fn mptcp_core_mp_get_map(
        mp: *mut mptcp_core_mpcb,
        sf: u8,
        tx: *mut mptcp_core_tx,
        want: *const mptcp_core_want,
        grant: *mut mptcp_core_grant,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_map_commit(
        mp: *mut mptcp_core_mpcb,
        sf: u8,
        tx: *mut mptcp_core_tx,
        grant: *const mptcp_core_grant,
        sum: *const mptcp_core_sum,
        now: u64,
    ) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_sum_add(sum: *mut mptcp_core_sum, bytes: *const ::core::ffi::c_void, len: usize);
}
unsafe extern "C" {
    pub fn mptcp_core_tx_new(mp: *const mptcp_core_mpcb, sf: u8) -> *mut mptcp_core_tx;
}
unsafe extern "C" {
    pub fn mptcp_core_tx_free(mp: *mut mptcp_core_mpcb, tx: *mut mptcp_core_tx);
}
unsafe extern "C" {
    pub fn mptcp_core_sync_tx(mp: *mut mptcp_core_mpcb, sf: u8, tx: *mut mptcp_core_tx) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_tx_clip(tx: *const mptcp_core_tx, ssn: u32, len: u32) -> u32;
}
unsafe extern "C" {
    pub fn mptcp_core_tx_holds_data(tx: *const mptcp_core_tx) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_tx_data_option_len(tx: *const mptcp_core_tx) -> usize;
}
unsafe extern "C" {
    pub fn mptcp_core_tx_options(
        tx: *mut mptcp_core_tx,
        seg: *const mptcp_core_seg_out,
        room: usize,
        out: *mut u8,
        size: usize,
    ) -> usize;
}
unsafe extern "C" {
    pub fn mptcp_core_join_syn(
        mp: *mut mptcp_core_mpcb,
        opts: *const u8,
        len: usize,
        local: *const mptcp_core_addr,
        remote: *const mptcp_core_addr,
        req: *mut mptcp_core_join_request,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_join_syn_ack_option(req: *const mptcp_core_join_request, out: *mut u8, room: usize) -> usize;
}
unsafe extern "C" {
    pub fn mptcp_core_join_third_ack(
        mp: *mut mptcp_core_mpcb,
        req: *const mptcp_core_join_request,
        opts: *const u8,
        len: usize,
        sf: *mut u8,
        now: u64,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_join_rst_option(refusal: ::core::ffi::c_int, out: *mut u8, room: usize) -> usize;
}
unsafe extern "C" {
    pub fn mptcp_core_join_bound(mp: *mut mptcp_core_mpcb, sf: u8, local: *const mptcp_core_addr);
}
unsafe extern "C" {
    pub fn mptcp_core_subflow_metrics(mp: *mut mptcp_core_mpcb, sf: u8, metrics: *const mptcp_core_metrics);
}
unsafe extern "C" {
    pub fn mptcp_core_subflow_rto(mp: *mut mptcp_core_mpcb, sf: u8, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_subflow_closed(mp: *mut mptcp_core_mpcb, sf: u8, how: ::core::ffi::c_int, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_set_backup(mp: *mut mptcp_core_mpcb, sf: u8, backup: bool);
}
unsafe extern "C" {
    pub fn mptcp_core_subflow_state(mp: *const mptcp_core_mpcb, sf: u8) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_subflow_info(mp: *const mptcp_core_mpcb, sf: u8, info: *mut mptcp_core_subflow_info) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_addresses_changed(
        mp: *mut mptcp_core_mpcb,
        list: *const mptcp_core_addresses,
        now: u64,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_address_lost(mp: *mut mptcp_core_mpcb, addr: *const mptcp_core_addr);
}
unsafe extern "C" {
    pub fn mptcp_core_address_back(mp: *mut mptcp_core_mpcb, addr: *const mptcp_core_addr, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_snd_shutdown(mp: *mut mptcp_core_mpcb, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_close(mp: *mut mptcp_core_mpcb, now: u64);
}
unsafe extern "C" {
    pub fn mptcp_core_abort(mp: *mut mptcp_core_mpcb);
}
unsafe extern "C" {
    pub fn mptcp_core_conn_info(mp: *const mptcp_core_mpcb, info: *mut mptcp_core_conn_info);
}
unsafe extern "C" {
    pub fn mptcp_core_stats_get(mp: *const mptcp_core_mpcb, stats: *mut mptcp_core_stats);
}
unsafe extern "C" {
    pub fn mptcp_core_stats_name(n: ::core::ffi::c_uint) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn mptcp_core_fallback_name(reason: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn mptcp_core_join_refusal_name(refusal: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn mptcp_core_end_name(end: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn mptcp_core_action_name(kind: u32) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn mptcp_core_config_init(cfg: *mut mptcp_core_config);
}
unsafe extern "C" {
    pub fn mptcp_core_config_set(
        cfg: *mut mptcp_core_config,
        knob: ::core::ffi::c_uint,
        value: i64,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_config_get(
        cfg: *const mptcp_core_config,
        knob: ::core::ffi::c_uint,
        value: *mut i64,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_knob_name(knob: ::core::ffi::c_uint) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn mptcp_core_knob_range(knob: ::core::ffi::c_uint, min: *mut i64, max: *mut i64) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_config_set_scheduler(
        cfg: *mut mptcp_core_config,
        name: *const ::core::ffi::c_char,
        len: usize,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_config_scheduler(cfg: *const mptcp_core_config) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn mptcp_core_scheduler_list() -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn mptcp_core_addresses_init(list: *mut mptcp_core_addresses);
}
unsafe extern "C" {
    pub fn mptcp_core_addresses_parse(
        list: *mut mptcp_core_addresses,
        text: *const ::core::ffi::c_char,
        len: usize,
        bad: *mut usize,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_addresses_print(
        list: *const mptcp_core_addresses,
        buf: *mut ::core::ffi::c_char,
        size: usize,
    ) -> usize;
}
unsafe extern "C" {
    pub fn mptcp_core_addresses_get(
        list: *const mptcp_core_addresses,
        n: ::core::ffi::c_uint,
        addr: *mut mptcp_core_addr,
        backup: *mut bool,
    ) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_addresses_remove(arg1: *mut mptcp_core_addresses, n: ::core::ffi::c_uint) -> bool;
}
unsafe extern "C" {
    pub fn mptcp_core_debug_apply(
        mask: *mut u32,
        text: *const ::core::ffi::c_char,
        len: usize,
        bad: *mut usize,
    ) -> ::core::ffi::c_int;
}
unsafe extern "C" {
    pub fn mptcp_core_debug_print(mask: u32, buf: *mut ::core::ffi::c_char, size: usize) -> usize;
}
unsafe extern "C" {
    pub fn mptcp_core_cc_couple(coupling: *mut mptcp_core_coupling, paths: *const mptcp_core_path_window, n: usize);
}
unsafe extern "C" {
    pub fn mptcp_core_cc_growth(
        coupling: *const mptcp_core_coupling,
        path: *const mptcp_core_path_window,
        acked: u64,
        credit: *mut u64,
    ) -> u64;
}
unsafe extern "C" {
    pub fn mptcp_core_cc_hystart(state: *mut mptcp_core_hystart, ack: u32, next: u32, rtt_ms: u32) -> u32;
}
unsafe extern "C" {
    pub fn mptcp_os_alloc(size: usize, align: usize) -> *mut ::core::ffi::c_void;
}
unsafe extern "C" {
    pub fn mptcp_os_free(p: *mut ::core::ffi::c_void, size: usize);
}
unsafe extern "C" {
    pub fn mptcp_os_random(buf: *mut ::core::ffi::c_void, len: usize);
}
unsafe extern "C" {
    pub fn mptcp_os_panic(
        file: *const ::core::ffi::c_char,
        line: ::core::ffi::c_int,
        msg: *const ::core::ffi::c_char,
    ) -> !;
}
