//! What was tried on each pair of addresses, and when it is tried again.

use crate::config::Backoff;
use crate::pool::{NoMemory, Pool};
use crate::time::Instant;
use alloc::vec::Vec;
use core::time::Duration;

/// A path that is lost sooner than this after it was joined again waits longer each time: a middlebox may let a subflow's
/// first segments pass, and nothing behind them.
pub(crate) const STEADY: Duration = Duration::from_secs(10);

/// Least time between the beginnings of two joins over a path that was lost.
const REJOIN: Duration = Duration::from_secs(2);

/// A path that was lost is joined again and again for so long; then once in [`SELDOM`], after ten times as long in [`RARELY`].
const LONG: Duration = Duration::from_secs(60);
pub(crate) const SELDOM: Duration = Duration::from_secs(8);
pub(crate) const RARELY: Duration = Duration::from_secs(64);

/// A path by its address ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Pair {
    pub(crate) local: u8,
    pub(crate) remote: u8,
}

/// The pair of the first subflow.
const FIRST: Pair = Pair { local: 0, remote: 0 };

/// How a path was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Down {
    /// It had worked.
    Lost,
    /// No answer to our SYN.
    Silent,
    /// An answer that made no subflow: without MP_JOIN, say.
    Unusable,
    /// The peer reset our SYN (RFC 8684 section 3.4.1: not tried again unless the path had worked).
    Refused,
    /// Closed on purpose; only a new announcement brings it back.
    ForGood,
}

/// Where a pair stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// A join is under way.
    Opening,
    /// There is no subflow; the next join may begin at this time.
    Waiting(Instant),
    /// A subflow works since then.
    Up(Instant),
    /// There is no subflow, and no join begins by itself.
    GivenUp,
}

/// The history of one pair.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    pair: Pair,
    /// Waits so far, since the path was steady last.
    waits: u8,
    /// The path carried data once.
    worked: bool,
    /// When the last join began.
    begun: Instant,
    /// When the path was lost that had worked; `None`: it works, or never has.
    lost: Option<Instant>,
    state: State,
}

impl Attempt {
    const fn new(pair: Pair, state: State) -> Self {
        Attempt { pair, waits: 0, worked: false, begun: Instant::ZERO, lost: None, state }
    }

    fn down(&mut self, down: Down, now: Instant, rejoin: Backoff) {
        self.worked |= down == Down::Lost;
        if let State::Up(since) = self.state
            && now.since(since) >= STEADY
        {
            self.waits = 0;
        }
        if down == Down::Lost {
            self.lost = Some(now);
        }
        if let (Down::Silent, Some(lost)) = (down, self.lost)
            && rejoin.retries > 0
        {
            // Whoever walks out of a cell comes back: the path is asked at a steady pace, and is not given up. A join that the host
            // cannot even begin fails at once.
            self.state = State::Waiting((now + pause(now.since(lost))).max(self.begun + REJOIN));
            return;
        }
        // A path that worked may meet a peer that has not noticed its loss and has no room for another subflow.
        let again = match down {
            Down::Lost | Down::Silent | Down::Unusable => true,
            Down::Refused => self.worked,
            Down::ForGood => false,
        };
        let wait = rejoin.wait(self.waits).filter(|_| again);
        self.state = wait.map_or(State::GivenUp, |wait| State::Waiting(now + wait));
        self.waits = self.waits.saturating_add(1);
    }
}

/// The wait between two joins that nobody answered, where the path, or all paths, were lost so long ago.
pub(crate) fn pause(lost: Duration) -> Duration {
    if lost < LONG {
        Duration::ZERO
    } else if lost < LONG.saturating_mul(10) {
        SELDOM
    } else {
        RARELY
    }
}

/// The pairs that were tried. A join begins only where it can be remembered, so that a pair without an entry was never
/// tried: none is opened again and again because memory is short.
#[derive(Debug)]
pub(super) struct Attempts {
    /// The first subflow's pair needs no memory.
    first: Option<Attempt>,
    /// The others, sorted by pair: each poll asks for every pair that there could be.
    more: Vec<Attempt>,
    /// Entries looked at.
    #[cfg(test)]
    pub(super) looks: core::cell::Cell<usize>,
}

impl Attempts {
    /// The first subflow is up.
    pub(super) const fn new() -> Self {
        Attempts {
            first: Some(Attempt::new(FIRST, State::Up(Instant::ZERO))),
            more: Vec::new(),
            #[cfg(test)]
            looks: core::cell::Cell::new(0),
        }
    }

    /// Where the entry of `pair` is, or belongs.
    fn find(&self, pair: Pair) -> Result<usize, usize> {
        self.more.binary_search_by(|attempt| {
            #[cfg(test)]
            self.looks.set(self.looks.get() + 1);
            attempt.pair.cmp(&pair)
        })
    }

