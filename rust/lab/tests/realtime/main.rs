//! Paths in real time: between packet sockets everywhere, between namespaces where allowed.

mod namespaces;
mod sockets;
