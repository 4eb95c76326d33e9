//! The lab: the core of Multipath TCP in user space.
#![forbid(unsafe_op_in_unsafe_fn)]

pub mod bridge;
pub mod clock;
pub mod demo;
pub mod gateway;
pub mod host;
pub mod link;
pub mod measure;
pub mod netns;
pub mod sim;
pub mod tun;
