//! A subflow is gone: what becomes of its data, its path, and the connection.

use super::Mpcb;
use super::action::ConnWants;
use super::timer::Timer;
use crate::error::{ConnError, SubflowEnd};
use crate::pm::Down;
use crate::subflow::{SubflowId, SubflowState};
use crate::time::Instant;

impl Mpcb {
    /// The subflow's TCP is gone; its id may be used again. What it had mapped goes to the other paths.
    pub fn subflow_closed(&mut self, sf: SubflowId, end: SubflowEnd, now: Instant) {
        self.stir();
        self.queue_maps_of(sf);
        let Some(mut subflow) = self.subflows.get_mut(sf.index()).and_then(Option::take) else {
            return;
        };
        subflow.clear(&mut self.pool);
        // Its maps may have been the last to refer to bytes that were acknowledged long ago.
        self.wants.insert(ConnWants::WAKE_WRITER);
        if self.fallback.is_some_and(|fallback| fallback.sf == sf) {
            return self.end(match end {
                _ if subflow.state == SubflowState::Resetting => ConnError::Reset,
                SubflowEnd::Fin | SubflowEnd::Local => ConnError::Done,
                SubflowEnd::Reset => ConnError::Reset,
                SubflowEnd::Timeout => ConnError::TimedOut,
            });
        }
        if let Some(signal) = subflow.signal {
            self.pm.signal_lost(&signal, now);
        }
        if self.over.is_some() {
            return;
        }
        let opening = subflow.join.is_some();
        // One that was reset by us has been counted where the reason was seen.
        if opening && subflow.state != SubflowState::Resetting {
            self.stats.joins_failed = self.stats.joins_failed.saturating_add(1);
        }
        if subflow.initiator {
            let in_order = end == SubflowEnd::Fin || subflow.state == SubflowState::Closing;
            let down = match end {
                // A path that damages data would do so again.
                _ if in_order || subflow.refused_for_good || subflow.fail.is_some() => Down::ForGood,
                SubflowEnd::Reset if opening => Down::Refused,
                _ if opening => Down::Silent,
                _ => Down::Lost,
            };
            self.pm.pair_down(subflow.pair(), down, now, &mut self.pool);
        }
        self.check_closed(now);
        if self.over.is_none() && self.live().next().is_none() {
            let damaged = subflow.fail.is_some() && end == SubflowEnd::Local;
            if damaged {
                // RFC 8684 section 3.7: the peer gives up the connection when it gets this RST.
                self.end(ConnError::Damaged);
            } else {
                self.last_subflow_gone(end, now);
            }
        }
        self.kick();
    }

    fn last_subflow_gone(&mut self, end: SubflowEnd, now: Instant) {
        // The peer has everything, and we have everything of it, but for the last acknowledgement.
        if self.peer_fin_taken && self.snd.is_shut() && self.snd.sb_cc() == 0 {
            return self.end(ConnError::Done);
        }
        match end {
            // RFC 8684 section 4: all subflows reset is the connection reset.
            SubflowEnd::Reset => self.end(ConnError::Reset),
            SubflowEnd::Fin if self.detached => self.end(ConnError::Reset),
            // Break before make: a path may come back.
            SubflowEnd::Fin | SubflowEnd::Timeout | SubflowEnd::Local => {
                self.timers.set(Timer::Lonely, now + self.cfg.timers.close);
            }
        }
    }
}
