//! What the caller may want to know of the send side between two calls.

use super::Mpcb;

impl Mpcb {
    /// Data offset of the first byte that is not DATA_ACKed. It moves only forward.
    #[must_use]
    pub const fn snd_una(&self) -> u64 {
        self.snd.una()
    }
}
