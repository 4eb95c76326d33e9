//! Every protocol decision of Multipath TCP (RFC 8684, and RFC 6824 where a peer speaks v0).
//!
//! # The calling contract
//!
//! * One [`mpcb::Mpcb`] per connection, called with the connection's MP_LOCK held, never re-entered; it never calls out.
//! * Time ([`time::Instant`]), randomness ([`rng::Rng`]) and memory ([`pool::Pool`]) are arguments.
//! * Core keeps ranges, never bytes: data stays in mbufs (kernel) or buffers (lab), and core says which bytes go where.
//! * After every call the caller takes what there is to do from `poll_action()` until it is empty, does it with
//!   MP_LOCK released, and arms one timer for `next_timer()`.
//! * Option building reads only [`output::SubflowTx`], which lives under the subflow's own lock and is brought up to
//!   date by `sync_tx()`.
//! * A peer's packet never makes core panic, and neither does a refused allocation. With no memory: on receive the
//!   data is not taken and not DATA_ACKed, so that the peer sends it again; on send there is no new map; in a
//!   handshake the connection is plain TCP.
//!
//! # The life of a connection
//!
//! [`handshake::Opener`] or [`handshake::Responder`] yield [`handshake::Agreed`], from which the MPCB is made. For each segment:
//! `segment_in()`, then TCP, then `mp_do_reass()` until it says wait. To send: `snd_append()`, and from each subflow
//! that could send `mp_get_map()` and `map_commit()`. In the end `close()` or `abort()`, and `Action::Closed`.
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
