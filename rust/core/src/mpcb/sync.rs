//! What option building needs is copied to where it may be read without MP_LOCK.

use super::Mpcb;
use crate::handshake::Role;
use crate::output::{Phase, SubflowTx, TxState};
use crate::subflow::{Subflow, SubflowId, SubflowState};
use mptcp_wire::{MpFail, MpOption, Version};

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
            self.stir();
            if let Some(subflow) = self.get_mut(sf) {
                subflow.signal = None;
            }
        }
        let Some(subflow) = self.get(sf) else {
            return false;
        };
        let data_ack = self.reass.rcv_nxt();
        let owed = tx.state.data_ack != data_ack;
        tx.maps.ack(subflow.acked);
        let changes = self.calm.changes();
        if tx.change == changes && self.fallback.is_none() && self.failing.is_none() {
            // Only what moves with the data.
            tx.state.data_ack = data_ack;
            tx.state.long_ack = self.long_ack;
            tx.state.fin = self.snd.fin_due();
            tx.state.acked = subflow.acked;
            debug_assert_eq!(tx.signal, subflow.signal, "a signal was overlooked");
            debug_assert_eq!(tx.state, self.tx_state(subflow), "a change was overlooked");
        } else {
            tx.signal = subflow.signal;
            tx.state = self.tx_state(subflow);
            tx.change = changes;
        }
        owed
    }

    fn tx_state(&self, subflow: &Subflow) -> TxState {
        let infinite = self.fallback.filter(|f| f.sf == subflow.id && subflow.acked <= f.told);
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
            infinite: infinite.map(|f| (f.ssn, f.doff)),
            fail: self.fail_option(subflow),
            reset: subflow.reset,
            acked: subflow.acked,
            keep_data_ack: self.fallback.is_some_and(|f| f.keep_data_ack),
        }
    }

    fn fail_option(&self, subflow: &Subflow) -> Option<MpOption> {
        let failing = self.failing.map(|dsn| MpOption::Fail(MpFail { dsn }));
        subflow.fail.or(failing).or(self.fallback.and_then(|f| f.fail))
    }

    fn phase(&self, subflow: &Subflow) -> Phase {
        if self.fallback.is_some() {
            return Phase::Fallback;
        }
        match (subflow.state, &subflow.join) {
            (SubflowState::JoinSynSent, Some(join)) => Phase::JoinSyn(join.syn_option(&self.agreed)),
            (SubflowState::JoinAckSent, Some(join)) => join.third_ack().map_or(Phase::Established, Phase::JoinAck),
            _ if subflow.id == SubflowId::MASTER && self.agreed.role == Role::Active && !self.confirmed => {
                Phase::CapableAck {
                    local: self.agreed.local.key,
                    remote: self.agreed.remote.key,
                    deny_join_id0: self.cfg.deny_join_id0 && self.agreed.version == Version::V1,
                }
            }
            _ => Phase::Established,
        }
    }
}
