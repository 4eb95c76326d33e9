//! Two hosts joined by emulated paths, in virtual time.

mod transfer;
mod world;
