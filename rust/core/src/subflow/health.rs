//! Is a subflow getting anywhere? Stalled paths get no new data, and get it again when they recover.
//!
//! A path that the peer has withdrawn is left alone as long as segments come over it.

use super::Metrics;
use crate::time::Instant;
use core::time::Duration;

/// A path is not called stalled earlier than this, whatever its round trip.
const SHORTEST: Duration = Duration::from_millis(250);
/// The wait where no round trip was measured.
const UNMEASURED: Duration = Duration::from_millis(1000);
/// Waits double up to this.
const LONGEST: Duration = Duration::from_secs(8);

/// A stalled path is probed so often; where its round trip is longer, once in two of those.
const PROBE_EVERY: Duration = Duration::from_millis(500);
const PROBE_MOST: Duration = Duration::from_secs(2);
/// After so long a stall it is probed less often.
const PROBE_LONG: Duration = Duration::from_secs(60);
const PROBE_SELDOM: Duration = Duration::from_secs(8);
/// After the last data in either direction, so long a silence is questioned; each answer doubles the wait.
const SILENCE: Duration = Duration::from_secs(1);
/// A silence that would be longer is that of an idle connection.
const IDLE: Duration = Duration::from_secs(128);

/// A path on which we may only receive: nothing of ours is in flight there that would show that it is dead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Silence {
    /// There was no data, or it is long ago.
    Expected,
    /// There was data: a silence is questioned.
    Listening,
    /// It is questioned then, whatever there was.
    AskAt(Instant),
    /// A probe has to be answered until then.
    Asked(Instant),
}

/// Why a path may work no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Doubt {
    /// The peer has withdrawn an address of it (RFC 8684 section 3.4.2).
    Withdrawn,
    /// The peer has joined over the same addresses anew.
    Replaced,
}

/// What is to be done about the silence of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Quiet {
    /// Nothing yet.
    Fine,
    /// Send a probe.
    Ask,
    /// The probe was not answered.
    Unanswered,
}

/// What a segment of the peer showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    /// There is a deadline that there was not before.
    pub(crate) deadline: bool,
    /// A stalled path works again.
    pub(crate) recovered: bool,
}

/// What the caller's TCP measured, and whether what is in flight gets acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    metrics: Metrics,
    /// The lowest smoothed round trip that was reported; zero while unmeasured.
    lowest_srtt: Duration,
    /// Begins with the first map in flight, and again with every acknowledgement.
    since: Option<Instant>,
    losses: u8,
    stalled: bool,
    /// When the stall began.
    stalled_at: Instant,
    /// While it is stalled: when it is probed next.
    next_probe: Instant,
    /// While it is stalled: when it was probed last.
    probed_at: Option<Instant>,
    /// When the last segment came.
    heard_at: Instant,
    /// Since when an answer has been expected: what was put in flight on an idle path, or a probe.
    expected_at: Instant,
    silence: Silence,
    /// The silence that is questioned next.
    silence_wait: Duration,
    /// Until this time a segment has to show that the path works, in spite of this.
    questioned: Option<(Instant, Doubt)>,
}

impl Health {
    pub(crate) const fn new() -> Self {
        Health {
            metrics: Metrics::NONE,
            lowest_srtt: Duration::ZERO,
            since: None,
            losses: 0,
            stalled: false,
            stalled_at: Instant::ZERO,
            next_probe: Instant::ZERO,
            probed_at: None,
            heard_at: Instant::ZERO,
            expected_at: Instant::ZERO,
            silence: Silence::Expected,
            silence_wait: SILENCE,
            questioned: None,
        }
    }

    /// What its TCP measured anew. Returns whether deadlines come sooner than those known before.
    pub(crate) fn measured(&mut self, metrics: &Metrics) -> bool {
        // Deadlines follow the round trip; one that grows needs no new look.
        let sooner = self.metrics.srtt.is_zero() || metrics.srtt.saturating_mul(2) < self.metrics.srtt;
        self.metrics = *metrics;
        if !metrics.srtt.is_zero() && (self.lowest_srtt.is_zero() || metrics.srtt < self.lowest_srtt) {
            self.lowest_srtt = metrics.srtt;
        }
        sooner
    }

