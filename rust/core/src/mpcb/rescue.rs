//! An outage: no path works, and what is on the way may have forgotten our flows (a NAT or a firewall that restarted).
//!
//! Probes of the old subflows would never get through, where a new SYN does. So joins are opened anew over every pair of addresses
//! that there is, whether it has a subflow or not. RFC 8684 says nothing about it; `docs/DECISIONS.md`, 67.

use super::Mpcb;
use super::action::Action;
use super::mode::Mode;
use crate::config::Backoff;
use crate::error::{ConnError, SubflowEnd};
use crate::pm::{Pair, RARELY, SELDOM, STEADY, Wanted, pause};
use crate::rng::Rng;
use crate::subflow::{Subflow, SubflowId};
use crate::time::Instant;
use core::time::Duration;
use mptcp_wire::RstReason;

/// Every path must have been silent for so long.
const AFTER: Duration = Duration::from_secs(1);
/// So long one join waits for its SYN/ACK, where no round trip says that it takes longer: TCP repeats its SYN once.
pub(super) const TRY: Duration = Duration::from_secs(2);
/// Least time between two joins, and between two over the same addresses.
const GAP: Duration = Duration::from_millis(250);
const AGAIN: Duration = Duration::from_secs(1);
/// Joins at a time.
const MOST: usize = 4;
/// After joins whose answer made no subflow.
const REFUSED: Backoff = Backoff { initial: AGAIN, cap: SELDOM, retries: 5 };
/// After subflows that were lost soon.
const BRIEF: Backoff = Backoff { initial: AGAIN, cap: RARELY, retries: 6 };

/// What has been tried in an outage.
#[derive(Debug)]
pub(super) struct Rescue {
    /// When the last established subflow went.
    alone: Instant,
    /// No join begins before.
    next: Instant,
    /// Whose turn it is among the pairs of addresses.
    turn: usize,
    /// Joins in a row whose answer made no subflow.
    refusals: u8,
    /// The last subflow ended by a RST: a NAT may have given it another port, or the peer may be gone.
    reset: bool,
    /// Subflows in a row that were lost soon after they had been joined.
    brief: u8,
}

impl Rescue {
    pub(super) const fn new() -> Self {
        Rescue { alone: Instant::ZERO, next: Instant::ZERO, turn: 0, refusals: 0, reset: false, brief: 0 }
    }

    /// The next join waits as `backoff` has it after so many `times`.
    fn wait(&mut self, backoff: Backoff, times: u8, now: Instant) {
        self.next = self.next.max(now + backoff.wait(times).unwrap_or(backoff.last_wait()));
    }
}

impl Mpcb {
    /// Since when no path has worked, and nothing has come; `None`: one works, or no join may be opened.
    fn outage_since(&self) -> Option<Instant> {
        if !matches!(self.mode, Mode::Multipath) || self.is_closing() {
            return None;
        }
        let mut since = self.rescue.alone;
        for subflow in self.live().filter(|subflow| subflow.is_established()) {
            since = since.max(subflow.health.silent_since()?);
        }
        Some(since)
    }

    /// An established subflow is gone, after it has worked for `lived`. Something on the way may let the first segments of each pass,
    /// and nothing behind them: then each rescue waits longer, and in the end the connection is over.
    pub(super) fn note_alone(&mut self, lived: Duration, now: Instant) {
        if !self.live().any(Subflow::is_established) {
            self.rescue.alone = now;
        }
        self.rescue.brief = if lived < STEADY { self.rescue.brief.saturating_add(1) } else { 0 };
        if self.rescue.brief > 0 {
            self.rescue.wait(BRIEF, self.rescue.brief, now);
        }
    }

    /// When the next join of a rescue may begin, if nothing comes before.
    pub(super) fn next_rescue(&self) -> Option<Instant> {
        let since = self.outage_since()?;
        let again = self.rescue_pairs().map(|wanted| self.again_at(wanted.pair)).min()?;
        let patience = if self.rescue.reset { Duration::ZERO } else { AFTER.max(self.round_trips()) };
        Some(again.max(self.rescue.next).max(since + patience))
    }

    /// The join that is due at `now`.
    pub(super) fn rescue_now(&self, now: Instant) -> Option<Wanted> {
        self.next_rescue().filter(|at| *at <= now)?;
        // Every second one takes the place of a subflow: a peer with all it may have refuses others.
        let has = |pair| self.live().any(|old| old.is_established() && old.ends.pair() == pair);
        let due = || self.rescue_pairs().filter(|wanted| self.again_at(wanted.pair) <= now);
        let first = || due().filter(|wanted| self.rescue.turn.is_multiple_of(2) && has(wanted.pair));
        let turn = |count: usize| (self.rescue.turn / 2).checked_rem(count);
        turn(first().count()).and_then(|at| first().nth(at)).or_else(|| due().nth(turn(due().count())?))
    }

