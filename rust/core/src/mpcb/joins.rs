//! Joins (RFC 8684 section 3.2): new subflows, opened by us or by the peer.

use super::Mpcb;
use super::rescue::TRY;
use super::segment::{SegIn, SegVerdict};
use crate::crypto::join_hmac;
use crate::error::JoinRefusal;
use crate::pm::Wanted;
use crate::rng::Rng;
use crate::subflow::{Doubt, Ends, Joining, Subflow, SubflowId, SubflowState, Wants};
use crate::time::Instant;
use core::net::SocketAddr;
use core::time::Duration;
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{MpJoin, MpOption};

/// A join whose SYN/ACK does not come for so long is given up, whatever TCP would still try.
const SYN_WAIT: Duration = Duration::from_secs(5);

/// A subflow on which nothing came for so long may be replaced by a join over the same addresses.
const SILENT: Duration = Duration::from_millis(500);

/// A join that the peer began: what the half-open entry keeps between SYN and third ACK.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JoinRequest {
    local: SocketAddr,
    remote: SocketAddr,
    local_id: u8,
    remote_id: u8,
    backup: bool,
    our_backup: bool,
    nonce: u32,
    peer_nonce: u32,
    hmac: u64,
}

impl JoinRequest {
    /// MP_JOIN for the SYN/ACK and its retransmissions.
    #[must_use]
    pub const fn syn_ack_option(&self) -> MpOption {
        MpOption::Join(MpJoin::SynAck {
            backup: self.our_backup,
            addr_id: self.local_id,
            hmac: self.hmac,
            nonce: self.nonce,
        })
    }
}

/// The token in a SYN with MP_JOIN: which connection it wants to join.
#[must_use]
pub fn join_token(tcp_options: &[u8]) -> Option<u32> {
    match find_join(tcp_options) {
        Some(MpJoin::Syn { token, .. }) => Some(token),
        _ => None,
    }
}

fn find_join(tcp_options: &[u8]) -> Option<MpJoin> {
    mptcp_options(tcp_options).find_map(|option| match option {
        Ok(MpOption::Join(join)) => Some(join),
        _ => None,
    })
}

impl Mpcb {
    /// A SYN with MP_JOIN and our token arrived from `remote` at `local`.
    ///
    /// # Errors
    /// Why it is refused: the caller answers with a RST that carries [`JoinRefusal::rst_reason`].
    pub fn join_syn(
        &mut self,
        tcp_options: &[u8],
        local: SocketAddr,
        remote: SocketAddr,
        rng: &mut dyn Rng,
    ) -> Result<JoinRequest, JoinRefusal> {
        let Some(MpJoin::Syn { backup, addr_id, token, nonce: peer_nonce }) = find_join(tcp_options) else {
            return Err(JoinRefusal::Malformed);
        };
        if token != self.agreed.local.token {
            return Err(JoinRefusal::UnknownToken);
        }
        self.admits_join(local, addr_id)?;
        let local_id = self.pm.local_id(local.ip(), &mut self.pool).map_err(|_| JoinRefusal::NoResources)?;
        let nonce = rng.next_u32();
        let (ours, theirs) = (self.agreed.local.key, self.agreed.remote.key);
        let hmac = join_hmac(self.agreed.version, ours, theirs, nonce, peer_nonce).trunc64();
        let our_backup = self.pm.is_backup(local_id);
        Ok(JoinRequest { local, remote, local_id, remote_id: addr_id, backup, our_backup, nonce, peer_nonce, hmac })
    }

    /// The third ACK of a join: its HMAC proves that the peer has both keys. The subflow is established then, and
    /// the peer waits for an ACK, which [`Mpcb::poll_action`] asks for.
    ///
    /// # Errors
    /// Why it is refused: the caller resets the subflow.
    pub fn join_third_ack(
        &mut self,
        request: &JoinRequest,
        tcp_options: &[u8],
        now: Instant,
    ) -> Result<SubflowId, JoinRefusal> {
        let refused = |mpcb: &mut Mpcb, refusal| {
            mpcb.stats.joins_failed = mpcb.stats.joins_failed.saturating_add(1);
            refusal
        };
        let Some(MpJoin::Ack { hmac }) = find_join(tcp_options) else {
            return Err(refused(self, JoinRefusal::Malformed));
        };
        let (ours, theirs) = (self.agreed.local.key, self.agreed.remote.key);
        let expected = join_hmac(self.agreed.version, theirs, ours, request.peer_nonce, request.nonce);
        if !expected.verify160(&hmac) {
            self.stats.bad_hmacs = self.stats.bad_hmacs.saturating_add(1);
            return Err(refused(self, JoinRefusal::BadHmac));
        }
        let admitted = self.admits_join(request.local, request.remote_id).and_then(|()| self.make_way(request, now));
        let slot = admitted.and_then(|()| self.free_slot().map_err(|_| JoinRefusal::NoResources));
        let sf = slot.map_err(|refusal| refused(self, refusal))?;
        let ends = Ends {
            local_id: request.local_id,
            remote_id: request.remote_id,
            ..Ends::new(request.local, request.remote)
        };
        let mut subflow = Subflow::new(sf, SubflowState::Established, ends);
        subflow.backup = request.our_backup;
        subflow.peer_backup = request.backup;
        subflow.want(Wants::ACK | Wants::OUTPUT);
        self.put(subflow);
        self.question_twins(sf, now);
        self.joined_up(now);
        self.stats.joins_accepted = self.stats.joins_accepted.saturating_add(1);
        Ok(sf)
    }

