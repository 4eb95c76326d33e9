//! Which paths are wanted: pairs of a local and a remote address, and when to try them again.

use super::Pm;
use crate::handshake::Role;
use crate::pool::Pool;
use crate::time::Instant;
use core::cmp::Reverse;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

/// After a new address of either side, so long nothing is opened between two addresses that both have a subflow: more
/// addresses may be on their way, and a mesh of the first ones would use up the limit on subflows.
pub(super) const MESH_WAIT: Duration = Duration::from_millis(250);

/// A path that is lost sooner than this after it was joined again waits longer each time: a middlebox may let a subflow's
/// first segments pass, and nothing behind them.
pub(super) const STEADY: Duration = Duration::from_secs(10);

/// A path by its address ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pair {
    pub(crate) local: u8,
    pub(crate) remote: u8,
}

/// What was tried on a pair that has no subflow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) pair: Pair,
    done: u8,
    /// `None`: given up.
    next: Option<Instant>,
    /// The path carried data once.
    worked: bool,
    /// When a subflow came up on it again.
    up: Option<Instant>,
}

impl Attempt {
    pub(super) const fn given_up(&self) -> bool {
        self.next.is_none()
    }
}

/// How a path was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Down {
    /// It had worked.
    Lost,
    /// No answer to our SYN.
    Silent,
    /// The peer reset our SYN (RFC 8684 section 3.4.1: not tried again unless the path had worked).
    Refused,
    /// Closed on purpose; only a new announcement brings it back.
    ForGood,
}

/// A path that should be opened now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) pair: Pair,
    pub(crate) local: IpAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) backup: bool,
}

/// A path that exists, or is being opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Existing {
    pub(crate) pair: Pair,
}

impl Pm {
    /// The next path to open, of those whose time has come: the pair whose two addresses are least used, so that
    /// disjoint paths come before a full mesh of them; among equals the one whose addresses have the longest prefix in
    /// common (as in RFC 6724 section 5, rule 9: likely the same network). The mesh comes only [`MESH_WAIT`] after the last new address.
    /// `existing` lists the connection's subflows.
    pub(crate) fn wanted(&self, existing: &[Option<Existing>; 32], now: Instant) -> Option<Wanted> {
        let used = |pair: Pair| {
            let shares = existing.iter().flatten();
            shares.filter(|e| e.pair.local == pair.local || e.pair.remote == pair.remote).count()
        };
        let waits = |pair: Pair| now < self.mesh_from && self.is_mesh(existing, pair);
        self.pairs()
            .filter(|wanted| !is_taken(existing, wanted.pair) && self.is_due(wanted.pair, now) && !waits(wanted.pair))
            .min_by_key(|wanted| (used(wanted.pair), Reverse(common_prefix(wanted.local, wanted.remote.ip()))))
    }

    /// When a path that had to wait, and is not being tried already, may be tried again.
    pub(crate) fn next_attempt(&self, existing: &[Option<Existing>; 32]) -> Option<Instant> {
        let idle = |pair: Pair| !is_taken(existing, pair) && self.may_rejoin(pair);
        let again = self.attempts.iter().filter(|attempt| idle(attempt.pair)).filter_map(|attempt| attempt.next);
        let meshes = |pair: Pair| !is_taken(existing, pair) && self.is_mesh(existing, pair);
        let mesh = self.pairs().any(|wanted| meshes(wanted.pair)).then_some(self.mesh_from);
        again.chain(mesh).min()
    }

    /// Whether both addresses of a pair that was not tried yet have a subflow already.
    fn is_mesh(&self, existing: &[Option<Existing>; 32], pair: Pair) -> bool {
        let local = existing.iter().flatten().any(|e| e.pair.local == pair.local);
        let remote = existing.iter().flatten().any(|e| e.pair.remote == pair.remote);
        local && remote && !self.attempts.iter().any(|attempt| attempt.pair == pair)
    }

