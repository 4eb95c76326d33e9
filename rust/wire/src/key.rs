//! The 64-bit keys of MP_CAPABLE.

/// A connection key (RFC 8684 section 3.1), the secret from which token, IDSN and HMACs are derived.
/// Held in host order; what is hashed and what goes on the wire is [`Key::to_be_bytes`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Key(pub u64);

impl Key {
    /// The eight octets as they travel and as they are hashed.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// A key from the eight octets of the wire.
    #[must_use]
    pub const fn from_be_bytes(octets: [u8; 8]) -> Self {
        Key(u64::from_be_bytes(octets))
    }
}
