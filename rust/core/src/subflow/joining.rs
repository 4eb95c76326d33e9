//! The active side of an MP_JOIN handshake (RFC 8684 section 3.2).

use crate::crypto::join_hmac;
use crate::error::JoinRefusal;
use crate::handshake::Agreed;
use crate::time::Instant;
use mptcp_wire::{MpJoin, MpOption};

/// What the opener of a subflow keeps until the peer has confirmed it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joining {
    nonce: u32,
    addr_id: u8,
    backup: bool,
    /// The third ACK, once the SYN/ACK was verified.
    third_ack: Option<MpOption>,
    /// Third ACKs sent again, and when the next one is due.
    pub(crate) retries: u8,
    pub(crate) next: Option<Instant>,
    /// It was begun because no path worked, beside or in place of another on the same addresses.
    pub(crate) rescue: bool,
    /// The peer has answered, in whatever way.
    pub(crate) answered: bool,
}

impl Joining {
    pub(crate) const fn new(nonce: u32, addr_id: u8, backup: bool) -> Self {
        Joining { nonce, addr_id, backup, third_ack: None, retries: 0, next: None, rescue: false, answered: false }
    }

    /// MP_JOIN of the SYN: the peer's token says which connection.
    pub(crate) fn syn_option(&self, agreed: &Agreed) -> MpOption {
        MpOption::Join(MpJoin::Syn {
            backup: self.backup,
            addr_id: self.addr_id,
            token: agreed.remote.token,
            nonce: self.nonce,
        })
    }

    /// Verifies the SYN/ACK's HMAC and makes the third ACK. Returns the peer's address id and backup flag.
    pub(crate) fn on_syn_ack(&mut self, answer: Option<MpJoin>, agreed: &Agreed) -> Result<(u8, bool), JoinRefusal> {
        let Some(MpJoin::SynAck { backup, addr_id, hmac, nonce }) = answer else {
            return Err(JoinRefusal::Malformed);
        };
        let (ours, theirs) = (agreed.local.key, agreed.remote.key);
        if !join_hmac(agreed.version, theirs, ours, nonce, self.nonce).verify64(hmac) {
            return Err(JoinRefusal::BadHmac);
        }
        let hmac = join_hmac(agreed.version, ours, theirs, self.nonce, nonce).trunc160();
        self.third_ack = Some(MpOption::Join(MpJoin::Ack { hmac }));
        Ok((addr_id, backup))
    }

    pub(crate) const fn third_ack(&self) -> Option<MpOption> {
        self.third_ack
    }
}
