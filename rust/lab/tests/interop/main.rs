//! Our host and the MPTCP of the Linux kernel: 64 MiB arrive whole, and Linux's own counters say what
//! happened. Needs root and a kernel with MPTCP; skipped elsewhere, and says so.

mod addresses;
mod bed;
mod checksum;
mod closing;
mod cuts;
mod families;
mod gone;
mod judge;
mod lossy;
mod many;
mod priority;
mod roles;
mod slow;
mod stripped;
mod throughput;
mod transfer;
