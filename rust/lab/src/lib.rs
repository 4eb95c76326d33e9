//! The lab: [`mptcp_core`] in user space, with emulated networks to run it in.
//!
//! * [`host`]: a host that speaks Multipath TCP, over smoltcp. It has no sockets, no clock and no threads.
//! * [`link`]: emulated links and middleboxes, as a pure state machine.
//! * [`sim`]: the simulator. It runs hosts over links in virtual time, everything from one seed.
//! * [`bridge`], [`tun`], [`netns`], [`clock`]: the same links in real time, between TUN devices and network namespaces.
//! * [`gateway`]: unmodified programs use a host.
//! * [`measure`], [`demo`]: what iperf3, scp and the kernel's counters say; the demo and its report.
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
