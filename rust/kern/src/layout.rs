//! What both sides of the header must agree on, checked when this compiles.

use crate::abi;
use core::mem::offset_of;
use mptcp_core::config::{Knob, MAX_ADDRESSES, MAX_SUBFLOWS};
use mptcp_core::debug::DebugClass;
use mptcp_core::error::{ConnError, SubflowEnd};
use mptcp_core::handshake::FallbackReason;
use mptcp_core::stats::Stats;
use mptcp_core::subflow::{SubflowId, SubflowState};
use static_assertions::{const_assert, const_assert_eq};

macro_rules! same {
    ($($c:ident = $rust:expr;)+) => {$(
        const_assert_eq!(abi::$c as u64, $rust as u64);
    )+};
}

// The header has the same assertions, with the same numbers.
macro_rules! sizes {
    ($($c:ident = $size:literal;)+) => {$(
        const_assert_eq!(size_of::<abi::$c>(), $size);
    )+};
}

sizes! {
    mptcp_core_addr = 20;
    mptcp_core_start = 48;
    mptcp_core_seg_in = 20;
    mptcp_core_seg_out = 12;
    mptcp_core_want = 8;
    mptcp_core_grant = 32;
    mptcp_core_sum = 8;
    mptcp_core_metrics = 20;
    mptcp_core_step = 24;
    mptcp_core_action = 48;
    mptcp_core_agreed_info = 12;
    mptcp_core_subflow_info = 72;
    mptcp_core_conn_info = 64;
    mptcp_core_path_window = 24;
}

const_assert_eq!(offset_of!(abi::mptcp_core_action, local), 8);
const_assert_eq!(offset_of!(abi::mptcp_core_addr, port), 16);
const_assert_eq!(offset_of!(abi::mptcp_core_grant, need_sum), 28);
const_assert_eq!(offset_of!(abi::mptcp_core_step, kind), 8);
const_assert_eq!(offset_of!(abi::mptcp_core_subflow_info, flags), 64);
const_assert_eq!(offset_of!(abi::mptcp_core_conn_info, subflows), 56);

// The kernel's two kinds of machine are both LP64.
const_assert!(size_of::<usize>() == 8);
const_assert!(size_of::<Stats>() == size_of::<abi::mptcp_core_stats>());

same! {
    MPTCP_CORE_MAX_SUBFLOWS = MAX_SUBFLOWS;
    MPTCP_CORE_MAX_ADDRESSES = MAX_ADDRESSES;
    MPTCP_SF_MASTER = SubflowId::MASTER.0;
    MPTCP_NKNOBS = Knob::ALL.len();

    MPTCP_END_DONE = ConnError::Done;
    MPTCP_END_RESET = ConnError::Reset;
    MPTCP_END_ABORTED = ConnError::Aborted;
    MPTCP_END_TIMEDOUT = ConnError::TimedOut;
    MPTCP_END_DAMAGED = ConnError::Damaged;

    MPTCP_SFEND_FIN = SubflowEnd::Fin;
    MPTCP_SFEND_RESET = SubflowEnd::Reset;
    MPTCP_SFEND_TIMEOUT = SubflowEnd::Timeout;
    MPTCP_SFEND_LOCAL = SubflowEnd::Local;

    MPTCP_SFS_JOIN_SYN_SENT = SubflowState::JoinSynSent;
    MPTCP_SFS_JOIN_ACK_SENT = SubflowState::JoinAckSent;
    MPTCP_SFS_ESTABLISHED = SubflowState::Established;
    MPTCP_SFS_CLOSING = SubflowState::Closing;
    MPTCP_SFS_RESETTING = SubflowState::Resetting;

    MPTCP_FALLBACK_DISABLED = FallbackReason::Disabled;
    MPTCP_FALLBACK_NO_CAPABLE = FallbackReason::NoCapable;
    MPTCP_FALLBACK_NO_CAPABLE_ACK = FallbackReason::NoCapableInAck;
    MPTCP_FALLBACK_VERSION = FallbackReason::Version;
    MPTCP_FALLBACK_ALGORITHM = FallbackReason::Algorithm;
    MPTCP_FALLBACK_BAD_KEY = FallbackReason::BadKey;
    MPTCP_FALLBACK_NO_RESOURCES = FallbackReason::NoResources;
    MPTCP_FALLBACK_NO_DSS = FallbackReason::NoDss;
    MPTCP_FALLBACK_CHECKSUM = FallbackReason::Checksum;
    MPTCP_FALLBACK_PEER_FAILED = FallbackReason::PeerFailed;

    MPTCP_KNOB_ENABLE = Knob::Enable;
    MPTCP_KNOB_VERSION = Knob::Version;
    MPTCP_KNOB_V0 = Knob::V0;
    MPTCP_KNOB_MAX_SUBFLOWS = Knob::MaxSubflows;
    MPTCP_KNOB_JOIN_ON_ADD_ADDR = Knob::JoinOnAddAddr;
    MPTCP_KNOB_SINGLE_PACKET_MAPS = Knob::SinglePacketMaps;
    MPTCP_KNOB_CHECKSUM = Knob::Checksum;
    MPTCP_KNOB_ADD_ADDR_TIMEOUT = Knob::AddAddrTimeout;
    MPTCP_KNOB_ADD_ADDR_RETRIES = Knob::AddAddrRetries;
    MPTCP_KNOB_CLOSE_TIMEOUT = Knob::CloseTimeout;
    MPTCP_KNOB_STALE_LOSS_CNT = Knob::StaleLossCnt;
    MPTCP_KNOB_REJOIN_TIMEOUT = Knob::RejoinTimeout;
    MPTCP_KNOB_REJOIN_CAP = Knob::RejoinCap;
    MPTCP_KNOB_REJOIN_RETRIES = Knob::RejoinRetries;
    MPTCP_KNOB_JOIN_ACK_TIMEOUT = Knob::JoinAckTimeout;
    MPTCP_KNOB_JOIN_ACK_RETRIES = Knob::JoinAckRetries;
    MPTCP_KNOB_DENY_JOIN_ID0 = Knob::DenyJoinId0;
    MPTCP_KNOB_SHORT_DSN = Knob::ShortDsn;
    MPTCP_KNOB_REASS_MAXQUEUELEN = Knob::ReassMaxQueueLen;

    MPTCP_DBG_MPSESSION = DebugClass::MpSession;
    MPTCP_DBG_DSMAP = DebugClass::DsMap;
    MPTCP_DBG_SBSTATUS = DebugClass::SbStatus;
    MPTCP_DBG_REASS = DebugClass::Reass;
}
