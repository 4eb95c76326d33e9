//! One table of timers for the connection, so that the caller needs a single callout.

use super::Mpcb;
use crate::error::ConnError;
use crate::subflow::SubflowId;
use crate::time::Instant;

/// The connection's own timers; subflows and the path manager keep theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(super) enum Timer {
    /// No DATA_ACK came for what was sent (data, or the DATA_FIN).
    DataRto = 0,
    /// There is data and nothing is in flight: probe the peer's window, or ask for output again.
    Persist = 1,
    /// In-order bytes wait for a map that does not come.
    Unmapped = 2,
    /// MP_FAIL was sent and no infinite mapping came.
    Fail = 3,
    /// The application has closed, the peer does not.
    Close = 4,
    /// No subflow is left.
    Lonely = 5,
    /// A map was refused memory, and no acknowledgement will bring another occasion.
    Starved = 6,
}

const TIMERS: [Timer; 7] =
    [Timer::DataRto, Timer::Persist, Timer::Unmapped, Timer::Fail, Timer::Close, Timer::Lonely, Timer::Starved];

/// A deadline for each [`Timer`].
#[derive(Debug)]
pub(super) struct TimerTable {
    deadlines: [Option<Instant>; TIMERS.len()],
    /// A deadline was set that had none, or a later one.
    sooner: bool,
}

impl TimerTable {
    pub(super) const fn new() -> Self {
        TimerTable { deadlines: [None; TIMERS.len()], sooner: false }
    }

    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        if let Some(deadline) = self.deadlines.get_mut(timer as usize) {
            self.sooner |= deadline.is_none_or(|before| at < before);
            *deadline = Some(at);
        }
    }

    pub(super) const fn is_sooner(&self) -> bool {
        self.sooner
    }

    pub(super) const fn seen(&mut self) {
        self.sooner = false;
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        if let Some(deadline) = self.deadlines.get_mut(timer as usize) {
            *deadline = None;
        }
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.deadlines.get(timer as usize).is_some_and(Option::is_some)
    }

    #[cfg(test)]
    pub(super) fn at(&self, timer: Timer) -> Option<Instant> {
        self.deadlines[timer as usize]
    }

    fn take_due(&mut self, timer: Timer, now: Instant) -> bool {
        match self.deadlines.get_mut(timer as usize) {
            Some(deadline) if deadline.is_some_and(|at| at <= now) => deadline.take().is_some(),
            _ => false,
        }
    }

    fn next(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().min().copied()
    }
}

impl Mpcb {
    /// When [`Mpcb::on_timer`] should be called, if nothing happens before; `None`: not at all.
    #[must_use]
    pub fn next_timer(&self) -> Option<Instant> {
        if self.mode.is_over() {
            return None;
        }
        match self.due.until() {
            // Deadlines move back with each acknowledgement: the one known is early at worst.
            Some(until) if !self.timers.is_sooner() => Some(until).filter(|until| *until != Instant::NEVER),
            _ => self.deadline(),
        }
    }

    /// The earliest deadline of any kind.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.mode.is_plain() {
            // Stalls, joins and signals are a matter of multipath; TCP has timers of its own.
            return self.timers.next();
        }
        let subflows = self.live().flat_map(|subflow| {
            let joining = subflow.joining.and_then(|joining| joining.next);
            let health = &subflow.health;
            [joining, health.deadline(), health.answer_due(), health.quiet_due()].into_iter().flatten()
        });
        let pm = self
            .next_attempt()
            .into_iter()
            .chain(self.next_signal())
            .chain(self.next_probe())
            .chain(self.next_rescue());
        self.timers.next().into_iter().chain(subflows).chain(pm).min()
    }

    /// Does what is due at `now`. Early or repeated calls do no harm.
    pub fn on_timer(&mut self, now: Instant) {
        if self.mode.is_over() {
            return;
        }
        self.invalidate();
        for timer in TIMERS {
            if self.timers.take_due(timer, now) {
                self.expired(timer, now);
            }
        }
        if self.mode.fallback().is_some() {
            return;
        }
        for at in 0..self.subflows.len() {
            let Ok(sf) = u8::try_from(at).map(SubflowId) else {
                break;
            };
            self.join_timer(sf, now);
            self.stall_timer(sf, now);
            self.question_timer(sf, now);
            self.quiet_timer(sf, now);
        }
        self.probe_timer(now);
    }

    fn expired(&mut self, timer: Timer, now: Instant) {
        match timer {
            Timer::DataRto => self.data_rto(now),
            Timer::Persist => self.persist(now),
            Timer::Unmapped => self.unmapped_too_long(now),
            Timer::Fail => self.fail_timer(now),
            Timer::Close => self.close_too_long(),
            Timer::Lonely => self.end(ConnError::TimedOut),
            Timer::Starved => {
                self.continue_recovery();
                self.request_output();
            }
        }
    }
}