    fn admits_join(&self, local: SocketAddr, remote_id: u8) -> Result<(), JoinRefusal> {
        let denied = self.cfg.deny_join_id0 && self.pm.is_primary(local.ip());
        if !self.mode.may_spread() || self.is_closing() || denied {
            return Err(JoinRefusal::Prohibited);
        }
        // What is on the way may have forgotten the peer's old subflow: the new one may take its place.
        let may_replace = self.twins(local, remote_id).next().is_some();
        if self.has_room() || may_replace { Ok(()) } else { Err(JoinRefusal::NoResources) }
    }

    /// The subflows that the peer opened over the same two addresses as a join of its.
    fn twins(&self, local: SocketAddr, remote_id: u8) -> impl Iterator<Item = &Subflow> {
        self.live().filter(move |old| old.ends.is_twin(local, remote_id) && !old.is_resetting())
    }

    /// Where all subflows are in use, an old one on the addresses of a join goes, if the peer has been silent on it.
    fn make_way(&mut self, request: &JoinRequest, now: Instant) -> Result<(), JoinRefusal> {
        if self.has_room() {
            return Ok(());
        }
        let twins = self.twins(request.local, request.remote_id).map(|old| (old.health.unheard_for(now), old.id));
        if let Some((_, old)) = twins.filter(|(silent, _)| *silent >= SILENT).max() {
            self.reset_subflow(old, mptcp_wire::RstReason::NO_RESOURCES, true);
        }
        if self.has_room() { Ok(()) } else { Err(JoinRefusal::NoResources) }
    }

    /// The peer has joined over addresses that have a subflow already: does that one still work? No answer ends it.
    fn question_twins(&mut self, sf: SubflowId, now: Instant) {
        let Some(ends) = self.get(sf).map(|subflow| subflow.ends) else {
            return;
        };
        let twins = self.live_mut().filter(|old| old.id != sf && old.ends.is_twin(ends.local, ends.remote_id));
        for old in twins.filter(|old| old.is_established()) {
            old.health.question(Doubt::Replaced, now);
            old.want(Wants::PROBE);
        }
    }

    /// `max_subflows` are not all in use.
    pub(super) fn has_room(&self) -> bool {
        self.has_slot() && self.used() < usize::from(self.cfg.max_subflows)
    }

    /// The table of subflows has a place, whatever is in use.
    pub(super) fn has_slot(&self) -> bool {
        self.live().count() < usize::from(crate::config::MAX_SUBFLOWS)
    }

    /// No more than `max_subflows` are in use: joins of a rescue may be, for as long as they are under way.
    pub(super) fn is_within_limit(&self) -> bool {
        self.used() <= usize::from(self.cfg.max_subflows)
    }

    /// Subflows in use. One that is being reset does not count.
    fn used(&self) -> usize {
        self.live().filter(|subflow| !subflow.is_resetting()).count()
    }

    /// Begins a join of our own; `None`: no memory.
    pub(super) fn begin_join(&mut self, wanted: &Wanted, now: Instant, rng: &mut dyn Rng) -> Option<SubflowId> {
        let sf = self.free_slot().ok()?;
        self.pm.begin(wanted.pair, now, &mut self.pool).ok()?;
        // TCP's SYNs come later each time; a new join begins with a fresh one.
        let wait = if self.pm.is_lost(wanted.pair) { TRY.max(self.round_trips()) } else { SYN_WAIT };
        self.put_join(sf, wanted, rng, |joining| joining.next = Some(now + wait));
        Some(sf)
    }

    /// Puts a join into a free slot; `prepare` sets what is particular to it.
    pub(super) fn put_join(
        &mut self,
        sf: SubflowId,
        wanted: &Wanted,
        rng: &mut dyn Rng,
        prepare: impl FnOnce(&mut Joining),
    ) {
        let local = SocketAddr::new(wanted.local, 0);
        let ends = Ends {
            local_id: wanted.pair.local,
            remote_id: wanted.pair.remote,
            initiator: true,
            ..Ends::new(local, wanted.remote)
        };
        let mut subflow = Subflow::new(sf, SubflowState::JoinSynSent, ends);
        subflow.backup = wanted.backup;
        let mut joining = Joining::new(rng.next_u32(), wanted.pair.local, wanted.backup);
        prepare(&mut joining);
        subflow.joining = Some(joining);
        self.put(subflow);
    }

