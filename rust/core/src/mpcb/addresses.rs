//! The path manager's wishes become subflows and signals.

use super::Mpcb;
use super::action::Action;
use super::mode::Mode;
use crate::config::AddressList;
use crate::pm::{Existing, Wanted};
use crate::pool::NoMemory;
use crate::rng::Rng;
use crate::subflow::{SubflowId, Wants};
use crate::time::Instant;
use core::net::IpAddr;
use mptcp_wire::{MpOption, MpPrio, RstReason, Version};

impl Mpcb {
    /// Our additional addresses are now `list`: new ones are announced or joined from, lost ones taken back.
    ///
    /// # Errors
    /// [`NoMemory`]: some new addresses were left out; call again later.
    pub fn addresses_changed(&mut self, list: &AddressList, now: Instant) -> Result<(), NoMemory> {
        self.invalidate();
        let outcome = self.pm.set_locals(list, now, &mut self.pool);
        while let Some(id) = self.pm.take_removed(now) {
            self.close_those(|subflow| subflow.ends.local_id == id);
        }
        self.request_output();
        outcome
    }

    /// A local address works (again): paths from it that wait for their next try are tried now.
    pub fn address_back(&mut self, addr: IpAddr, now: Instant) {
        self.invalidate();
        self.pm.retry_now(addr, now);
    }

    /// A local address is gone from its interface: its subflows cannot send any more.
    pub fn address_lost(&mut self, addr: IpAddr) {
        self.invalidate();
        let plain = self.mode.fallback().is_some();
        for subflow in self.live_mut().filter(|subflow| subflow.ends.local.ip() == addr) {
            if plain {
                subflow.reset(None);
            } else {
                // Where the RST still gets through, the peer learns that this is not the end of the connection.
                subflow.reset_because(RstReason::UNSPECIFIED, true);
            }
        }
        self.pm.note_lost(addr);
        self.request_output();
    }

    /// Asks the peer to use the subflow only when nothing else works, or no longer so (MP_PRIO, RFC 8684 section 3.3.8).
    pub fn set_backup(&mut self, sf: SubflowId, backup: bool) {
        self.invalidate();
        let v0 = self.agreed.version == Version::V0;
        if let Some(subflow) = self.get_mut(sf).filter(|subflow| subflow.backup != backup) {
            subflow.backup = backup;
            // In v1 MP_PRIO speaks of the subflow that carries it.
            let addr_id = if v0 { Some(subflow.ends.local_id) } else { None };
            subflow.pending.prio = Some(MpOption::Prio(MpPrio { backup, addr_id }));
            subflow.want(Wants::ACK);
        }
        self.request_output();
    }

    /// Gives signals to subflows whose slot is empty.
    pub(super) fn hand_out_signals(&mut self, now: Instant) {
        if self.mode.fallback().is_some() {
            return;
        }
        let mut handed_out = false;
        for subflow in self.live_mut().filter(|subflow| subflow.is_established() && subflow.pending.signal.is_none()) {
            if let Some(prio) = subflow.pending.prio.take() {
                subflow.pending.signal = Some(prio);
                subflow.want(Wants::ACK);
                handed_out = true;
            }
        }
        if handed_out {
            self.invalidate();
        }
        if !self.mode.is_confirmed() || self.pm.next_signal().is_none_or(|at| at > now) {
            return;
        }
        let choice = self
            .live()
            .filter(|subflow| subflow.is_established() && subflow.pending.signal.is_none())
            .min_by_key(|subflow| (subflow.health.is_stalled(), subflow.id))
            .map(|subflow| subflow.id);
        let Some(sf) = choice else {
            return;
        };
        let Some(signal) = self.pm.take_signal(&self.agreed, now) else {
            return;
        };
        let mut wants = Wants::ACK;
        if let MpOption::AddAddr(add) = signal {
            // Long ones leave no room for the DSS, and the DATA_ACK that it brings may be the only one for a while.
            wants |= Wants::ACK_AGAIN;
            if add.form != mptcp_wire::AddAddrForm::Echo {
                self.stats.add_addr_sent = self.stats.add_addr_sent.saturating_add(1);
            }
        }
        self.invalidate();
        if let Some(subflow) = self.get_mut(sf) {
            subflow.pending.signal = Some(signal);
            subflow.want(wants);
        }
    }

    /// Opens a path that the path manager wants; `None`: no memory.
    pub(super) fn open_wanted(&mut self, wanted: &Wanted, now: Instant, rng: &mut dyn Rng) -> Option<Action> {
        let Some(sf) = self.begin_join(wanted, now, rng) else {
            self.pm.postpone(now);
            return None;
        };
        Some(Action::OpenSubflow { sf, local: wanted.local, remote: wanted.remote })
    }

    /// The next path to open, if one is due.
    pub(super) fn wanted_now(&self, now: Instant) -> Option<Wanted> {
        if self.may_join() { self.pm.wanted(&self.existing(), now) } else { None }
    }

    fn existing(&self) -> [Option<Existing>; 32] {
        let mut list = [None; 32];
        let live = self.live().filter(|subflow| !subflow.is_resetting());
        for (slot, subflow) in list.iter_mut().zip(live) {
            *slot = Some(Existing { pair: subflow.ends.pair() });
        }
        list
    }

    /// RFC 8684 section 3.1: no MP_JOIN before the peer's DSS has been seen.
    fn may_join(&self) -> bool {
        matches!(self.mode, Mode::Multipath) && !self.is_closing() && self.has_room()
    }

    /// When a path may be tried again; only where it could be.
    pub(super) fn next_attempt(&self) -> Option<Instant> {
        if self.may_join() { self.pm.next_attempt(&self.existing()) } else { None }
    }

    pub(super) fn next_signal(&self) -> Option<Instant> {
        let possible = self.mode.is_confirmed()
            && self.live().any(|subflow| subflow.is_established() && subflow.pending.signal.is_none());
        if possible { self.pm.next_signal() } else { None }
    }
}
