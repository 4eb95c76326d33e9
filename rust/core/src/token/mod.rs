//! Tokens: the table that finds a connection by its local token, and the generation of keys whose token is unused.

mod table;
#[cfg(test)]
mod tests;

pub use table::{InsertError, TokenTable};

use mptcp_wire::{Key, Version};

use crate::crypto::KeyMaterial;
use crate::rng::Rng;

/// Keys drawn before [`generate`] gives up. A clash needs luck of one in 2^32 per live connection, so
/// even with a million connections the chance of eight in a row is below 2^-96: whoever gets there has a
/// broken source of randomness.
pub const TRIES: u32 = 8;

/// No usable key came out of [`TRIES`] draws. The caller goes on as plain TCP: a connection is not refused
/// for want of MPTCP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoUniqueToken;

impl core::fmt::Display for NoUniqueToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "no unused token in {TRIES} keys: is the random source broken?")
    }
}

impl core::error::Error for NoUniqueToken {}

/// Draws a key whose token no live connection has (RFC 8684, 3.1), and derives from it what follows.
///
/// Neither key nor token is ever zero, so zero can mean "none" elsewhere. The token is not reserved: the
/// caller inserts it before it lets go of MPP_LOCK. Both hashes are needed where the peer may still
/// answer in the other version, see [`generate_for_both`].
///
/// # Errors
/// [`NoUniqueToken`] after [`TRIES`] draws.
pub fn generate(version: Version, rng: &mut dyn Rng, table: &TokenTable) -> Result<KeyMaterial, NoUniqueToken> {
    for _ in 0..TRIES {
        let key = Key(rng.next_u64());
        let material = KeyMaterial::derive(version, key);
        if usable(&material, table) {
            return Ok(material);
        }
    }
    Err(NoUniqueToken)
}

/// Like [`generate`], for a host that accepts both versions and does not know yet which one it will be:
/// the token is unused under each. Returns the material as v0 and as v1 derive it, from one key.
///
/// # Errors
/// [`NoUniqueToken`] after [`TRIES`] draws.
pub fn generate_for_both(rng: &mut dyn Rng, table: &TokenTable) -> Result<(KeyMaterial, KeyMaterial), NoUniqueToken> {
    for _ in 0..TRIES {
        let key = Key(rng.next_u64());
        let v0 = KeyMaterial::derive(Version::V0, key);
        let v1 = KeyMaterial::derive(Version::V1, key);
        if usable(&v0, table) && usable(&v1, table) {
            return Ok((v0, v1));
        }
    }
    Err(NoUniqueToken)
}

fn usable(material: &KeyMaterial, table: &TokenTable) -> bool {
    material.key.0 != 0 && material.token != 0 && table.lookup(material.token).is_none()
}