    /// When a join over `pair` may begin as far as the last one is concerned.
    fn again_at(&self, pair: Pair) -> Instant {
        self.pm.begun(pair).map_or(Instant::ZERO, |at| at + AGAIN)
    }

    /// The pairs of addresses over which a join may begin; none where enough are under way.
    fn rescue_pairs(&self) -> impl Iterator<Item = Wanted> + '_ {
        let joining = || self.live().filter(|subflow| subflow.joining.is_some() && !subflow.is_resetting());
        let rescues = joining().filter(|join| join.joining.is_some_and(|joining| joining.rescue)).count();
        let room = rescues < MOST && self.has_slot();
        self.pm.pairs().filter(move |wanted| room && joining().all(|join| join.ends.pair() != wanted.pair))
    }

    /// The last subflow ended by a RST without a word of MPTCP. A host that may join asks the peer whether it still knows the
    /// connection: one that does not answers with a RST again. Returns whether it asks.
    pub(super) fn asks_after_reset(&mut self, now: Instant) -> bool {
        let may = matches!(self.mode, Mode::Multipath) && !self.is_closing() && self.pm.pairs().next().is_some();
        self.rescue.reset = may;
        if self.rescue.brief <= 1 {
            self.rescue.next = now;
        }
        may
    }

    /// A join of a rescue is gone, and `end` is how; `answered`: the peer, or somebody on the way, has answered it. It may never get
    /// better then.
    pub(super) fn rescue_failed(&mut self, pair: Pair, end: SubflowEnd, answered: bool, now: Instant) {
        self.pm.postpone_pair(pair, now);
        let reset = end == SubflowEnd::Reset;
        if reset && self.rescue.reset && !self.live().any(Subflow::is_established) {
            return self.end(ConnError::Reset);
        }
        if !reset && !answered {
            self.rescue.refusals = 0;
            return;
        }
        self.rescue.refusals = self.rescue.refusals.saturating_add(1);
        self.rescue.wait(REFUSED, self.rescue.refusals, now);
    }

    /// Two round trips of the slowest path: what comes later than that is late.
    pub(super) fn round_trips(&self) -> Duration {
        let paths = self.live().filter(|subflow| subflow.is_established());
        paths.map(|subflow| subflow.health.metrics().srtt).max().unwrap_or_default().saturating_mul(2)
    }

    /// Opens a join of the rescue; `None`: no memory.
    pub(super) fn open_rescue(&mut self, wanted: &Wanted, now: Instant, rng: &mut dyn Rng) -> Option<Action> {
        let outage = self.outage_since().map_or(Duration::ZERO, |since| now.since(since));
        self.rescue.turn = self.rescue.turn.wrapping_add(1);
        self.rescue.next = now + GAP.max(pause(outage));
        self.invalidate();
        let sf = self.free_slot().ok()?;
        self.pm.begin_rescue(wanted.pair, now, &mut self.pool).ok()?;
        let wait = TRY.max(self.round_trips());
        self.put_join(sf, wanted, rng, |joining| {
            joining.rescue = true;
            joining.next = Some(now + wait);
        });
        self.stats.rescue_joins = self.stats.rescue_joins.saturating_add(1);
        Some(Action::OpenSubflow { sf, local: wanted.local, remote: wanted.remote })
    }

    /// A join of any kind came up: what was asked, and refused, is over.
    pub(super) fn end_rescue(&mut self) {
        self.rescue.refusals = 0;
        self.rescue.reset = false;
    }

    /// A join of a rescue was confirmed. The old subflow on the same addresses goes, by a FIN where it has come back meanwhile: the
    /// peer may be about to close it too. Others are probed on, and given up in their time.
    pub(super) fn rescued(&mut self, sf: SubflowId, pair: Pair) {
        self.stats.rescues = self.stats.rescues.saturating_add(1);
        let same = |other: &Subflow| other.id != sf && other.is_established() && other.ends.pair() == pair;
        self.close_those(|old| same(old) && old.is_working());
        let next = |mpcb: &Mpcb| mpcb.live().find(|old| same(old)).map(|old| old.id);
        while let Some(old) = next(self) {
            self.reset_subflow(old, RstReason::BAD_PERFORMANCE, true);
        }
        while !self.is_within_limit() {
            let stalled = self.live().filter(|old| old.is_established() && old.health.is_stalled());
            let Some((_, oldest)) = stalled.filter_map(|old| Some((old.health.silent_since()?, old.id))).min() else {
                return;
            };
            self.reset_subflow(oldest, RstReason::NO_RESOURCES, true);
        }
    }
}
