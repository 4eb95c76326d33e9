//! Gateways back to back in one process, with ordinary programs on both sides: needs loopback and nothing else.

mod bed;
mod counting;
mod descriptors;
mod memory;
