//! The passive side of the MP_CAPABLE handshake.

use super::{Agreed, FallbackReason, Role, check_choice, check_flags, find_capable, our_flags};
use crate::crypto::{KeyMaterial, equal_keys};
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{CapableFlags, Key, MpCapable, MpOption, Version};

/// The passive side between the SYN and the third ACK: what a half-open entry keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Responder {
    version: Version,
    local: KeyMaterial,
    /// v0 carries the opener's key in its SYN already.
    peer_key: Option<Key>,
    checksum: bool,
    deny_join_id0: bool,
    peer_denies_id0: bool,
}

/// What the third ACK (or the first data in its place) made of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThirdAckVerdict {
    /// Both speak MPTCP.
    MultiPath(Agreed),
    /// The connection is plain TCP for good.
    PlainTcp(FallbackReason),
}

impl Responder {
    /// The version in which a SYN with these options would be answered.
    ///
    /// A version above ours is answered with v1 (RFC 8684 section 3.1); v0 only where `allow_v0`.
    ///
    /// # Errors
    /// The reason to go on as plain TCP.
    pub fn version_for(tcp_options: &[u8], allow_v0: bool) -> Result<Version, FallbackReason> {
        let offer = find_capable(tcp_options).ok_or(FallbackReason::NoCapable)?;
        check_flags(offer.flags)?;
        match offer.version {
            0 if allow_v0 && offer.sender_key.is_some() && offer.receiver_key.is_none() => Ok(Version::V0),
            0 => Err(FallbackReason::Version),
            _ if offer.sender_key.is_none() => Ok(Version::V1),
            _ => Err(FallbackReason::BadKey),
        }
    }

    /// Takes up the offer in a SYN for which [`Responder::version_for`] gave `version`, and for which `local` was derived.
    ///
    /// `checksum` and `deny_join_id0` are our own wishes (flags A and C).
    ///
    /// # Errors
    /// The reason to go on as plain TCP.
    pub fn on_syn(
        tcp_options: &[u8],
        version: Version,
        local: KeyMaterial,
        checksum: bool,
        deny_join_id0: bool,
    ) -> Result<Responder, FallbackReason> {
        let offer = find_capable(tcp_options).ok_or(FallbackReason::NoCapable)?;
        Ok(Responder {
            version,
            local,
            peer_key: offer.sender_key,
            checksum: checksum || offer.flags.contains(CapableFlags::CHECKSUM),
            deny_join_id0: deny_join_id0 && version == Version::V1,
            peer_denies_id0: version == Version::V1 && offer.flags.contains(CapableFlags::DENY_JOIN_ID0),
        })
    }

    /// A half-open entry rebuilt from a SYN cookie: the third ACK itself says what was agreed.
    ///
    /// The caller derives `local` from a secret and the connection, so that it is the key the SYN/ACK carried.
    #[must_use]
    pub fn from_cookie(tcp_options: &[u8], local: KeyMaterial, version: Version, checksum: bool) -> Option<Responder> {
        let ack = find_capable(tcp_options)?;
        Some(Responder {
            version,
            local,
            peer_key: None,
            checksum: checksum || ack.flags.contains(CapableFlags::CHECKSUM),
            deny_join_id0: false,
            peer_denies_id0: version == Version::V1 && ack.flags.contains(CapableFlags::DENY_JOIN_ID0),
        })
    }

    /// Our key and token.
    #[must_use]
    pub const fn local(&self) -> KeyMaterial {
        self.local
    }

    /// MP_CAPABLE for the SYN/ACK and its retransmissions.
    #[must_use]
    pub fn syn_ack_option(&self) -> MpOption {
        MpOption::Capable(MpCapable {
            version: self.version as u8,
            flags: our_flags(self.checksum, self.deny_join_id0),
            sender_key: Some(self.local.key),
            receiver_key: None,
            data: None,
        })
    }

    /// Judges the options of the first acceptable segment after our SYN/ACK.
    #[must_use]
    pub fn on_third_ack(&self, tcp_options: &[u8]) -> ThirdAckVerdict {
        match self.agree(tcp_options) {
            Ok(agreed) => ThirdAckVerdict::MultiPath(agreed),
            Err(reason) => ThirdAckVerdict::PlainTcp(reason),
        }
    }

    fn agree(&self, tcp_options: &[u8]) -> Result<Agreed, FallbackReason> {
        let (key, data, flags) = match find_capable(tcp_options) {
            Some(ack) => {
                check_choice(ack.flags)?;
                let (Some(key), Some(echo)) = (ack.sender_key, ack.receiver_key) else {
                    return Err(FallbackReason::BadKey);
                };
                let known = self.peer_key.is_none_or(|peer| equal_keys(peer, key));
                if ack.version != self.version as u8 || !equal_keys(self.local.key, echo) || !known {
                    return Err(FallbackReason::BadKey);
                }
                // RFC 8684 section 3.1: flag A here confirms that checksums are used. A peer that does not confirm
                // them would send none, and each of its segments would break the subflow.
                if self.checksum && !ack.flags.contains(CapableFlags::CHECKSUM) {
                    return Err(FallbackReason::BadKey);
                }
                (key, ack.data, ack.flags)
            }
            // v0: both keys are known since the SYN; a DSS where the third ACK got lost proves as much.
            None => match self.peer_key {
                Some(key) if carries_dss(tcp_options) => (key, None, CapableFlags::empty()),
                _ => return Err(FallbackReason::NoCapableInAck),
            },
        };
        Ok(Agreed {
            version: self.version,
            role: Role::Passive,
            local: self.local,
            remote: KeyMaterial::derive(self.version, key),
            checksum: self.checksum || flags.contains(CapableFlags::CHECKSUM),
            peer_denies_id0: self.peer_denies_id0,
            first_data: data,
        })
    }
}

fn carries_dss(tcp_options: &[u8]) -> bool {
    mptcp_options(tcp_options).any(|option| matches!(option, Ok(MpOption::Dss(_))))
}
