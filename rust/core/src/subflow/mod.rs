//! One path of a connection: a TCP connection of its own, seen from the multipath level.

mod health;
mod join;

pub(crate) use health::Health;
pub(crate) use join::Join;

use crate::ds_map::{RxMaps, TxMaps};
use crate::pool::Pool;
use bitflags::bitflags;
use core::net::SocketAddr;
use core::time::Duration;
use mptcp_wire::{DssMap, MpOption};

/// Names one subflow of a connection. Reused after the caller reported the subflow's end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct SubflowId(pub u8);

impl SubflowId {
    /// The subflow on which the connection was opened.
    pub const MASTER: SubflowId = SubflowId(0);

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a subflow stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum SubflowState {
    /// Our SYN with MP_JOIN is on its way.
    JoinSynSent = 0,
    /// Our third ACK is on its way; no data until the peer's next segment (RFC 8684 section 3.2).
    JoinAckSent = 1,
    /// Carries data.
    Established = 2,
    /// We asked the caller to close it; it takes no new maps.
    Closing = 3,
    /// We asked the caller to reset it.
    Resetting = 4,
}

/// What the caller's TCP measured. All bytes are payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// Smoothed round-trip time; zero where none was measured yet.
    pub srtt: Duration,
    /// Its mean deviation.
    pub rttvar: Duration,
    /// Congestion window, bytes.
    pub cwnd: u32,
    /// Bytes sent and not acknowledged, bytes.
    pub in_flight: u32,
    /// Maximum payload of a segment, bytes.
    pub mss: u32,
}

impl Metrics {
    /// How long what is in flight takes to be acknowledged: a round trip, or, where the window is smaller (after a
    /// loss), one for each window.
    pub(crate) fn drain_time(&self) -> Duration {
        let rounds = self.in_flight.div_ceil(self.cwnd.max(self.mss).max(1)).max(1);
        self.srtt.saturating_mul(rounds)
    }
}

bitflags! {
    /// What the caller should do with a subflow next.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct Wants: u8 {
        const OUTPUT = 0x01;
        const ACK = 0x02;
        const CLOSE = 0x04;
        const RESET = 0x08;
    }
}

/// State of one subflow at the multipath level. Under MP_LOCK.
#[derive(Debug)]
pub(crate) struct Subflow {
    pub(crate) id: SubflowId,
    pub(crate) state: SubflowState,
    /// We sent its SYN: we join again when it is lost.
    pub(crate) initiator: bool,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) local_id: u8,
    pub(crate) remote_id: u8,
    /// We asked the peer to treat it as backup.
    pub(crate) backup: bool,
    /// The peer asked us to (MP_JOIN's B, MP_PRIO).
    pub(crate) peer_backup: bool,
    pub(crate) maps: TxMaps,
    /// SSN of the next byte to map.
    pub(crate) next_ssn: u64,
    /// First SSN that the peer has not acknowledged.
    pub(crate) acked: u64,
    /// Maps below this SSN have been queued for reinjection already.
    pub(crate) reinjected: u64,
    /// Data offset after the last map.
    pub(crate) next_doff: u64,
    /// Maps do not continue one another (other paths carried what lies between, or data was sent again): SSN and
    /// data offset do not run in parallel, so no infinite mapping can stand for what is outstanding.
    pub(crate) crooked: bool,
    pub(crate) rx: RxMaps,
    /// The peer's last map as it came, where it was kept.
    pub(crate) last_map: Option<DssMap>,
    /// In-order bytes below this SSN are thrown away: the memory for their map was refused.
    pub(crate) discard: u64,
    /// What the peer mapped to it did not always continue the data: it was sent again, or out of order.
    pub(crate) rx_bent: bool,
    /// In-order bytes wait for a map.
    pub(crate) unmapped: bool,
    /// Payload below this SSN came in segments without DSS.
    pub(crate) bare: u64,
    /// The peer's DSS has been seen on this subflow.
    pub(crate) dss_seen: bool,
    /// An MPTCP option of the peer has been seen on this subflow after the handshake (whose MP_CAPABLE is repeated).
    pub(crate) option_seen: bool,
    /// The last segment came without any MPTCP option.
    pub(crate) last_bare: bool,
    /// Acknowledgements of data in a row that came without DSS.
    pub(crate) bare_acks: u8,
    pub(crate) metrics: Metrics,
    /// The lowest smoothed round trip that was reported; zero while unmeasured.
    lowest_srtt: Duration,
    pub(crate) health: Health,
    pub(crate) join: Option<Join>,
    pub(crate) wants: Wants,
    pub(crate) reset: Option<MpOption>,
    /// MP_FAIL that goes with a RST.
    pub(crate) fail: Option<MpOption>,
    pub(crate) signal: Option<MpOption>,
    /// MP_PRIO that waits for the signal slot: it must travel on this subflow.
    pub(crate) prio: Option<MpOption>,
    /// The peer refused or reset it with a reason that makes another try useless.
    pub(crate) refused_for_good: bool,
    /// The peer's FIN was received.
    pub(crate) fin_received: bool,
    pub(crate) bytes_mapped: u64,
    pub(crate) bytes_received: u64,
}

