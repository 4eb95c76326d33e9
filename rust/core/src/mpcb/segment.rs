//! A segment of a subflow arrives: the order in which its parts are looked at.

use super::Mpcb;
use super::mode::Mode;
use crate::output::SegFlags;
use crate::subflow::{SubflowId, SubflowState};
use crate::time::Instant;
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{MpOption, RstReason};

/// A segment that has passed TCP's own checks of SEQ and ACK (a blind packet must not get here).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SegIn {
    /// Low 32 bits of the SSN of its first payload byte (the SYN has SSN 0).
    pub ssn: u32,
    /// Payload bytes.
    pub len: u32,
    /// Low 32 bits of the first of our SSNs that it does not acknowledge (1: only our SYN).
    pub ack: u32,
    /// Its window in bytes, scaled.
    pub window: u32,
    /// Its flags.
    pub flags: SegFlags,
}

/// What TCP should do with the segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SegVerdict {
    /// Go on as usual.
    Continue,
    /// Throw it away: the subflow is about to be reset ([`super::Action::Reset`]).
    Drop,
}

/// What the options of one segment held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// A DSS, or MP_CAPABLE with a mapping.
    pub(super) dss: bool,
    /// Any MPTCP option: nobody strips them, though a long signal may have taken the place of the DSS.
    pub(super) any: bool,
    /// Another option than DSS.
    pub(super) signal: bool,
}

impl Mpcb {
    /// Takes in the MPTCP side of a segment, before TCP does the rest. `tcp_options` is the whole option area of its
    /// TCP header.
    pub fn segment_in(&mut self, sf: SubflowId, seg: &SegIn, tcp_options: &[u8], now: Instant) -> SegVerdict {
        match self.mode {
            Mode::Over(..) => SegVerdict::Continue,
            Mode::Plain(_) => self.plain_segment_in(sf, seg, tcp_options, now),
            Mode::Unconfirmed | Mode::Multipath | Mode::Failing(_) => {
                self.multipath_segment_in(sf, seg, tcp_options, now)
            }
        }
    }

    fn multipath_segment_in(&mut self, sf: SubflowId, seg: &SegIn, tcp_options: &[u8], now: Instant) -> SegVerdict {
        match self.get(sf).map(|subflow| subflow.state) {
            None | Some(SubflowState::Resetting) => return SegVerdict::Continue,
            Some(SubflowState::JoinSynSent) => {
                self.invalidate();
                return self.on_join_answer(sf, seg, tcp_options, now);
            }
            // The fourth packet of the handshake is any segment after our third ACK (RFC 8684 section 3.2).
            Some(SubflowState::JoinAckSent) if seg.flags.ack && !seg.flags.syn && !seg.flags.rst => {
                self.join_confirmed(sf, now);
            }
            Some(SubflowState::JoinAckSent | SubflowState::Established | SubflowState::Closing) => {}
        }
        if seg.flags.syn {
            return SegVerdict::Continue;
        }
        self.last_rx = if seg.len > 0 { sf } else { self.last_rx };
        self.heard(sf, seg.len > 0, now);
        let seen = self.options_in(sf, seg, tcp_options, now);
        if seen.signal || seg.flags.rst || seg.flags.fin {
            self.invalidate();
        }
        if seg.flags.rst || self.mode.is_over() {
            return SegVerdict::Continue;
        }
        if seg.flags.ack {
            if self.mode.is_plain() {
                self.plain_ack(sf, seg.ack, now);
            } else {
                self.subflow_ack(sf, seg, seen, now);
            }
        }
        match self.get_mut(sf) {
            Some(subflow) if subflow.is_resetting() => return SegVerdict::Drop,
            Some(subflow) if seg.len > 0 && !seen.dss => subflow.receiving.note_unmapped(seg.ssn, seg.len),
            _ => {}
        }
        SegVerdict::Continue
    }

    fn options_in(&mut self, sf: SubflowId, seg: &SegIn, tcp_options: &[u8], now: Instant) -> Seen {
        let mut seen = Seen::default();
        for option in mptcp_options(tcp_options) {
            match option {
                Ok(option) => {
                    seen.any = true;
                    if !matches!(option, MpOption::Capable(_))
                        && let Some(subflow) = self.get_mut(sf)
                    {
                        subflow.receiving.note_option();
                    }
                    seen.signal |= !matches!(option, MpOption::Dss(_));
                    match self.mode {
                        // What came before it in the same segment may have changed the mode.
                        Mode::Over(..) => {}
                        Mode::Plain(_) => self.plain_option_in(sf, seg, &option),
                        Mode::Unconfirmed | Mode::Multipath | Mode::Failing(_) => {
                            self.option_in(sf, seg, &option, &mut seen, now);
                        }
                    }
                }
                Err(_) => self.stats.bad_options = self.stats.bad_options.saturating_add(1),
            }
        }
        seen
    }

    /// Resets one subflow with MP_TCPRST.
    pub(super) fn reset_subflow(&mut self, sf: SubflowId, reason: RstReason, transient: bool) {
        if let Some(subflow) = self.get_mut(sf).filter(|subflow| !subflow.is_resetting()) {
            subflow.reset_because(reason, transient);
            self.invalidate();
            // Data that a scheduler had kept for it goes to the others.
            self.request_output();
        }
    }
}
