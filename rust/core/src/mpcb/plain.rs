//! After a fallback: one subflow, and TCP's own rules (RFC 8684 section 3.7).

use super::action::ConnWants;
use super::mode::Mode;
use super::segment::{SegIn, SegVerdict};
use super::timer::Timer;
use super::{Mpcb, RxStep};
use crate::error::{ConnError, SubflowEnd};
use crate::fallback::{Cut, FAIL_REPEAT, Fallback};
use crate::handshake::FallbackReason;
use crate::reass::Placement;
use crate::sockbuf::DataAcked;
use crate::subflow::{SubflowId, Wants};
use crate::time::Instant;
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{Dss, DssMap, MpOption, RstReason};

impl Mpcb {
    /// From here on the connection is one TCP connection on `sf`.
    pub(super) fn fall_back(&mut self, sf: SubflowId, reason: FallbackReason, now: Instant) {
        self.invalidate();
        for other in self.live_mut().filter(|other| other.id != sf) {
            // Joins that are not finished; nothing else is left.
            other.reset(None);
        }
        let (una, nxt) = (self.snd.una(), self.snd.nxt());
        let rcv_dsn = self.agreed.remote.idsn.wrapping_add(self.reass.rcv_nxt());
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        subflow.want(Wants::OUTPUT | Wants::ACK);
        let unheard = subflow.receiving.is_unheard();
        let ended = subflow.receiving.fin;
        let cut = Cut { sf, next_ssn: subflow.sending.next_ssn(), una, nxt, rcv_dsn, unheard };
        let fallback = Fallback::new(reason, &cut);
        for timer in [Timer::Fail, Timer::Unmapped, Timer::DataRto, Timer::Persist] {
            self.timers.stop(timer);
        }
        if fallback.fail_option().is_some() {
            self.timers.set(Timer::Fail, now + FAIL_REPEAT);
        }
        self.mode = Mode::Plain(fallback);
        self.reinject.clear(&mut self.pool);
        // What waited for a map is data now.
        self.wants.insert(ConnWants::WAKE_READER);
        if ended {
            self.plain_fin();
        }
        self.plain_acked(sf, now);
        self.plain_fin_progress();
    }

    /// [`Mpcb::segment_in`] after a fallback.
    pub(super) fn plain_segment_in(
        &mut self,
        sf: SubflowId,
        seg: &SegIn,
        tcp_options: &[u8],
        now: Instant,
    ) -> SegVerdict {
        if seg.flags.syn || self.get(sf).is_none_or(|subflow| subflow.is_resetting()) {
            return SegVerdict::Continue;
        }
        for option in mptcp_options(tcp_options) {
            match option {
                Ok(option) => self.plain_option_in(sf, seg, &option),
                Err(_) => self.stats.bad_options = self.stats.bad_options.saturating_add(1),
            }
        }
        if seg.flags.ack && !seg.flags.rst && self.mode.is_plain() {
            self.plain_ack(sf, seg.ack, now);
        }
        match self.get(sf) {
            Some(subflow) if subflow.is_resetting() && !seg.flags.rst => SegVerdict::Drop,
            _ => SegVerdict::Continue,
        }
    }

    /// The peer may not know of the fallback yet: of its options only those count that concern the whole connection.
    pub(super) fn plain_option_in(&mut self, sf: SubflowId, seg: &SegIn, option: &MpOption) {
        match option {
            // The peer's data is complete: no map concerns anything that is still to come.
            MpOption::Dss(_) if self.ending.is_peer_done() => {}
            MpOption::Dss(Dss { map: Some(map), .. }) if map.is_infinite() && seg.len > 0 => {
                let agrees = self.agrees(sf, map);
                let Mode::Plain(fallback) = &mut self.mode else {
                    return;
                };
                if agrees || fallback.is_trusted() {
                    fallback.peer_follows();
                } else {
                    self.reset_subflow(sf, RstReason::MPTCP_ERROR, false);
                }
            }
            MpOption::Dss(Dss { map: Some(map), data_fin, .. })
                if !(map.is_infinite() || (*data_fin && map.len == 1)) =>
            {
                self.on_map_after_fallback(sf, map);
            }
            MpOption::Fail(_) => self.stats.fail_received = self.stats.fail_received.saturating_add(1),
            MpOption::FastClose(close) => self.on_fastclose(close),
            MpOption::TcpRst(rst) if seg.flags.rst => self.on_tcprst(sf, rst),
            _ => {}
        }
    }