    /// There was no memory for the subflow: a little later.
    pub(crate) fn postpone(&mut self, pair: Pair, now: Instant) {
        let later = now + self.rejoin.initial;
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.pair == pair) {
            attempt.next = Some(later);
        }
        // One of a mesh has no attempt yet.
        self.mesh_from = self.mesh_from.max(later);
    }

    /// A subflow on `pair` works: if it lasts for [`STEADY`], a later loss begins with the first wait again. Returns
    /// whether the path had worked before and was lost.
    pub(crate) fn pair_up(&mut self, pair: Pair, now: Instant) -> bool {
        let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.pair == pair) else {
            return false;
        };
        attempt.up = Some(now);
        attempt.next = None;
        attempt.worked
    }

    /// The subflow on `pair` is gone, or could not be opened. Returns whether the path will be tried again.
    pub(crate) fn pair_down(&mut self, pair: Pair, down: Down, now: Instant, pool: &mut Pool) -> bool {
        let rejoin = self.rejoin;
        if !self.attempts.iter().any(|attempt| attempt.pair == pair) {
            if pool.reserve_vec(&mut self.attempts, 1).is_err() {
                return false;
            }
            self.attempts.push(Attempt { pair, done: 0, next: None, worked: false, up: None });
        }
        let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.pair == pair) else {
            return false;
        };
        attempt.worked |= down == Down::Lost;
        if attempt.up.take().is_some_and(|up| now.since(up) >= STEADY) {
            attempt.done = 0;
        }
        // A path that worked may meet a peer that has not noticed its loss and has no room for another subflow.
        let again = match down {
            Down::Lost | Down::Silent => true,
            Down::Refused => attempt.worked,
            Down::ForGood => false,
        };
        attempt.next = rejoin.wait(attempt.done).filter(|_| again).map(|wait| now + wait);
        attempt.done = attempt.done.saturating_add(1);
        attempt.next.is_some()
    }

    /// An address is gone from its interface: paths from it wait until it is back.
    pub(crate) fn note_lost(&mut self, addr: IpAddr) {
        let id = self.id_of(addr);
        for attempt in self.attempts.iter_mut().filter(|attempt| Some(attempt.pair.local) == id) {
            attempt.next = None;
        }
    }

    fn id_of(&self, addr: IpAddr) -> Option<u8> {
        if addr == self.primary_local.ip() {
            return Some(0);
        }
        self.locals.iter().find(|local| local.addr == addr).map(|local| local.id)
    }

    /// An address came back (interface up, address added): what waits is due now, what was given up as well.
    pub(crate) fn retry_now(&mut self, addr: IpAddr, now: Instant) {
        let id = self.id_of(addr);
        for attempt in &mut self.attempts {
            if Some(attempt.pair.local) == id {
                attempt.done = 0;
                attempt.next = Some(now);
            }
        }
    }

    /// Whether this side would ever open the pair by itself.
    pub(crate) fn may_rejoin(&self, pair: Pair) -> bool {
        self.pairs().any(|wanted| wanted.pair == pair)
    }

    fn is_due(&self, pair: Pair, now: Instant) -> bool {
        match self.attempts.iter().find(|attempt| attempt.pair == pair) {
            None => true,
            Some(attempt) => attempt.next.is_some_and(|next| next <= now),
        }
    }

    /// Every pair that this side may open.
    fn pairs(&self) -> impl Iterator<Item = Wanted> + '_ {
        let locals = core::iter::once(0).chain(self.locals.iter().filter(|l| !l.gone && !l.implicit).map(|l| l.id));
        let announced = self.remotes.iter().filter(|_| self.joins_on_add_addr).map(|remote| remote.id);
        let primary = (self.role == Role::Active && !self.deny_remote_id0).then_some(0);
        let remotes = primary.into_iter().chain(announced);
        locals.flat_map(move |local| remotes.clone().map(move |remote| Pair { local, remote })).filter_map(|pair| {
            let (local, backup) = self.local_addr(pair.local)?;
            let remote = self.remote_socket(pair.remote)?;
            let fits = local.is_ipv4() == remote.is_ipv4();
            fits.then_some(Wanted { pair, local, remote, backup })
        })
    }
}

fn is_taken(existing: &[Option<Existing>; 32], pair: Pair) -> bool {
    existing.iter().flatten().any(|e| e.pair == pair)
}

/// Leading bits that two addresses have in common.
pub(super) fn common_prefix(one: IpAddr, other: IpAddr) -> u32 {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => 0,
    }
}
