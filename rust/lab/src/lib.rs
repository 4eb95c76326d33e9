//! The lab: the core of Multipath TCP in user space.
#![forbid(unsafe_op_in_unsafe_fn)]

pub mod link;
