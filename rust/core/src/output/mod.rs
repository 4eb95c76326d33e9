//! Option building: what goes into the TCP header of each segment of one subflow.
//!
//! [`SubflowTx`] lives under the subflow's own lock (kernel: INP). The reason is that TCP builds options while it holds
//! `so_snd`'s lock, where MP_LOCK must not be taken. `Mpcb::sync_tx()` and `Mpcb::map_commit()` are called with both
//! locks, and copy into it what [`SubflowTx::options`] reads later.

mod buffer;
mod segment;

pub use buffer::OptionBuf;

use crate::ds_map::{DsMap, MapQueue};
use crate::pool::{NoMemory, Pool};
use crate::seq;
use mptcp_wire::{Key, MpOption, Version};

/// Flags of a segment that option building or input look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SegFlags {
    /// SYN.
    pub syn: bool,
    /// ACK.
    pub ack: bool,
    /// FIN.
    pub fin: bool,
    /// RST.
    pub rst: bool,
}

/// A segment that is about to leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SegOut {
    /// Low 32 bits of the SSN of the first payload byte (of the next byte where there is no payload).
    pub ssn: u32,
    /// Payload bytes.
    pub len: u32,
    /// Its flags.
    pub flags: SegFlags,
}

/// Where the subflow stands, as far as its options are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// MP_JOIN SYN to be sent.
    JoinSyn(MpOption),
    /// MP_JOIN third ACK, until the peer's next segment.
    JoinAck(MpOption),
    /// First subflow of the active opener, until the peer's first DSS: MP_CAPABLE with both keys.
    CapableAck { local: Key, remote: Key, deny_join_id0: bool },
    /// DSS on everything.
    Established,
    /// Plain TCP from here on; options only as `infinite` asks.
    Fallback,
}

/// What option building needs to know of the connection; replaced by `sync_tx()`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TxState {
    pub(crate) phase: Phase,
    pub(crate) version: Version,
    pub(crate) local_idsn: u64,
    pub(crate) remote_idsn: u64,
    pub(crate) checksum: bool,
    /// Data offset that DATA_ACK carries.
    pub(crate) data_ack: u64,
    /// The peer sends 64-bit DSNs: it gets 64-bit DATA_ACKs (RFC 8684 section 3.3.1).
    pub(crate) long_ack: bool,
    pub(crate) long_dsn: bool,
    /// Offset of our DATA_FIN while it is sent and not acknowledged.
    pub(crate) fin: Option<u64>,
    /// (SSN, data offset) at which our infinite mapping begins, until the subflow acknowledged something after it.
    pub(crate) infinite: Option<(u64, u64)>,
    /// MP_FAIL, sent with everything until the fallback is complete.
    pub(crate) fail: Option<MpOption>,
    /// What a RST carries: MP_TCPRST or MP_FASTCLOSE.
    pub(crate) reset: Option<MpOption>,
    /// First SSN that the subflow has not acknowledged.
    pub(crate) acked: u64,
    /// In fallback: ACKs still carry the DATA_ACK, for a peer that does not know of it.
    pub(crate) keep_data_ack: bool,
}

/// One subflow's sending side as option building sees it. Under the subflow's own lock.
#[derive(Debug)]
pub struct SubflowTx {
    pub(crate) state: TxState,
    pub(crate) maps: MapQueue,
    /// A signal (ADD_ADDR, REMOVE_ADDR, MP_PRIO, ...) that waits for a segment without payload.
    pub(crate) signal: Option<MpOption>,
    /// The signal has left since the last sync.
    pub(crate) signal_sent: bool,
    /// MP_CAPABLE has left, and a DATA_FIN waits: the next ACK carries the DSS instead.
    pub(crate) fin_turn: bool,
    /// The change of the connection that `state` was taken after.
    pub(crate) change: u32,
}

impl SubflowTx {
    pub(crate) const fn new(state: TxState) -> Self {
        SubflowTx { state, maps: MapQueue::new(), signal: None, signal_sent: false, fin_turn: false, change: 0 }
    }

    /// How many of `len` payload bytes from `ssn` on (low 32 bits) may share one segment, or one TSO burst: those in
    /// one ds_map. Everything where no map covers `ssn` (fallback, or not yet established).
    #[must_use]
    pub fn clip(&self, ssn: u32, len: u32) -> u32 {
        let ssn = self.expand(ssn);
        match self.maps.find(ssn) {
            Some(map) => len.min(u32::try_from(map.ssn_end().saturating_sub(ssn)).unwrap_or(u32::MAX)),
            // Below an infinite mapping, bytes must not be sent together with those behind it.
            None => match self.state.infinite {
                Some((start, _)) if ssn < start => {
                    len.min(u32::try_from(start.saturating_sub(ssn)).unwrap_or(u32::MAX))
                }
                _ => len,
            },
        }
    }

    /// Payload must not be sent yet (a join that the peer has not confirmed, RFC 8684 section 3.2).
    #[must_use]
    pub const fn holds_data(&self) -> bool {
        matches!(self.state.phase, Phase::JoinSyn(_) | Phase::JoinAck(_))
    }

    /// The options that [`SubflowTx::options`] may add to a data segment take at most so many bytes.
    #[must_use]
    pub const fn data_option_len(&self) -> usize {
        match self.state.phase {
            Phase::Fallback if self.state.infinite.is_none() && self.state.fail.is_none() => 0,
            // DSS with 8-byte DATA_ACK, 8-byte DSN and the rest of the mapping, padded.
            _ if self.state.long_ack => 28,
            _ => 24,
        }
    }

    pub(crate) fn expand(&self, ssn: u32) -> u64 {
        seq::expand32(ssn, self.state.acked)
    }

    pub(crate) fn reserve(&mut self, pool: &mut Pool) -> Result<(), NoMemory> {
        self.maps.reserve(pool)
    }

    pub(crate) fn push(&mut self, map: DsMap) -> bool {
        self.maps.push(map)
    }

    /// Gives back all memory to the connection's pool.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        self.maps.clear(pool);
    }
}

#[cfg(test)]
mod tests;
