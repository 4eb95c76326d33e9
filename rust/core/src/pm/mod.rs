//! The path manager of one connection: who has which addresses, what is announced, which paths are wanted.
//!
//! RFC 8684 section 3.4. The active opener joins from each of its addresses; the passive opener announces its own.
//! Announcements are repeated until echoed; a path that was lost is joined again with back-off (no other stack
//! does that). Under MP_LOCK.
//!
//! What a peer can make grow here is bounded: [`MAX_REMOTES`] addresses of its own (an echo that is owed lies with its
//! address), [`MAX_IMPLICIT`] of ours that it joined to, and one attempt for each pair of addresses that exists.

mod attempts;
mod endpoint;
mod pairs;
mod signals;

pub(crate) use attempts::{Down, Pair, RARELY, SELDOM, STEADY, pause};
pub(crate) use pairs::{Existing, Wanted};

use crate::config::{AddressList, Backoff, Config, is_joinable};
use crate::handshake::{Agreed, Role};
use crate::pool::{NoMemory, Pool};
use crate::time::Instant;
use alloc::vec::Vec;
use attempts::Attempts;
use core::net::{IpAddr, SocketAddr};
use endpoint::{Announce, Local, LocalState, Remote};
use mptcp_wire::{AddAddr, Version};
use pairs::MESH_WAIT;

/// Addresses that a peer may announce on one connection; more are ignored.
const MAX_REMOTES: usize = 16;
/// Addresses of ours outside of `mp_addresses` that a peer may join to on one connection.
const MAX_IMPLICIT: usize = 32;

/// Why an ADD_ADDR was not taken. It is not echoed then, so that the peer sends it again.
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
    /// The peer took back the address of the first subflow.
    primary_withdrawn: bool,
    /// The echo that is owed for an announcement of it.
    primary_echo: Option<AddAddr>,
    role: Role,
    version: Version,
    deny_remote_id0: bool,
    joins_on_add_addr: bool,
    add_addr: Backoff,
    rejoin: Backoff,
    /// When a mesh of the addresses known may begin; moves with each new address.
    mesh_from: Instant,
    /// Memory was refused for a join: none begins before.
    no_join_before: Instant,
    locals: Vec<Local>,
    remotes: Vec<Remote>,
    attempts: Attempts,
}

impl Pm {
    pub(crate) fn new(agreed: &Agreed, cfg: &Config, local: SocketAddr, remote: SocketAddr) -> Self {
        Pm {
            primary_local: local,
            primary_remote: remote,
            primary_withdrawn: false,
            primary_echo: None,
            role: agreed.role,
            version: agreed.version,
            deny_remote_id0: agreed.peer_denies_id0,
            joins_on_add_addr: cfg.joins_on_add_addr(agreed.role == Role::Active),
            add_addr: cfg.timers.add_addr,
            rejoin: cfg.timers.rejoin,
            mesh_from: Instant::ZERO,
            no_join_before: Instant::ZERO,
            locals: Vec::new(),
            remotes: Vec::new(),
            attempts: Attempts::new(),
        }
    }

    /// Our addresses are now `list`. Returns with the memory that there is: addresses without room are left out.
    /// The ids of addresses that are gone come back through [`Pm::take_removed`]. The first subflow's address is always
    /// ours, whether the list has it or not; loopback addresses are left out where the connection does not run over
    /// loopback, as the peer could not reach them.
    pub(crate) fn set_locals(&mut self, list: &AddressList, now: Instant, pool: &mut Pool) -> Result<(), NoMemory> {
        for local in self.locals.iter_mut().filter(|local| local.is_configured() && !list.contains(local.addr)) {
            local.state = LocalState::Gone;
        }
        let primary = self.primary_local.ip();
        for address in list.iter().filter(|new| new.addr != primary && is_joinable(new.addr, primary)) {
            let due = LocalState::Configured(Announce::Due(0, now));
            let mut known = self.locals.iter_mut().filter(|local| !matches!(local.state, LocalState::Removing(..)));
            let Some(local) = known.find(|local| local.addr == address.addr) else {
                self.mesh_from = now + MESH_WAIT;
                self.add_local(address.addr, address.backup, due, pool)?;
                continue;
            };
            local.backup = address.backup;
            if !local.is_configured() {
                local.state = due;
                self.mesh_from = now + MESH_WAIT;
            }
        }
        Ok(())
    }

    fn add_local(&mut self, addr: IpAddr, backup: bool, state: LocalState, pool: &mut Pool) -> Result<u8, NoMemory> {
        let id_free = |id: &u8| self.locals.iter().all(|local| local.id != *id);
        let id = (1..=u8::MAX).find(id_free).ok_or(NoMemory)?;
        pool.reserve_vec(&mut self.locals, 1)?;
        self.locals.push(Local { id, addr, backup, state });
        Ok(id)
    }

