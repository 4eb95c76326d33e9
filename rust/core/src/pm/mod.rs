//! The path manager of one connection: who has which addresses, what is announced, which paths are wanted.
//!
//! RFC 8684 section 3.4. The active opener joins from each of its addresses; the passive opener announces its own.
//! Announcements are repeated until echoed; a path that was lost is joined again with back-off (no other stack
//! does that). Under MP_LOCK.

mod endpoint;
mod paths;
mod signals;

pub(crate) use endpoint::{Local, Remote};
pub(crate) use paths::{Down, Existing, Pair, Wanted};

use crate::config::{AddressList, Backoff, Config};
use crate::handshake::{Agreed, Role};
use crate::pool::{NoMemory, Pool};
use crate::time::Instant;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use endpoint::Announce;
use mptcp_wire::{AddAddr, Version};
use paths::{Attempt, MESH_WAIT};

/// Addresses that a peer may announce on one connection; more are ignored.
const MAX_REMOTES: usize = 16;
/// Echoes that may be owed at once.
const MAX_ECHOES: usize = 8;

/// Why an ADD_ADDR was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AddrRefused {
    BadHmac,
    Unusable,
    NoRoom,
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Pm {
    primary_local: SocketAddr,
    primary_remote: SocketAddr,
    role: Role,
    version: Version,
    deny_remote_id0: bool,
    joins_on_add_addr: bool,
    add_addr: Backoff,
    rejoin: Backoff,
    /// When a mesh of the addresses known may begin; moves with each new address.
    mesh_from: Instant,
    locals: Vec<Local>,
    remotes: Vec<Remote>,
    attempts: Vec<Attempt>,
    echoes: Vec<AddAddr>,
    removals: Vec<signals::Removal>,
}

impl Pm {
    pub(crate) fn new(agreed: &Agreed, cfg: &Config, local: SocketAddr, remote: SocketAddr) -> Self {
        Pm {
            primary_local: local,
            primary_remote: remote,
            role: agreed.role,
            version: agreed.version,
            deny_remote_id0: agreed.peer_denies_id0,
            joins_on_add_addr: cfg.joins_on_add_addr(agreed.role == Role::Active),
            add_addr: cfg.timers.add_addr,
            rejoin: cfg.timers.rejoin,
            mesh_from: Instant::ZERO,
            locals: Vec::new(),
            remotes: Vec::new(),
            attempts: Vec::new(),
            echoes: Vec::new(),
            removals: Vec::new(),
        }
    }

    /// Our addresses are now `list`. Returns with the memory that there is: addresses without room are left out.
    /// The ids of addresses that are gone come back through [`Pm::take_removed`].
    pub(crate) fn set_locals(&mut self, list: &AddressList, now: Instant, pool: &mut Pool) -> Result<(), NoMemory> {
        for local in &mut self.locals {
            if !local.gone && !list.contains(local.addr) && !local.implicit {
                local.gone = true;
            }
        }
        for address in list.iter() {
            let known = self.locals.iter_mut().find(|local| local.addr == address.addr);
            if let Some(local) = known {
                local.backup = address.backup;
                local.implicit = false;
                if core::mem::take(&mut local.gone) {
                    local.announce = Announce::Due(now);
                }
                continue;
            }
            if address.addr == self.primary_local.ip() {
                continue;
            }
            self.mesh_from = now + MESH_WAIT;
            self.add_local(address.addr, address.backup, Announce::Due(now), pool)?;
        }
        Ok(())
    }

    fn add_local(&mut self, addr: IpAddr, backup: bool, announce: Announce, pool: &mut Pool) -> Result<u8, NoMemory> {
        // An id whose removal is still being repeated would take the new address away again.
        let id_free = |id: &u8| self.locals.iter().all(|local| local.id != *id) && !self.is_being_removed(*id);
        let id = (1..=u8::MAX).find(id_free).ok_or(NoMemory)?;
        pool.reserve_vec(&mut self.locals, 1)?;
        self.locals.push(Local { id, addr, backup, announce, gone: false, implicit: false });
        Ok(id)
    }

    /// One address that is gone and not yet dealt with: its id. The caller closes the subflows that use it; a
    /// REMOVE_ADDR is queued.
    pub(crate) fn take_removed(&mut self, now: Instant, pool: &mut Pool) -> Option<u8> {
        let at = self.locals.iter().position(|local| local.gone)?;
        let local = self.locals.swap_remove(at);
        self.attempts.retain(|attempt| attempt.pair.local != local.id);
        self.queue_removal(local.id, now, pool);
        Some(local.id)
    }

