//! Two hosts joined by emulated paths, in virtual time; and one host against hand-made packets.

mod closing;
mod hand;
mod joins;
mod transfer;
mod windows;
mod world;
