//! Signals of the path manager that wait for a segment: echoes, REMOVE_ADDR, ADD_ADDR, in this order.

use super::endpoint::Announce;
use super::{MAX_ECHOES, Pm};
use crate::crypto::add_addr_hmac;
use crate::handshake::{Agreed, Role};
use crate::pool::Pool;
use crate::time::Instant;
use mptcp_wire::{AddAddr, AddAddrForm, AddrIds, MpOption, Version};

/// REMOVE_ADDR has no echo: it is sent so often in all.
const REMOVAL_REPEATS: u8 = 2;
/// v0's ADD_ADDR has none either.
const V0_REPEATS: u8 = 2;

#[derive(Clone, Copy, Debug)]
pub(super) struct Removal {
    id: u8,
    sent: u8,
    next: Instant,
}

impl Pm {
    /// Whether this side announces its addresses.
    const fn announces(&self) -> bool {
        matches!(self.role, Role::Passive)
    }

    pub(super) fn owe_echo(&mut self, option: &AddAddr, pool: &mut Pool) {
        let echo = AddAddr { form: AddAddrForm::Echo, ..*option };
        let full = self.echoes.len() >= MAX_ECHOES || self.echoes.contains(&echo);
        // Without memory the peer announces again.
        if !full && pool.reserve_vec(&mut self.echoes, 1).is_ok() {
            self.echoes.push(echo);
        }
    }

    /// A REMOVE_ADDR for `id` will be sent (again).
    pub(super) fn is_being_removed(&self, id: u8) -> bool {
        self.removals.iter().any(|removal| removal.id == id)
    }

    pub(super) fn queue_removal(&mut self, id: u8, now: Instant, pool: &mut Pool) {
        if pool.reserve_vec(&mut self.removals, 1).is_ok() {
            self.removals.push(Removal { id, sent: 0, next: now });
        }
    }

    /// A signal whose time has come; it counts as sent.
    pub(crate) fn take_signal(&mut self, agreed: &Agreed, now: Instant) -> Option<MpOption> {
        if !self.echoes.is_empty() {
            return Some(MpOption::AddAddr(self.echoes.swap_remove(0)));
        }
        if let Some(ids) = self.take_removals(now) {
            return Some(MpOption::RemoveAddr(ids));
        }
        self.take_announcement(agreed, now)
    }

    /// When [`Pm::take_signal`] will have something, if nothing else happens.
    pub(crate) fn next_signal(&self) -> Option<Instant> {
        if !self.echoes.is_empty() {
            return Some(Instant::ZERO);
        }
        let removals = self.removals.iter().map(|removal| removal.next);
        let announcements = self.locals.iter().filter(|_| self.announces()).filter_map(|local| match local.announce {
            Announce::Due(at) | Announce::Sent(_, at) => Some(at),
            Announce::Never | Announce::Echoed => None,
        });
        removals.chain(announcements).min()
    }

    fn take_removals(&mut self, now: Instant) -> Option<AddrIds> {
        let mut ids = [0_u8; 8];
        let mut count = 0_usize;
        for removal in self.removals.iter_mut().filter(|removal| removal.next <= now) {
            let Some(slot) = ids.get_mut(count) else {
                break;
            };
            *slot = removal.id;
            count = count.saturating_add(1);
            removal.sent = removal.sent.saturating_add(1);
            removal.next = now + self.add_addr.initial;
        }
        self.removals.retain(|removal| removal.sent < REMOVAL_REPEATS);
        AddrIds::from_slice(ids.get(..count)?)
    }

    fn take_announcement(&mut self, agreed: &Agreed, now: Instant) -> Option<MpOption> {
        if !self.announces() {
            return None;
        }
        let (version, backoff) = (self.version, self.add_addr);
        let local = self.locals.iter_mut().find(|local| match local.announce {
            Announce::Due(at) | Announce::Sent(_, at) => at <= now,
            Announce::Never | Announce::Echoed => false,
        })?;
        let done = match local.announce {
            Announce::Sent(done, _) => done,
            _ => 0,
        };
        let limit = if version == Version::V0 { V0_REPEATS } else { u8::MAX };
        local.announce = match backoff.wait(done) {
            Some(wait) if done < limit => Announce::Sent(done.saturating_add(1), now + wait),
            _ => Announce::Echoed,
        };
        let form = if version == Version::V0 {
            AddAddrForm::V0
        } else {
            let hmac = add_addr_hmac(agreed.local.key, agreed.remote.key, local.id, local.addr, None);
            AddAddrForm::Announce { hmac }
        };
        Some(MpOption::AddAddr(AddAddr { addr_id: local.id, addr: local.addr, port: None, form }))
    }
}
