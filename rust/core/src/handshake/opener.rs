//! The active side of the MP_CAPABLE handshake.

use super::{Agreed, FallbackReason, Role, check_choice, find_capable, our_flags};
use crate::crypto::KeyMaterial;
use mptcp_wire::{MpCapable, MpOption, Version};

/// What the active side offers in its SYN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Version offered.
    pub version: Version,
    /// Ask for DSS checksums (flag A).
    pub checksum: bool,
    /// Ask the peer to open no subflow to the address that the SYN comes from (flag C, v1).
    pub deny_join_id0: bool,
    /// SYNs that carry MP_CAPABLE before a retransmission tries without it (a middlebox may drop such SYNs).
    pub syn_tries: u8,
}

/// The active side between `connect(2)` and the SYN/ACK.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opener {
    offer: Offer,
    local: KeyMaterial,
    syns_sent: u8,
}

/// What the SYN/ACK made of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SynAckVerdict {
    /// Both speak MPTCP.
    MultiPath(Agreed),
    /// The connection is plain TCP for good.
    PlainTcp(FallbackReason),
}

impl Opener {
    /// `local` was derived for `offer.version` and its token is unique on this host.
    #[must_use]
    pub const fn new(offer: Offer, local: KeyMaterial) -> Self {
        Opener { offer, local, syns_sent: 0 }
    }

    /// MP_CAPABLE for the SYN that is being sent now (a retransmission too), or `None` after `syn_tries` of them.
    #[must_use]
    pub fn syn_option(&mut self) -> Option<MpOption> {
        if self.syns_sent >= self.offer.syn_tries {
            return None;
        }
        self.syns_sent = self.syns_sent.saturating_add(1);
        let v0 = self.offer.version == Version::V0;
        Some(MpOption::Capable(MpCapable {
            version: self.offer.version as u8,
            flags: our_flags(self.offer.checksum, self.offer.deny_join_id0 && !v0),
            sender_key: v0.then_some(self.local.key),
            receiver_key: None,
            data: None,
        }))
    }

    /// Judges the options of an acceptable SYN/ACK.
    #[must_use]
    pub fn on_syn_ack(&self, tcp_options: &[u8]) -> SynAckVerdict {
        match self.agree(tcp_options) {
            Ok(agreed) => SynAckVerdict::MultiPath(agreed),
            Err(reason) => SynAckVerdict::PlainTcp(reason),
        }
    }

    fn agree(&self, tcp_options: &[u8]) -> Result<Agreed, FallbackReason> {
        let answer = find_capable(tcp_options).ok_or(FallbackReason::NoCapable)?;
        // RFC 8684 section 3.1: an answer in a lower version than offered cannot be continued, because our
        // SYN did not carry what that version needs.
        if answer.version != self.offer.version as u8 {
            return Err(FallbackReason::Version);
        }
        // The responder chooses one of the algorithms that we offered.
        check_choice(answer.flags)?;
        let (Some(key), None, None) = (answer.sender_key, answer.receiver_key, answer.data) else {
            return Err(FallbackReason::BadKey);
        };
        Ok(Agreed {
            version: self.offer.version,
            role: Role::Active,
            local: self.local,
            remote: KeyMaterial::derive(self.offer.version, key),
            checksum: self.offer.checksum || answer.flags.contains(mptcp_wire::CapableFlags::CHECKSUM),
            peer_denies_id0: self.offer.version == Version::V1
                && answer.flags.contains(mptcp_wire::CapableFlags::DENY_JOIN_ID0),
            first_data: None,
        })
    }
}
