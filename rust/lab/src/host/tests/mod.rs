//! Two hosts joined by emulated paths, in virtual time.

mod closing;
mod transfer;
mod world;