    /// Id of a local address that a peer joined to: known, or newly noted.
    pub(crate) fn local_id(&mut self, addr: IpAddr, pool: &mut Pool) -> Result<u8, NoMemory> {
        if addr == self.primary_local.ip() {
            return Ok(0);
        }
        if let Some(local) = self.locals.iter().find(|local| local.addr == addr) {
            return Ok(local.id);
        }
        let id = self.add_local(addr, false, Announce::Never, pool)?;
        if let Some(local) = self.locals.last_mut() {
            local.implicit = true;
        }
        Ok(id)
    }

    /// The peer announced an address (RFC 8684 section 3.4.1). `authentic`: its HMAC was verified, or it is v0.
    pub(crate) fn on_add_addr(
        &mut self,
        option: &AddAddr,
        authentic: bool,
        now: Instant,
        pool: &mut Pool,
    ) -> Result<(), AddrRefused> {
        if !authentic {
            return Err(AddrRefused::BadHmac);
        }
        let port = option.port.unwrap_or(self.primary_remote.port());
        let usable = endpoint::is_usable(option.addr, self.primary_remote.ip()) && option.addr_id != 0 && port != 0;
        if !usable {
            return Err(AddrRefused::Unusable);
        }
        if self.version == Version::V1 {
            self.owe_echo(option, pool);
        }
        let socket = SocketAddr::new(option.addr, port);
        // An id stays with its address until it is removed.
        if let Some(known) = self.remotes.iter().find(|remote| remote.id == option.addr_id) {
            if known.socket != socket {
                return Err(AddrRefused::Unusable);
            }
            // Announced again: paths to it that were given up may be tried again.
            self.attempts.retain(|attempt| attempt.pair.remote != option.addr_id || !attempt.given_up());
            return Ok(());
        }
        if self.remotes.len() >= MAX_REMOTES || pool.reserve_vec(&mut self.remotes, 1).is_err() {
            return Err(AddrRefused::NoRoom);
        }
        self.remotes.push(Remote { id: option.addr_id, socket });
        self.mesh_from = now + MESH_WAIT;
        Ok(())
    }

    /// The peer echoed one of our announcements.
    pub(crate) fn on_echo(&mut self, option: &AddAddr) -> bool {
        let echoed = self.locals.iter_mut().find(|local| local.id == option.addr_id && local.addr == option.addr);
        let Some(local) = echoed else {
            return false;
        };
        if local.announce.is_pending() {
            local.announce = Announce::Echoed;
        }
        true
    }

    /// The peer took back an address. The caller closes the subflows that use it. Says whether the id was known.
    pub(crate) fn on_remove_addr(&mut self, id: u8) -> bool {
        let before = self.remotes.len();
        self.remotes.retain(|remote| remote.id != id);
        self.attempts.retain(|attempt| attempt.pair.remote != id);
        self.echoes.retain(|echo| echo.addr_id != id);
        self.remotes.len() != before
    }

    /// Whether our policy makes paths from this address backups.
    pub(crate) fn is_backup(&self, local_id: u8) -> bool {
        self.local_addr(local_id).is_some_and(|(_, backup)| backup)
    }

    /// Whether it is the address of the first subflow.
    pub(crate) fn is_primary(&self, addr: IpAddr) -> bool {
        self.primary_local.ip() == addr
    }

    /// An announcement was handed to a subflow that died with it: it is due again.
    pub(crate) fn signal_lost(&mut self, signal: &mptcp_wire::MpOption, now: Instant) {
        if let mptcp_wire::MpOption::AddAddr(add) = signal
            && add.form != mptcp_wire::AddAddrForm::Echo
            && let Some(local) = self.locals.iter_mut().find(|local| local.id == add.addr_id)
            && local.announce.is_pending()
        {
            local.announce = Announce::Due(now);
        }
    }

    fn remote_socket(&self, id: u8) -> Option<SocketAddr> {
        if id == 0 {
            return Some(self.primary_remote);
        }
        self.remotes.iter().find(|remote| remote.id == id).map(|remote| remote.socket)
    }

    fn local_addr(&self, id: u8) -> Option<(IpAddr, bool)> {
        if id == 0 {
            return Some((self.primary_local.ip(), false));
        }
        let local = self.locals.iter().find(|local| local.id == id && !local.gone)?;
        Some((local.addr, local.backup))
    }

    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        pool.release_vec(core::mem::take(&mut self.locals));
        pool.release_vec(core::mem::take(&mut self.remotes));
        pool.release_vec(core::mem::take(&mut self.attempts));
        pool.release_vec(core::mem::take(&mut self.echoes));
        pool.release_vec(core::mem::take(&mut self.removals));
    }
}

#[cfg(test)]
mod tests;
