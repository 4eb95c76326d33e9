//! Which paths are wanted: the pairs of a local and a remote address that this side may open, and in which order.

use super::Pm;
use super::attempts::{Down, Pair, State};
use crate::handshake::Role;
use crate::pool::{NoMemory, Pool};
use crate::time::Instant;
use core::cmp::Reverse;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

/// After a new address of either side, so long nothing is opened between two addresses that both have a subflow: more
/// addresses may be on their way, and a mesh of the first ones would use up the limit on subflows.
pub(super) const MESH_WAIT: Duration = Duration::from_millis(250);

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

/// The connection's subflows.
type Subflows = [Option<Existing>; 32];

impl Pm {
    /// The next path to open, of those whose time has come: the pair whose two addresses are least used, so that
    /// disjoint paths come before a full mesh of them; among equals the one whose addresses have the longest prefix in
    /// common (as in RFC 6724 section 5, rule 9: likely the same network). The mesh comes only [`MESH_WAIT`] after the
    /// last new address. `existing` lists the connection's subflows.
    pub(crate) fn wanted(&self, existing: &Subflows, now: Instant) -> Option<Wanted> {
        let used = |pair: Pair| {
            let shares = existing.iter().flatten();
            shares.filter(|e| e.pair.local == pair.local || e.pair.remote == pair.remote).count()
        };
        self.pairs()
            .filter(|wanted| self.due_at(existing, wanted.pair).is_some_and(|at| at <= now))
            .min_by_key(|wanted| (used(wanted.pair), Reverse(common_prefix(wanted.local, wanted.remote.ip()))))
    }

    /// When [`Pm::wanted`] will have something, if nothing else happens.
    pub(crate) fn next_attempt(&self, existing: &Subflows) -> Option<Instant> {
        self.pairs().filter_map(|wanted| self.due_at(existing, wanted.pair)).min()
    }

    /// When a pair may be opened; `None` where it exists, is being opened, or was given up.
    fn due_at(&self, existing: &Subflows, pair: Pair) -> Option<Instant> {
        let at = match self.attempts.state(pair) {
            None if is_mesh(existing, pair) => self.mesh_from,
            None => Instant::ZERO,
            Some(State::Waiting(at)) => at,
            Some(State::Opening | State::Up(_) | State::GivenUp) => return None,
        };
        (!existing.iter().flatten().any(|e| e.pair == pair)).then_some(at.max(self.no_join_before))
    }

    /// A join begins on `pair`. On [`NoMemory`] it must not: it could not be remembered, and would be tried again at
    /// once if it failed.
    pub(crate) fn begin(&mut self, pair: Pair, now: Instant, pool: &mut Pool) -> Result<(), NoMemory> {
        self.attempts.begin(pair, now, pool)
    }

    /// A join of a rescue begins on `pair`, which may have a subflow. On [`NoMemory`] it must not.
    pub(crate) fn begin_rescue(&mut self, pair: Pair, now: Instant, pool: &mut Pool) -> Result<(), NoMemory> {
        self.attempts.begin_rescue(pair, now, now + self.rejoin.initial, pool)
    }

    /// When the last join of `pair` began.
    pub(crate) fn begun(&self, pair: Pair) -> Option<Instant> {
        self.attempts.begun(pair)
    }

    /// A join of a rescue over `pair` failed: the next one a little later.
    pub(crate) fn postpone_pair(&mut self, pair: Pair, now: Instant) {
        self.attempts.postpone(pair, now + self.rejoin.initial);
    }

    /// There was no memory for a subflow: the next one a little later.
    pub(crate) fn postpone(&mut self, now: Instant) {
        self.no_join_before = now + self.rejoin.initial;
    }

    /// A subflow on `pair` works: if it lasts for [`super::attempts::STEADY`], a later loss begins with the first wait
    /// again. Returns whether the path had worked before and was lost.
    pub(crate) fn pair_up(&mut self, pair: Pair, now: Instant) -> bool {
        self.attempts.up(pair, now)
    }

    /// Whether `pair` had a subflow, and lost it: its joins do not wait for long.
    pub(crate) fn is_lost(&self, pair: Pair) -> bool {
        self.attempts.is_lost(pair)
    }

    /// Whether `pair` had a subflow that worked when it was last told of.
    pub(crate) fn is_up(&self, pair: Pair) -> bool {
        matches!(self.attempts.state(pair), Some(State::Up(_)))
    }

    /// How long the subflow on `pair` has worked; a pair that was never joined counts as old.
    pub(crate) fn lived(&self, pair: Pair, now: Instant) -> Duration {
        match self.attempts.state(pair) {
            Some(State::Up(since)) => now.since(since),
            _ => Duration::MAX,
        }
    }

    /// The subflow on `pair` is gone, or could not be opened.
    pub(crate) fn pair_down(&mut self, pair: Pair, down: Down, now: Instant) {
        self.attempts.down(pair, down, now, self.rejoin);
    }

    /// An address is gone from its interface: paths from it wait until it is back.
    pub(crate) fn note_lost(&mut self, addr: IpAddr) {
        if let Some(id) = self.id_of(addr) {
            self.attempts.local_lost(id);
        }
    }

    /// An address came back (interface up, address added): what waits is due now, what was given up as well.
    pub(crate) fn retry_now(&mut self, addr: IpAddr, now: Instant) {
        if let Some(id) = self.id_of(addr) {
            self.attempts.local_back(id, now);
        }
    }

    /// Whether this side would ever open the pair by itself.
    pub(crate) fn may_rejoin(&self, pair: Pair) -> bool {
        self.pairs().any(|wanted| wanted.pair == pair)
    }

    /// Every pair that this side may open.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Wanted> + '_ {
        let primary = (self.role == Role::Active && !self.deny_remote_id0 && !self.primary_withdrawn)
            .then_some((0, self.primary_remote));
        let announced = self.remotes.iter().filter(|_| self.joins_on_add_addr).map(|remote| (remote.id, remote.socket));
        let remotes = primary.into_iter().chain(announced);
        let first = (0, self.primary_local.ip(), false);
        let configured = self.locals.iter().filter(|local| local.is_configured());
        let locals = core::iter::once(first).chain(configured.map(|local| (local.id, local.addr, local.backup)));
        locals.flat_map(move |(id, local, backup)| {
            let fits = remotes.clone().filter(move |(_, remote)| local.is_ipv4() == remote.is_ipv4());
            fits.map(move |(remote_id, remote)| {
                let pair = Pair { local: id, remote: remote_id };
                Wanted { pair, local, remote, backup }
            })
        })
    }
}

/// Whether both addresses of a pair have a subflow already.
fn is_mesh(existing: &Subflows, pair: Pair) -> bool {
    let local = existing.iter().flatten().any(|e| e.pair.local == pair.local);
    local && existing.iter().flatten().any(|e| e.pair.remote == pair.remote)
}

/// Leading bits that two addresses have in common.
pub(super) fn common_prefix(one: IpAddr, other: IpAddr) -> u32 {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => 0,
    }
}
