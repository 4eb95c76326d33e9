//! Every protocol decision of Multipath TCP (RFC 8684, and RFC 6824 where a peer speaks v0).
//!
//! # The contract
//!
//! This is the whole of it. Each function adds its own units, lock state and errors; `sys/netinet/mptcp_core.h` is the same in C.
//!
//! There is one [`mpcb::Mpcb`] per connection. The caller holds the connection's MP_LOCK for every call. Core is never
//! re-entered, never calls out, and never blocks. Time ([`time::Instant`], which never goes back), randomness ([`rng::Rng`]) and memory
//! ([`pool::Pool`]) are arguments. Core keeps ranges, never bytes: data stays in mbufs (kernel) or buffers (lab), and core says
//! which bytes go where.
//!
//! ## The calls
//!
//! | Group | Calls | When |
//! |---|---|---|
//! | Handshake | [`handshake::Opener`], [`handshake::Responder`] | before there is an MPCB; they yield [`handshake::Agreed`], from which [`mpcb::Mpcb::new`] makes one |
//! | A segment | [`mpcb::Mpcb::segment_in`] | after TCP's own checks of SEQ and ACK, before TCP takes the segment in |
//! | Data in order | [`mpcb::Mpcb::mp_do_reass`], [`mpcb::Mpcb::rx_sum`], [`mpcb::Mpcb::rx_hold`] | after TCP, until [`mpcb::RxStep::Wait`] |
//! | A FIN | [`mpcb::Mpcb::subflow_fin`] | after all bytes before it were taken |
//! | Data to send | [`mpcb::Mpcb::snd_append`], [`mpcb::Mpcb::snd_shutdown`] | after the application wrote, or shut down |
//! | A map | [`mpcb::Mpcb::mp_get_map`], [`mpcb::Mpcb::map_commit`] | when a subflow's TCP could send and has no unsent mapped bytes |
//! | Options | [`mpcb::Mpcb::sync_tx`], then [`output::SubflowTx`] without MP_LOCK | before TCP builds segments of a subflow |
//! | The receive buffer | [`mpcb::Mpcb::set_rcv_space`], [`mpcb::Mpcb::rcv_window`] | after the application read |
//! | Joins | [`mpcb::Mpcb::join_syn`], [`mpcb::Mpcb::join_third_ack`], [`mpcb::Mpcb::join_bound`] | for a join of the peer; after TCP chose a port for ours |
//! | A subflow's TCP | [`mpcb::Mpcb::subflow_metrics`], [`mpcb::Mpcb::subflow_rto`], [`mpcb::Mpcb::subflow_closed`] | when it measured, timed out, or ended |
//! | Addresses | [`mpcb::Mpcb::addresses_changed`], [`mpcb::Mpcb::address_lost`], [`mpcb::Mpcb::address_back`], [`mpcb::Mpcb::set_backup`] | when the host's addresses or their use changed |
//! | Time | [`mpcb::Mpcb::on_timer`] | at [`mpcb::Mpcb::next_timer`]; early or repeated calls do no harm |
//! | The end | [`mpcb::Mpcb::close`], [`mpcb::Mpcb::abort`], then [`mpcb::Mpcb::tear_down`] | when the application closes or aborts; after [`mpcb::Action::Closed`] and the end of every subflow |
//!
//! ## What to do after each call
//!
//! 1. Take [`mpcb::Mpcb::poll_action`] until it is `None`. Do each [`mpcb::Action`] with MP_LOCK released, before or after the next
//!    one is taken. What doing it leads to is reported by the calls above, and polled for again.
//! 2. Then ask [`mpcb::Mpcb::next_timer`], and arm the one timer of the connection for it. It changes with every call.
//!
//! [`mpcb::Mpcb::take_wakes`] is a shorter way for the usual segment: it takes the two wakeups, and says whether step 1 is worth it.
//!
//! After [`mpcb::Action::Closed`] only the ends of subflows are still reported, and every other call changes nothing.
//!
//! ## What can be refused
//!
//! Every growing structure asks the connection's pool ([`mpcb::POOL_LIMIT`]), which may refuse at any time. Then arriving data is not
//! taken and not DATA_ACKed, so that the peer sends it again. Data to be sent gets no map now ([`mpcb::MapGrant::NoMemory`]), and core
//! asks for output again by a timer. A join is not begun. In a handshake the connection is plain TCP. The end of anything needs
//! no memory. In-order data needs none either.
//!
//! No packet and no refusal makes core panic.
//!
//! ## What it costs
//!
//! In-order data costs O(1) for each segment. An out-of-order range costs O(log n) of the ranges held.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod cc;
pub mod config;
pub mod crypto;
pub mod debug;
pub mod ds_map;
mod ending;
pub mod error;
mod fallback;
pub mod handshake;
pub mod mpcb;
pub mod output;
mod pm;
pub mod pool;
pub mod range_map;
pub mod reass;
mod recovery;
mod reinject;
pub mod rng;
pub mod sched;
pub mod seq;
pub mod sockbuf;
pub mod stats;
pub mod subflow;
pub mod time;
pub mod token;