    pub(crate) const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The round trip that a byte sent now would see. What was measured while its own queue was full is no measure
    /// for an idle path, and would keep it idle, for nothing measures it again.
    pub(crate) const fn expected_rtt(&self, in_flight: u64) -> Duration {
        if in_flight == 0 { self.lowest_srtt } else { self.metrics.srtt }
    }

    /// A map was put in flight. Returns whether nothing had been: there is a deadline now.
    pub(crate) fn sent(&mut self, now: Instant) -> bool {
        let idle = self.since.is_none();
        if idle {
            self.since = Some(now);
            if !self.stalled {
                self.expected_at = now;
            }
        }
        idle
    }

    /// The subflow acknowledged something; `idle`: nothing is in flight any more. Returns whether it recovered.
    pub(crate) fn progress(&mut self, idle: bool, now: Instant) -> bool {
        self.since = (!idle).then_some(now);
        self.losses = 0;
        core::mem::take(&mut self.stalled)
    }

    /// Its retransmission timer fired, or ours did: nothing came back.
    pub(crate) fn loss(&mut self, now: Instant) {
        self.losses = self.losses.saturating_add(1);
        if !self.stalled {
            self.stalled_at = now;
            self.next_probe = now + self.probe_wait(now);
            self.probed_at = None;
        }
        self.stalled = true;
        self.since = self.since.map(|_| now);
    }

    /// Nothing can be told now: the wait begins again.
    pub(crate) fn postpone(&mut self, now: Instant) {
        self.since = self.since.map(|_| now);
    }

    /// The peer answered on this path that it has no room for what is under way there. It may drop that, but the path
    /// works: timeouts are counted anew. Others may still carry the data.
    pub(crate) fn no_room(&mut self, now: Instant) {
        self.losses = 0;
        self.stalled_at = now;
    }

    pub(crate) const fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// When the stalled path is to be probed.
    pub(crate) fn probe_due(&self) -> Option<Instant> {
        self.stalled.then_some(self.next_probe)
    }

    /// A probe of the stalled path leaves. Where nothing is in flight, it stands for the timeout that there is none of.
    pub(crate) fn probed(&mut self, now: Instant) {
        // A peer that answers and takes nothing has no room: there is no path to be found again.
        let answers = self.probed_at.is_some_and(|at| self.heard_at >= at);
        self.next_probe = now + if answers { PROBE_SELDOM } else { self.probe_wait(now) };
        self.probed_at = Some(now);
        if self.since.is_none() {
            self.losses = self.losses.saturating_add(1);
        }
    }

    fn probe_wait(&self, now: Instant) -> Duration {
        if self.stalled_for(now) >= PROBE_LONG {
            return PROBE_SELDOM;
        }
        self.metrics.srtt.saturating_mul(2).clamp(PROBE_EVERY, PROBE_MOST)
    }

    /// When the silence of the path, in the midst of the peer's data, is looked at.
    pub(crate) fn quiet_due(&self) -> Option<Instant> {
        match self.silence {
            Silence::Expected => None,
            Silence::Listening => Some(self.heard_at + self.silence_wait.max(self.patience())),
            Silence::AskAt(at) => Some(at),
            Silence::Asked(until) => Some(until),
        }
    }

    /// Looks at the silence. `matters`: the peer has more to send, so far as is known.
    pub(crate) fn quiet(&mut self, matters: bool, now: Instant) -> Quiet {
        if self.quiet_due().is_none_or(|at| at > now) {
            return Quiet::Fine;
        }
        // What is in flight there, or a stall, asks by itself, and listens again when it is over.
        let matters = matters && self.since.is_none() && !self.stalled;
        match core::mem::replace(&mut self.silence, Silence::Expected) {
            before @ (Silence::Listening | Silence::AskAt(_)) if matters => {
                self.silence = Silence::Asked(now + self.patience());
                if before != Silence::Listening || self.silence_wait > SILENCE {
                    // Not in the midst of data: the answer may have been lost.
                    self.expected_at = now;
                }
                Quiet::Ask
            }
            Silence::Asked(_) if matters => Quiet::Unanswered,
            Silence::Expected | Silence::Listening | Silence::AskAt(_) | Silence::Asked(_) => Quiet::Fine,
        }
    }