impl Subflow {
    pub(crate) fn new(id: SubflowId, state: SubflowState, local: SocketAddr, remote: SocketAddr) -> Self {
        Subflow {
            id,
            state,
            initiator: false,
            local,
            remote,
            local_id: 0,
            remote_id: 0,
            backup: false,
            peer_backup: false,
            maps: TxMaps::new(),
            next_ssn: 1,
            acked: 1,
            reinjected: 1,
            next_doff: 1,
            crooked: false,
            rx: RxMaps::new(),
            last_map: None,
            discard: 0,
            rx_bent: false,
            unmapped: false,
            bare: 0,
            dss_seen: false,
            option_seen: false,
            last_bare: false,
            bare_acks: 0,
            metrics: Metrics::default(),
            lowest_srtt: Duration::ZERO,
            health: Health::new(),
            join: None,
            wants: Wants::empty(),
            reset: None,
            fail: None,
            signal: None,
            prio: None,
            refused_for_good: false,
            fin_received: false,
            bytes_mapped: 0,
            bytes_received: 0,
        }
    }

    /// What its TCP measured anew.
    pub(crate) fn measured(&mut self, metrics: &Metrics) {
        self.metrics = *metrics;
        if !metrics.srtt.is_zero() && (self.lowest_srtt.is_zero() || metrics.srtt < self.lowest_srtt) {
            self.lowest_srtt = metrics.srtt;
        }
    }

    /// The round trip that a byte sent now would see. What was measured while its own queue was full is no measure
    /// for an idle path, and would keep it idle, for nothing measures it again.
    pub(crate) fn expected_rtt(&self) -> Duration {
        if self.in_flight() == 0 { self.lowest_srtt } else { self.metrics.srtt }
    }

    /// Bytes mapped and not acknowledged.
    pub(crate) const fn in_flight(&self) -> u64 {
        self.next_ssn.saturating_sub(self.acked)
    }

    pub(crate) const fn pair(&self) -> crate::pm::Pair {
        crate::pm::Pair { local: self.local_id, remote: self.remote_id }
    }

    pub(crate) const fn is_established(&self) -> bool {
        matches!(self.state, SubflowState::Established)
    }

    /// Either side wants it used only when nothing else works.
    pub(crate) const fn is_backup(&self) -> bool {
        self.backup || self.peer_backup
    }

    /// Asks the caller to close it in order. A join that the peer has not answered has no order to keep, and must not
    /// come up late: it is reset. Returns whether that was news.
    pub(crate) fn close(&mut self) -> bool {
        if self.state == SubflowState::JoinSynSent {
            self.reset(None);
            return true;
        }
        let open = !matches!(self.state, SubflowState::Closing | SubflowState::Resetting);
        if open {
            self.state = SubflowState::Closing;
            self.wants.insert(Wants::CLOSE);
        }
        open
    }

    /// Asks the caller to reset it; `option` goes with the RST.
    pub(crate) fn reset(&mut self, option: Option<MpOption>) {
        if self.state != SubflowState::Resetting {
            self.state = SubflowState::Resetting;
            self.reset = option;
            self.wants = Wants::RESET;
        }
    }

    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        self.maps.clear(pool);
        self.rx.clear(pool);
    }
}

#[cfg(test)]
mod tests;