    /// One address that is gone and not yet dealt with: its id. The caller closes the subflows that use it; a
    /// REMOVE_ADDR is due.
    pub(crate) fn take_removed(&mut self, now: Instant) -> Option<u8> {
        let local = self.locals.iter_mut().find(|local| local.state == LocalState::Gone)?;
        local.state = LocalState::Removing(0, now);
        let id = local.id;
        self.attempts.forget_local(id);
        Some(id)
    }

    /// Id of a local address that a peer joined to: known, or newly noted.
    ///
    /// # Errors
    /// [`NoMemory`], or the peer joined to [`MAX_IMPLICIT`] others already.
    pub(crate) fn local_id(&mut self, addr: IpAddr, pool: &mut Pool) -> Result<u8, NoMemory> {
        if let Some(id) = self.id_of(addr) {
            return Ok(id);
        }
        let implicit = self.locals.iter().filter(|local| local.state == LocalState::Implicit);
        if implicit.count() >= MAX_IMPLICIT {
            return Err(NoMemory);
        }
        self.add_local(addr, false, LocalState::Implicit, pool)
    }

    /// The id of an address of ours that may have subflows.
    fn id_of(&self, addr: IpAddr) -> Option<u8> {
        if addr == self.primary_local.ip() {
            return Some(0);
        }
        self.locals.iter().find(|local| local.addr == addr && local.is_ours()).map(|local| local.id)
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
        if !is_joinable(option.addr, self.primary_remote.ip()) || port == 0 {
            return Err(AddrRefused::Unusable);
        }
        let socket = SocketAddr::new(option.addr, port);
        if option.addr_id == 0 {
            self.primary_announced(socket)?;
        } else {
            self.remote_announced(option.addr_id, socket, now, pool)?;
        }
        self.owe_echo(option);
        Ok(())
    }

    /// The first subflow's address is known to both: an announcement of it says that it may be used again.
    fn primary_announced(&mut self, socket: SocketAddr) -> Result<(), AddrRefused> {
        if socket != self.primary_remote {
            return Err(AddrRefused::Unusable);
        }
        self.primary_withdrawn = false;
        self.attempts.announced_again(0);
        Ok(())
    }

    fn remote_announced(
        &mut self,
        id: u8,
        socket: SocketAddr,
        now: Instant,
        pool: &mut Pool,
    ) -> Result<(), AddrRefused> {
        let Some(known) = self.remotes.iter_mut().find(|remote| remote.id == id) else {
            if self.remotes.len() >= MAX_REMOTES || pool.reserve_vec(&mut self.remotes, 1).is_err() {
                return Err(AddrRefused::NoRoom);
            }
            self.remotes.push(Remote { id, socket, echo: None });
            self.mesh_from = now + MESH_WAIT;
            return Ok(());
        };
        // An id stays with its address until it is removed; the port may change.
        if known.socket.ip() != socket.ip() {
            return Err(AddrRefused::Unusable);
        }
        if core::mem::replace(&mut known.socket, socket) == socket {
            self.attempts.announced_again(id);
        } else {
            self.attempts.port_changed(id);
        }
        Ok(())
    }

    /// The peer echoed one of our announcements.
    pub(crate) fn on_echo(&mut self, option: &AddAddr) -> bool {
        let mut locals = self.locals.iter_mut().filter(|local| local.is_configured());
        let Some(local) = locals.find(|local| local.id == option.addr_id && local.addr == option.addr) else {
            return false;
        };
        local.state = LocalState::Configured(Announce::Echoed);
        true
    }

    /// The peer took back an address (RFC 8684 section 3.4.2), of the first subflow too (id 0): nothing joins it until
    /// it is announced again, under whatever id. The caller closes the subflows that use it. Says whether the id was
    /// known.
    pub(crate) fn on_remove_addr(&mut self, id: u8) -> bool {
        self.attempts.forget_remote(id);
        if id == 0 {
            self.primary_echo = None;
            return !core::mem::replace(&mut self.primary_withdrawn, true);
        }
        let before = self.remotes.len();
        self.remotes.retain(|remote| remote.id != id);
        self.remotes.len() != before
    }

    /// Whether our policy makes paths from this address backups.
    pub(crate) fn is_backup(&self, local_id: u8) -> bool {
        self.locals.iter().any(|local| local.id == local_id && local.is_ours() && local.backup)
    }

    /// Whether it is the address of the first subflow.
    pub(crate) fn is_primary(&self, addr: IpAddr) -> bool {
        self.primary_local.ip() == addr
    }

    fn remote_socket(&self, id: u8) -> Option<SocketAddr> {
        if id == 0 {
            return Some(self.primary_remote);
        }
        self.remotes.iter().find(|remote| remote.id == id).map(|remote| remote.socket)
    }

    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        pool.release_vec(core::mem::take(&mut self.locals));
        pool.release_vec(core::mem::take(&mut self.remotes));
        self.attempts.clear(pool);
        self.primary_echo = None;
    }
}

#[cfg(test)]
mod tests;