    /// Timeouts in a row.
    pub(crate) const fn losses(&self) -> u8 {
        self.losses
    }

    /// How long it has been stalled.
    pub(crate) fn stalled_for(&self, now: Instant) -> Duration {
        if self.stalled { now.since(self.stalled_at) } else { Duration::ZERO }
    }

    /// Since when nothing has come over a stalled path where something was expected; `None`: it works.
    pub(crate) fn silent_since(&self) -> Option<Instant> {
        self.stalled.then(|| self.expected_at.max(self.heard_at))
    }

    /// How long ago the last segment came.
    pub(crate) fn unheard_for(&self, now: Instant) -> Duration {
        now.since(self.heard_at)
    }

    /// When it counts as stalled (again), if nothing is acknowledged until then.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + self.patience())
    }

    /// There is a doubt about this path, which may work all the same.
    pub(crate) fn question(&mut self, doubt: Doubt, now: Instant) {
        if self.questioned.is_none() {
            self.questioned = Some((now + self.patience(), doubt));
        }
    }

    /// We opened the path, and there was data on it, in either direction: if nothing comes from now on, that shall be noticed.
    /// Returns whether there is a deadline that there was not before.
    pub(crate) fn listen(&mut self, now: Instant) -> bool {
        let news = self.silence == Silence::Expected;
        if news {
            self.heard_at = now;
        }
        self.silence = Silence::Listening;
        self.silence_wait = SILENCE;
        news
    }

    /// Another path has fallen silent: does this one work, on which nothing was expected? It is asked at `at`; returns whether it is.
    pub(crate) fn ask(&mut self, at: Instant, now: Instant) -> bool {
        let known = self.stalled || self.since.is_some() || self.unheard_for(now) < SILENCE;
        if known || matches!(self.silence, Silence::AskAt(_) | Silence::Asked(_)) {
            return false;
        }
        self.silence = Silence::AskAt(at);
        true
    }

    /// After an answer to a probe: the next silence is questioned later, and in the end none.
    fn listen_longer(&mut self) {
        self.silence_wait = self.silence_wait.saturating_mul(2);
        self.silence = if self.silence_wait < IDLE { Silence::Listening } else { Silence::Expected };
    }

    /// A segment came: the path works, in this direction at least. `data`: with payload; `ours`: we opened the path, and its silence
    /// shall be noticed.
    pub(crate) fn heard(&mut self, data: bool, ours: bool, now: Instant) -> Heard {
        self.questioned = None;
        self.heard_at = now;
        let before = self.silence;
        // Where something is in flight, its acknowledgement is the proof.
        let recovered = self.stalled && self.since.is_none();
        if ours && data {
            self.listen(now);
        } else if ours && (recovered || matches!(before, Silence::AskAt(_) | Silence::Asked(_))) {
            self.listen_longer();
        } else if !ours {
            self.silence = Silence::Expected;
        }
        if recovered {
            self.stalled = false;
            self.losses = 0;
        }
        Heard { deadline: self.silence != Silence::Expected && before == Silence::Expected, recovered }
    }

    /// When a path in question is given up.
    pub(crate) fn answer_due(&self) -> Option<Instant> {
        self.questioned.map(|(due, _)| due)
    }

    /// Why the path was in question, where nothing came in time.
    pub(crate) fn take_unanswered(&mut self, now: Instant) -> Option<Doubt> {
        self.questioned.take_if(|(due, _)| *due <= now).map(|(_, doubt)| doubt)
    }

    fn patience(&self) -> Duration {
        let metrics = &self.metrics;
        let once = if metrics.srtt.is_zero() {
            UNMEASURED
        } else {
            let spread = metrics.rttvar.saturating_mul(4);
            metrics.srtt.saturating_mul(2).saturating_add(spread).max(SHORTEST)
        };
        let doubled = 1_u32.checked_shl(u32::from(self.losses)).unwrap_or(u32::MAX);
        once.saturating_mul(doubled).min(LONGEST.max(once))
    }
}