    fn get_mut(&mut self, pair: Pair) -> Option<&mut Attempt> {
        if pair == FIRST {
            return self.first.as_mut();
        }
        let at = self.find(pair).ok()?;
        self.more.get_mut(at)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Attempt> {
        self.first.iter_mut().chain(&mut self.more)
    }

    /// Keeps the entries for which `keep` holds.
    fn retain(&mut self, keep: impl Fn(&Attempt) -> bool) {
        self.first = self.first.filter(&keep);
        self.more.retain(keep);
    }

    /// Where the pair stands; `None`: it was not tried.
    pub(super) fn state(&self, pair: Pair) -> Option<State> {
        self.get(pair).map(|attempt| attempt.state)
    }

    fn get(&self, pair: Pair) -> Option<&Attempt> {
        if pair == FIRST {
            return self.first.as_ref();
        }
        let at = self.find(pair).ok()?;
        self.more.get(at)
    }

    /// Whether the pair has had a subflow, and lost it.
    pub(super) fn is_lost(&self, pair: Pair) -> bool {
        self.get(pair).is_some_and(|attempt| attempt.lost.is_some())
    }

    /// When the last join of the pair began.
    pub(super) fn begun(&self, pair: Pair) -> Option<Instant> {
        self.get(pair).map(|attempt| attempt.begun)
    }

    /// A join in a rescue failed: one that waits does not begin at once.
    pub(super) fn postpone(&mut self, pair: Pair, until: Instant) {
        if let Some(attempt) = self.get_mut(pair)
            && let State::Waiting(at) = attempt.state
        {
            attempt.state = State::Waiting(at.max(until));
        }
    }

    /// A join begins. On [`NoMemory`] it must not.
    pub(super) fn begin(&mut self, pair: Pair, now: Instant, pool: &mut Pool) -> Result<(), NoMemory> {
        if let Some(known) = self.get_mut(pair) {
            known.begun = now;
            known.state = State::Opening;
            return Ok(());
        }
        self.add(Attempt { begun: now, ..Attempt::new(pair, State::Opening) }, pool)
    }

    /// A join begins beside what is known of the pair; one that was never tried may be tried by itself at `next`.
    pub(super) fn begin_rescue(
        &mut self,
        pair: Pair,
        now: Instant,
        next: Instant,
        pool: &mut Pool,
    ) -> Result<(), NoMemory> {
        if let Some(known) = self.get_mut(pair) {
            known.begun = now;
            return Ok(());
        }
        self.add(Attempt { begun: now, ..Attempt::new(pair, State::Waiting(next)) }, pool)
    }

    fn add(&mut self, attempt: Attempt, pool: &mut Pool) -> Result<(), NoMemory> {
        let pair = attempt.pair;
        if pair == FIRST {
            self.first = Some(attempt);
            return Ok(());
        }
        let (Ok(at) | Err(at)) = self.find(pair);
        pool.reserve_vec(&mut self.more, 1)?;
        self.more.insert(at, attempt);
        Ok(())
    }

    /// A subflow works. Returns whether the path had worked before and was lost.
    pub(super) fn up(&mut self, pair: Pair, now: Instant) -> bool {
        let Some(attempt) = self.get_mut(pair) else {
            return false;
        };
        if !matches!(attempt.state, State::Up(_)) {
            attempt.state = State::Up(now);
        }
        attempt.lost = None;
        attempt.worked
    }

    /// The subflow is gone, or could not be opened. A pair without an entry was withdrawn meanwhile: nothing is noted.
    pub(super) fn down(&mut self, pair: Pair, down: Down, now: Instant, rejoin: Backoff) {
        if let Some(attempt) = self.get_mut(pair) {
            attempt.down(down, now, rejoin);
        }
    }

    /// The remote address was announced again: what was given up may be tried again. Paths that live, or wait, keep
    /// their history.
    pub(super) fn announced_again(&mut self, remote: u8) {
        self.retain(|attempt| attempt.pair.remote != remote || attempt.state != State::GivenUp);
    }

    /// The remote address has another port now: what was tried and has no subflow is as if it had not been.
    pub(super) fn port_changed(&mut self, remote: u8) {
        let lives = |state| matches!(state, State::Up(_) | State::Opening);
        self.retain(|attempt| attempt.pair.remote != remote || lives(attempt.state));
    }

    /// The remote address is gone.
    pub(super) fn forget_remote(&mut self, remote: u8) {
        self.retain(|attempt| attempt.pair.remote != remote);
    }

    /// The local address is gone.
    pub(super) fn forget_local(&mut self, local: u8) {
        self.retain(|attempt| attempt.pair.local != local);
    }

    /// The local address is gone from its interface: what waits is given up until it is back.
    pub(super) fn local_lost(&mut self, local: u8) {
        for attempt in self.iter_mut().filter(|attempt| attempt.pair.local == local) {
            if matches!(attempt.state, State::Waiting(_)) {
                attempt.state = State::GivenUp;
            }
        }
    }

    /// The local address is back: what waits, or was given up, is due at once.
    pub(super) fn local_back(&mut self, local: u8, now: Instant) {
        for attempt in self.iter_mut().filter(|attempt| attempt.pair.local == local) {
            attempt.waits = 0;
            if matches!(attempt.state, State::Waiting(_) | State::GivenUp) {
                attempt.state = State::Waiting(now);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.more.len()
    }

    pub(super) fn clear(&mut self, pool: &mut Pool) {
        self.first = None;
        pool.release_vec(core::mem::take(&mut self.more));
    }
}
