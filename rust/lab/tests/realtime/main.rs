//! Paths in real time: between packet sockets everywhere, between namespaces where allowed.

mod middleboxes;
mod namespaces;
mod sockets;