    /// The local address and port of a join, once TCP has chosen them.
    pub fn join_bound(&mut self, sf: SubflowId, local: SocketAddr) {
        self.invalidate();
        if let Some(subflow) = self.get_mut(sf) {
            subflow.ends.local = local;
        }
    }

    /// The answer to our SYN with MP_JOIN.
    pub(super) fn on_join_answer(
        &mut self,
        sf: SubflowId,
        seg: &SegIn,
        tcp_options: &[u8],
        now: Instant,
    ) -> SegVerdict {
        if let Some(joining) = self.get_mut(sf).and_then(|subflow| subflow.joining.as_mut()) {
            joining.answered = true;
        }
        if seg.flags.rst {
            for option in mptcp_options(tcp_options).flatten() {
                if let MpOption::TcpRst(rst) = option {
                    self.on_tcprst(sf, &rst);
                }
            }
            return SegVerdict::Continue;
        }
        if !(seg.flags.syn && seg.flags.ack) {
            return SegVerdict::Continue;
        }
        let agreed = self.agreed;
        let wait = self.cfg.timers.join_ack.initial;
        // After our MP_FAIL the peer falls back only where it has no other subflow.
        let held = self.is_closing() || !self.mode.may_spread();
        let refused = held.then_some(JoinRefusal::Prohibited);
        let Some(subflow) = self.get_mut(sf) else {
            return SegVerdict::Continue;
        };
        let Some(joining) = subflow.joining.as_mut() else {
            return SegVerdict::Continue;
        };
        let answer = joining.on_syn_ack(find_join(tcp_options), &agreed);
        match refused.map_or(answer, Err) {
            Ok((_id, backup)) => {
                // The path's remote id stays the one that was announced; the peer's answer must not rename it.
                subflow.peer_backup = backup;
                subflow.state = SubflowState::JoinAckSent;
                joining.next = Some(now + wait);
                subflow.want(Wants::ACK);
                // The peer may use it from our third ACK on.
                self.had_joins = true;
                SegVerdict::Continue
            }
            Err(refusal) => {
                if refusal == JoinRefusal::BadHmac {
                    self.stats.bad_hmacs = self.stats.bad_hmacs.saturating_add(1);
                }
                // RFC 8684 section 3.2: no MP_JOIN, or a wrong HMAC, in the SYN/ACK: reset.
                self.reset_subflow(sf, refusal.rst_reason(), false);
                SegVerdict::Drop
            }
        }
    }

    /// The fourth packet came: the subflow carries data from now on.
    pub(super) fn join_confirmed(&mut self, sf: SubflowId, now: Instant) {
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        subflow.state = SubflowState::Established;
        let rescue = subflow.joining.take().is_some_and(|joining| joining.rescue);
        subflow.want(Wants::OUTPUT);
        let pair = subflow.ends.pair();
        if self.pm.pair_up(pair, now) {
            self.stats.rejoins = self.stats.rejoins.saturating_add(1);
        }
        self.joined_up(now);
        self.stats.joins_opened = self.stats.joins_opened.saturating_add(1);
        if rescue {
            self.rescued(sf, pair);
        }
    }

    fn joined_up(&mut self, now: Instant) {
        self.invalidate();
        self.end_rescue();
        if self.recovery.joined() && self.timers.is_set(super::timer::Timer::DataRto) {
            // What was lost with the other paths shall not wait for a timeout that had backed off with them.
            self.arm_data_rto(now);
        }
        self.timers.stop(super::timer::Timer::Lonely);
        self.had_joins = true;
        self.queue_stalled();
        self.answer_fins();
        self.request_output();
        if self.snd.fin_due().is_some() {
            self.ask_ack();
        }
    }

    /// The join's SYN/ACK or fourth packet is late.
    pub(super) fn join_timer(&mut self, sf: SubflowId, now: Instant) {
        let backoff = self.cfg.timers.join_ack;
        let Some(subflow) = self.get_mut(sf) else {
            return;
        };
        let state = subflow.state;
        let Some(joining) = subflow.joining.as_mut().filter(|joining| joining.next.is_some_and(|at| at <= now)) else {
            return;
        };
        joining.next = None;
        match state {
            // RFC 8684 section 3.2: the third ACK is repeated until the fourth packet comes.
            SubflowState::JoinAckSent if joining.retries < backoff.retries => {
                joining.retries = joining.retries.saturating_add(1);
                joining.next = Some(now + backoff.wait(joining.retries).unwrap_or(backoff.last_wait()));
                subflow.want(Wants::ACK);
            }
            SubflowState::JoinAckSent | SubflowState::JoinSynSent => {
                self.reset_subflow(sf, mptcp_wire::RstReason::UNSPECIFIED, true);
            }
            _ => {}
        }
    }
}