    /// The peer still sends maps: it does not know of the fallback. What it sends again at the data level would be taken for new
    /// data, so the subflow ends where a map does not say what its place in the subflow says.
    fn on_map_after_fallback(&mut self, sf: SubflowId, map: &DssMap) {
        let knows = self.mode.fallback().is_some_and(Fallback::peer_knows);
        if !knows && !self.continues(sf, map) {
            self.reset_subflow(sf, RstReason::MPTCP_ERROR, false);
        }
    }

    /// The subflow's acknowledgement, or a window update: plain TCP's window is the caller's to look at.
    pub(super) fn plain_ack(&mut self, sf: SubflowId, ack: u32, now: Instant) {
        let pool = &mut self.pool;
        let subflow = self.subflows.get_mut(sf.index()).and_then(Option::as_mut);
        if subflow.is_some_and(|subflow| subflow.sending.ack(ack, pool)) {
            self.progress(sf, now);
            self.plain_acked(sf, now);
        } else {
            self.request_output();
        }
    }

    /// The subflow's ACK is the DATA_ACK.
    fn plain_acked(&mut self, sf: SubflowId, now: Instant) {
        let Some(acked) = self.get(sf).map(|subflow| subflow.sending.acked()) else {
            return;
        };
        if let Mode::Plain(fallback) = &mut self.mode
            && fallback.sf() == sf
            && let Some(doff) = fallback.data_acked(acked)
            && self.snd.data_ack(doff) == DataAcked::Advanced
        {
            self.una_moved(now);
        }
    }

    /// In-order bytes that no map covers: the next data, where the peer has fallen back as well.
    pub(super) fn plain_bytes(&mut self, sf: SubflowId, len: u32) -> RxStep {
        if self.mode.fallback().is_some_and(Fallback::is_trusted) {
            return self.infinite_bytes(sf, len);
        }
        self.reset_subflow(sf, RstReason::MIDDLEBOX, false);
        RxStep::Wait
    }

    /// Bytes under an infinite mapping: the next data, whatever they are.
    pub(super) fn infinite_bytes(&mut self, sf: SubflowId, len: u32) -> RxStep {
        if self.ending.is_peer_done() {
            // After the peer's DATA_FIN there is no next data: what its TCP repeats arrived over another path.
            return self.discard(sf, len);
        }
        let doff = self.reass.rcv_nxt();
        let edge = doff.saturating_add(u64::from(len));
        let placement = self.reass.arrive(doff, len, edge, &mut self.pool);
        self.took(sf, len);
        match placement {
            Placement::Deliver { skip, len, cut } => {
                self.delivered(len);
                RxStep::Deliver { skip, len, cut }
            }
            _ => RxStep::Discard { len },
        }
    }

    /// The subflow's FIN: end of file.
    pub(super) fn plain_fin(&mut self) {
        if self.ending.take_peer_fin() {
            self.wants.insert(ConnWants::PEER_CLOSED);
        }
    }

    /// All data is mapped and the application has closed: the subflow's FIN.
    pub(super) fn plain_fin_progress(&mut self) {
        if let Mode::Plain(fallback) = self.mode
            && self.snd.is_shut()
            && self.snd.unmapped() == 0
        {
            self.close_those(|subflow| subflow.id == fallback.sf());
        }
    }

    /// The subflow is gone, and the connection with it. `reset`: we asked for that.
    pub(super) fn plain_closed(&mut self, end: SubflowEnd, reset: bool) {
        self.end(match end {
            _ if reset => ConnError::Reset,
            SubflowEnd::Fin | SubflowEnd::Local => ConnError::Done,
            SubflowEnd::Reset => ConnError::Reset,
            SubflowEnd::Timeout => ConnError::TimedOut,
        });
    }
}
