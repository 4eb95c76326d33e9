//! Keys, tokens, initial data sequence numbers and MACs (RFC 8684, 3.1, 3.2 and 3.4.1; for v0 RFC 6824).
//!
//! v1 uses SHA-256, v0 SHA-1; the construction is the same. Nothing here keeps state or allocates.
//!
//! # No vector registers in the kernel
//!
//! By default sha1 and sha2 look at the CPU at run time and use its SHA instructions. These work on vector
//! registers, which the kernel must not touch without saving them. This crate's `Cargo.toml` therefore asks
//! both crates for `force-soft`. Cargo unifies features, so user space gets the software rounds too. A
//! handshake hashes a handful of blocks, which costs about a microsecond.

use core::fmt;
use core::net::IpAddr;

use hmac::{Hmac, Mac};
use mptcp_wire::{Key, Version};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

#[cfg(test)]
mod tests;

/// Bytes in a block of SHA-1 and of SHA-256: a shorter HMAC key is filled with zeros up to it (RFC 2104).
const BLOCK: usize = 64;

/// A key with the two numbers that both hosts derive from it (RFC 8684, 3.1).
///
/// `Debug` prints the token but not the key, nor the IDSN, which would help to guess sequence numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyMaterial {
    /// The key as it goes over the wire.
    pub key: Key,
    /// The connection's local name, sent by a host that joins: the digest's most significant 32 bits.
    pub token: u32,
    /// The initial data sequence number: the digest's least significant 64 bits. The first byte of data
    /// has the number after it.
    pub idsn: u64,
}

impl KeyMaterial {
    /// Hashes `key` as `version` wants it: SHA-256 for v1 (RFC 8684, 3.1), SHA-1 for v0 (RFC 6824, 3.1).
    #[must_use]
    pub fn derive(version: Version, key: Key) -> Self {
        let bytes = key.to_be_bytes();
        let (token, idsn) = match version {
            Version::V0 => {
                let digest: [u8; 20] = Sha1::digest(bytes).into();
                let [t0, t1, t2, t3, .., a, b, c, d, e, f, g, h] = digest;
                ([t0, t1, t2, t3], [a, b, c, d, e, f, g, h])
            }
            Version::V1 => {
                let digest: [u8; 32] = Sha256::digest(bytes).into();
                let [t0, t1, t2, t3, .., a, b, c, d, e, f, g, h] = digest;
                ([t0, t1, t2, t3], [a, b, c, d, e, f, g, h])
            }
        };
        KeyMaterial { key, token: u32::from_be_bytes(token), idsn: u64::from_be_bytes(idsn) }
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMaterial").field("token", &format_args!("{:#010x}", self.token)).finish_non_exhaustive()
    }
}

/// The MAC with which one host proves in a join that it knows both keys (RFC 8684, 3.2).
///
/// It has no `PartialEq`: a MAC that came from outside is checked with [`JoinHmac::verify64`] or
/// [`JoinHmac::verify160`], whose time does not depend on where the first difference is.
#[derive(Clone, Copy)]
pub struct JoinHmac(Full);

#[derive(Clone, Copy)]
enum Full {
    V0([u8; 20]),
    V1([u8; 32]),
}

impl JoinHmac {
    /// The whole MAC: 20 bytes in v0, 32 in v1.
    #[must_use]
    pub fn full(&self) -> &[u8] {
        match &self.0 {
            Full::V0(mac) => mac,
            Full::V1(mac) => mac,
        }
    }

    /// The leftmost 64 bits, as MP_JOIN's SYN/ACK carries them.
    #[must_use]
    pub fn trunc64(&self) -> u64 {
        let (Full::V0([a, b, c, d, e, f, g, h, ..]) | Full::V1([a, b, c, d, e, f, g, h, ..])) = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// The leftmost 160 bits, as MP_JOIN's third ACK carries them: in v0 the whole MAC.
    #[must_use]
    pub fn trunc160(&self) -> [u8; 20] {
        match self.0 {
            Full::V0(mac) => mac,
            Full::V1(mac) => {
                let mut left = [0; 20];
                for (to, from) in left.iter_mut().zip(mac) {
                    *to = from;
                }
                left
            }
        }
    }

    /// Whether a SYN/ACK's MAC is this one. Takes the same time for every input.
    #[must_use]
    pub fn verify64(&self, received: u64) -> bool {
        equal64(self.trunc64(), received)
    }

    /// Whether a third ACK's MAC is this one. Takes the same time for every input.
    #[must_use]
    pub fn verify160(&self, received: &[u8; 20]) -> bool {
        self.trunc160().ct_eq(received).into()
    }
}

impl fmt::Debug for JoinHmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinHmac(..)")
    }
}

/// The MAC that the host with `key_local` and `nonce_local` sends in a join: keyed with its own key
/// followed by the peer's, over its own nonce followed by the peer's (RFC 8684, 3.2).
///
/// To check the peer's MAC, call it from the peer's side: `join_hmac(v, remote, local, nonce_remote,
/// nonce_local)`.
#[must_use]
pub fn join_hmac(version: Version, key_local: Key, key_remote: Key, nonce_local: u32, nonce_remote: u32) -> JoinHmac {
    let block = hmac_block(key_local, key_remote);
    let nonces = (u64::from(nonce_local) << 32) | u64::from(nonce_remote);
    let message = nonces.to_be_bytes();
    JoinHmac(match version {
        Version::V0 => {
            let mac = Hmac::<Sha1>::new(&block.into());
            Full::V0(mac.chain_update(message).finalize().into_bytes().into())
        }
        Version::V1 => {
            let mac = Hmac::<Sha256>::new(&block.into());
            Full::V1(mac.chain_update(message).finalize().into_bytes().into())
        }
    })
}

/// The truncated MAC of an ADD_ADDR (RFC 8684, 3.4.1): HMAC-SHA256, keyed with the announcer's key
/// followed by the other host's, over address id, address and port; its rightmost 64 bits.
///
/// `key_local` belongs to the host that announces: the receiver gives its peer's key first. An absent
/// `port` is hashed as zero. Only v1 authenticates announcements; v0 must not call this.
#[must_use]
pub fn add_addr_hmac(key_local: Key, key_remote: Key, addr_id: u8, addr: IpAddr, port: Option<u16>) -> u64 {
    let block = hmac_block(key_local, key_remote);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(&[addr_id]);
    match addr {
        IpAddr::V4(v4) => mac.update(&v4.octets()),
        IpAddr::V6(v6) => mac.update(&v6.octets()),
    }
    mac.update(&port.unwrap_or(0).to_be_bytes());
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    let [.., a, b, c, d, e, f, g, h] = whole;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Whether two 64-bit MACs are the same; takes the same time for every input. For ADD_ADDR's MAC.
#[must_use]
pub fn equal64(ours: u64, received: u64) -> bool {
    ours.ct_eq(&received).into()
}

/// Whether two keys are the same; takes the same time for every input. For MP_FASTCLOSE (RFC 8684, 3.5)
/// and for the keys that the third ACK repeats.
#[must_use]
pub fn equal_keys(ours: Key, received: Key) -> bool {
    equal64(ours.0, received.0)
}

/// Both keys, one after the other, filled up to the hash's block. HMAC does the same to a short key, and
/// a key of a whole block cannot be refused, so no error needs to be thought of.
fn hmac_block(first: Key, second: Key) -> [u8; BLOCK] {
    let keys = (u128::from(first.0) << 64) | u128::from(second.0);
    let mut block = [0; BLOCK];
    for (to, from) in block.iter_mut().zip(keys.to_be_bytes()) {
        *to = from;
    }
    block
}
