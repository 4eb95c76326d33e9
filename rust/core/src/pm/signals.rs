//! Signals of the path manager that wait for a segment: echoes, REMOVE_ADDR, ADD_ADDR, in this order.

use super::Pm;
use super::endpoint::{Announce, LocalState};
use crate::crypto::add_addr_hmac;
use crate::handshake::{Agreed, Role};
use crate::time::Instant;
use mptcp_wire::{AddAddr, AddAddrForm, AddrIds, MpOption, Version};

/// REMOVE_ADDR has no echo: it is sent so often in all.
pub(super) const REMOVAL_REPEATS: u8 = 2;
/// v0's ADD_ADDR has none either: it is repeated so often.
const V0_REPEATS: u8 = 2;

impl Pm {
    /// Whether this side announces its addresses.
    const fn announces(&self) -> bool {
        matches!(self.role, Role::Passive)
    }

    /// The echo slot of a remote address that is known.
    fn echo_slot(&mut self, id: u8) -> Option<&mut Option<AddAddr>> {
        if id == 0 {
            return Some(&mut self.primary_echo).filter(|_| !self.primary_withdrawn);
        }
        self.remotes.iter_mut().find(|remote| remote.id == id).map(|remote| &mut remote.echo)
    }

    /// The peer is owed an echo of an announcement that was taken. v0 has none.
    pub(super) fn owe_echo(&mut self, option: &AddAddr) {
        if self.version == Version::V0 {
            return;
        }
        let echo = AddAddr { form: AddAddrForm::Echo, ..*option };
        if let Some(slot) = self.echo_slot(option.addr_id) {
            *slot = Some(echo);
        }
    }

    /// A signal whose time has come; it counts as sent.
    pub(crate) fn take_signal(&mut self, agreed: &Agreed, now: Instant) -> Option<MpOption> {
        let mut owed = core::iter::once(&mut self.primary_echo).chain(self.remotes.iter_mut().map(|r| &mut r.echo));
        if let Some(echo) = owed.find_map(Option::take) {
            return Some(MpOption::AddAddr(echo));
        }
        if let Some(ids) = self.take_removals(now) {
            return Some(MpOption::RemoveAddr(ids));
        }
        self.take_announcement(agreed, now)
    }

    /// When [`Pm::take_signal`] will have something, if nothing else happens. It may be late by then to send the
    /// last REMOVE_ADDR of an address again; nothing comes of it then.
    pub(crate) fn next_signal(&self) -> Option<Instant> {
        if self.primary_echo.is_some() || self.remotes.iter().any(|remote| remote.echo.is_some()) {
            return Some(Instant::ZERO);
        }
        let times = self.locals.iter().filter_map(|local| match local.state {
            LocalState::Removing(_, at) => Some(at),
            LocalState::Configured(Announce::Due(_, at)) if self.announces() => Some(at),
            _ => None,
        });
        times.min()
    }

    fn take_removals(&mut self, now: Instant) -> Option<AddrIds> {
        let next = now + self.add_addr.initial;
        let mut ids = [0_u8; 8];
        let mut slots = ids.iter_mut();
        let mut count = 0_usize;
        // The last one is kept for a while, so that it can be repeated if the subflow that was to carry it dies.
        self.locals.retain(|local| !matches!(local.state, LocalState::Removing(REMOVAL_REPEATS.., at) if at <= now));
        for local in &mut self.locals {
            if let LocalState::Removing(sent, at) = &mut local.state
                && *at <= now
                && let Some(slot) = slots.next()
            {
                *slot = local.id;
                count = count.saturating_add(1);
                *sent = sent.saturating_add(1);
                *at = next;
            }
        }
        AddrIds::from_slice(ids.get(..count)?)
    }

    fn take_announcement(&mut self, agreed: &Agreed, now: Instant) -> Option<MpOption> {
        if !self.announces() {
            return None;
        }
        let backoff = self.add_addr;
        let (limit, v0) = match self.version {
            Version::V0 => (V0_REPEATS, true),
            Version::V1 => (u8::MAX, false),
        };
        let (id, addr) = self.locals.iter_mut().find_map(|local| match &mut local.state {
            LocalState::Configured(announce) => match *announce {
                Announce::Due(sent, at) if at <= now => {
                    *announce = match backoff.wait(sent) {
                        Some(wait) if sent < limit => Announce::Due(sent.saturating_add(1), now + wait),
                        _ => Announce::Unanswered(sent.saturating_add(1)),
                    };
                    Some((local.id, local.addr))
                }
                _ => None,
            },
            _ => None,
        })?;
        let form = if v0 {
            AddAddrForm::V0
        } else {
            AddAddrForm::Announce { hmac: add_addr_hmac(agreed.local.key, agreed.remote.key, id, addr, None) }
        };
        Some(MpOption::AddAddr(AddAddr { addr_id: id, addr, port: None, form }))
    }

    /// A signal was handed to a subflow that died with it: it is due again, and does not count as sent.
    pub(crate) fn signal_lost(&mut self, signal: &MpOption, now: Instant) {
        match signal {
            MpOption::AddAddr(add) if add.form == AddAddrForm::Echo => {
                let known = self.remote_socket(add.addr_id).is_some_and(|socket| socket.ip() == add.addr);
                if known {
                    self.owe_echo(add);
                }
            }
            MpOption::AddAddr(add) => {
                for local in self.locals.iter_mut().filter(|local| local.id == add.addr_id) {
                    if let LocalState::Configured(announce) = &mut local.state
                        && let Announce::Due(sent, _) | Announce::Unanswered(sent) = *announce
                    {
                        *announce = Announce::Due(sent.saturating_sub(1), now);
                    }
                }
            }
            MpOption::RemoveAddr(ids) => {
                for local in self.locals.iter_mut().filter(|local| ids.iter().any(|id| id == local.id)) {
                    if let LocalState::Removing(sent, at) = &mut local.state {
                        *sent = sent.saturating_sub(1);
                        *at = now;
                    }
                }
            }
            _ => {}
        }
    }
}
