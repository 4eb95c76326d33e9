//! A subflow is gone: what becomes of its data, its path, and the connection.

use super::Mpcb;
use super::timer::Timer;
use crate::ending::LastGone;
use crate::error::{ConnError, SubflowEnd};
use crate::pm::Down;
use crate::subflow::{Subflow, SubflowId, SubflowState};
use crate::time::Instant;

impl Mpcb {
    /// The subflow's TCP is gone; its id may be used again. What it had mapped goes to the other paths.
    pub fn subflow_closed(&mut self, sf: SubflowId, end: SubflowEnd, now: Instant) {
        self.invalidate();
        self.queue_maps_of(sf);
        let Some(mut subflow) = self.subflows.get_mut(sf.index()).and_then(Option::take) else {
            return;
        };
        subflow.clear(&mut self.pool);
        if self.mode.fallback().is_some_and(|fallback| fallback.sf() == sf) {
            return self.plain_closed(end, subflow.is_resetting());
        }
        if let Some(signal) = subflow.pending.signal {
            self.pm.signal_lost(&signal, now);
        }
        if self.mode.is_over() {
            return;
        }
        self.path_lost(&subflow, end, now);
        self.check_closed(now);
        if !self.mode.is_over() && self.live().next().is_none() {
            self.last_gone(&subflow, end, now);
        }
        self.request_output();
    }

    /// What the end of a subflow, or of a join, says about its path.
    fn path_lost(&mut self, subflow: &Subflow, end: SubflowEnd, now: Instant) {
        let opening = subflow.joining.is_some();
        let rescue = subflow.joining.is_some_and(|joining| joining.rescue);
        let answered = subflow.joining.is_some_and(|joining| joining.answered);
        let pair = subflow.ends.pair();
        if !opening {
            self.note_alone(self.pm.lived(pair, now), now);
        }
        if rescue {
            self.rescue_failed(pair, end, answered, now);
        }
        // One that was reset by us has been counted where the reason was seen.
        if opening && !subflow.is_resetting() {
            self.stats.joins_failed = self.stats.joins_failed.saturating_add(1);
        }
        // A path is as its last subflow is: in an outage it may have had two.
        let another = |other: &Subflow| other.ends.initiator && other.ends.pair() == pair && !other.is_resetting();
        let replaced = self.live().any(another) || (rescue && !self.pm.is_up(pair));
        if !subflow.ends.initiator || replaced {
            return;
        }
        let in_order = end == SubflowEnd::Fin || subflow.state == SubflowState::Closing;
        let down = match end {
            _ if rescue => Down::Lost,
            // A path that damages data would do so again.
            _ if in_order || subflow.refused_for_good || subflow.pending.fail.is_some() => Down::ForGood,
            SubflowEnd::Reset if opening => Down::Refused,
            _ if answered => Down::Unusable,
            _ if opening => Down::Silent,
            _ => Down::Lost,
        };
        self.pm.pair_down(pair, down, now);
    }

    /// No subflow is left: the connection is over, or waits for a join.
    fn last_gone(&mut self, subflow: &Subflow, end: SubflowEnd, now: Instant) {
        let damaged = subflow.pending.fail.is_some() && end == SubflowEnd::Local;
        // RFC 8684 section 3.7: the peer gives up the connection when it gets this RST.
        let gone = if damaged {
            LastGone::Over(ConnError::Damaged)
        } else {
            self.ending.last_subflow_gone(end, subflow.reset_transient, &self.snd)
        };
        let bare = end == SubflowEnd::Reset && subflow.joining.is_none() && !subflow.reset_explained;
        match gone {
            LastGone::Over(ConnError::Reset) if bare && self.asks_after_reset(now) => self.wait_alone(now),
            LastGone::Over(error) => self.end(error),
            LastGone::Wait => self.wait_alone(now),
        }
    }

    /// A join has so long to come.
    fn wait_alone(&mut self, now: Instant) {
        self.timers.set(Timer::Lonely, now + self.cfg.timers.close);
    }
}
