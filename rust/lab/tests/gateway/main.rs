//! The gateway between unmodified programs and the Linux kernel's MPTCP.

mod bed;
mod throughput;
