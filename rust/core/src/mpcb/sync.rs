//! What option building needs is copied to where it may be read without MP_LOCK.

use super::Mpcb;
use super::mode::Mode;
use crate::fallback::Fallback;
use crate::handshake::Role;
use crate::output::{Phase, SubflowTx, TxState};
use crate::subflow::{Subflow, SubflowId, SubflowState};
use mptcp_wire::Version;

impl Mpcb {
    /// A new [`SubflowTx`] for a subflow that exists; `None` where it does not.
    #[must_use]
    pub fn subflow_tx(&self, sf: SubflowId) -> Option<SubflowTx> {
        Some(SubflowTx::new(self.tx_state(self.get(sf)?)))
    }

    /// Copies the state of `sf` into `tx`, and takes over which signal has left. Called with MP_LOCK and the
    /// subflow's lock. Returns whether the peer has not been told of the current DATA_ACK on this subflow.
    pub fn sync_tx(&mut self, sf: SubflowId, tx: &mut SubflowTx) -> bool {
        if self.get(sf).is_none() {
            tx.clear(&mut self.pool);
            return false;
        }
        if core::mem::take(&mut tx.signal_sent) {
            self.invalidate();
            if let Some(subflow) = self.get_mut(sf) {
                subflow.pending.signal = None;
            }
        }
        let Some(subflow) = self.get(sf) else {
            return false;
        };
        let data_ack = self.reass.rcv_nxt();
        let owed = tx.state.data_ack != data_ack;
        tx.maps.ack(subflow.sending.acked());
        let changes = self.due.changes();
        if tx.change == changes && self.mode.may_spread() {
            // Only what moves with the data.
            tx.state.data_ack = data_ack;
            tx.state.long_ack = self.long_ack;
            tx.state.fin = self.snd.fin_due();
            tx.state.acked = subflow.sending.acked();
            debug_assert_eq!(tx.signal, subflow.pending.signal, "a signal was overlooked");
            debug_assert_eq!(tx.state, self.tx_state(subflow), "a change was overlooked");
        } else {
            tx.signal = subflow.pending.signal;
            tx.state = self.tx_state(subflow);
            tx.change = changes;
        }
        owed
    }

    fn tx_state(&self, subflow: &Subflow) -> TxState {
        let acked = subflow.sending.acked();
        let fallback = self.mode.fallback();
        let infinite = fallback.filter(|f| f.sf() == subflow.id).and_then(|f| f.infinite_map(acked));
        TxState {
            phase: self.phase(subflow),
            version: self.agreed.version,
            local_idsn: self.agreed.local.idsn,
            remote_idsn: self.agreed.remote.idsn,
            checksum: self.agreed.checksum,
            data_ack: self.reass.rcv_nxt(),
            long_ack: self.long_ack,
            long_dsn: !self.cfg.short_dsn,
            fin: self.snd.fin_due(),
            infinite,
            fail: subflow.pending.fail.or(self.mode.fail_option()),
            reset: subflow.pending.reset,
            acked,
            keep_data_ack: fallback.is_some_and(Fallback::keeps_data_ack),
        }
    }

    fn phase(&self, subflow: &Subflow) -> Phase {
        if self.mode.fallback().is_some() {
            return Phase::Fallback;
        }
        match (subflow.state, &subflow.joining) {
            (SubflowState::JoinSynSent, Some(joining)) => Phase::JoinSyn(joining.syn_option(&self.agreed)),
            (SubflowState::JoinAckSent, Some(joining)) => {
                joining.third_ack().map_or(Phase::Established, Phase::JoinAck)
            }
            _ if subflow.id == SubflowId::MASTER && self.announces_keys() => Phase::CapableAck {
                local: self.agreed.local.key,
                remote: self.agreed.remote.key,
                deny_join_id0: self.cfg.deny_join_id0 && self.agreed.version == Version::V1,
            },
            _ => Phase::Established,
        }
    }

    /// The active opener sends its MP_CAPABLE until the peer has shown that it knows both keys.
    fn announces_keys(&self) -> bool {
        self.agreed.role == Role::Active && matches!(self.mode, Mode::Unconfirmed)
    }
}
