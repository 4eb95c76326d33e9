//! What the connections of one host have in common.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use mptcp_core::crypto::KeyMaterial;
use mptcp_core::rng::Rng;
use mptcp_core::token::{InsertError, TokenTable};
use mptcp_wire::{Key, Version};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng};

use super::config::OpenError;
use super::tcp::FlowOptions;
use super::{ConnId, HostConfig};

/// Names one TCP flow of a host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(crate) struct Slot(pub(crate) u32);

/// Our and the peer's address and port.
pub(crate) type Tuple = (SocketAddr, SocketAddr);

/// Ephemeral ports (RFC 6335, section 6).
const FIRST_PORT: u16 = 49_152;
/// Random ports that are tried before all of them are.
const PORT_TRIES: u32 = 64;

/// The host's source of randomness in the form that core asks for.
#[derive(Debug)]
pub(crate) struct HostRng(StdRng);

impl Rng for HostRng {
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// Everything of a host that is not one connection's own.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) cfg: HostConfig,
    pub(crate) rng: HostRng,
    /// Packets to the wire.
    pub(crate) out: VecDeque<Vec<u8>>,
    pub(crate) tokens: Tokens,
    pub(crate) tuples: HashMap<Tuple, (ConnId, Slot)>,
    pub(crate) resets: Resets,
    /// See [`super::Remains`]: octets of core's memory and buffers that were never given back.
    pub(crate) lost: (usize, usize),
    next_slot: u32,
}

/// Resets that are remembered.
const MOST_RESETS: usize = 1024;

/// What the RSTs of flows that are no more carried. A RST that overtakes data, or follows data that was lost, is
/// only answered by the peer (RFC 5961, section 3.2); the RST for that answer must say the same, or an
/// MP_FASTCLOSE would be lost.
#[derive(Debug, Default)]
pub(crate) struct Resets {
    options: HashMap<Tuple, Vec<u8>>,
    order: VecDeque<Tuple>,
}

impl Resets {
    /// Remembers the options of a RST; none are nothing to remember.
    pub(crate) fn remember(&mut self, tuple: Tuple, options: &[u8]) {
        if options.is_empty() {
            return;
        }
        if self.options.insert(tuple, options.to_vec()).is_none() {
            self.order.push_back(tuple);
        }
        if self.order.len() > MOST_RESETS
            && let Some(oldest) = self.order.pop_front()
        {
            self.options.remove(&oldest);
        }
    }

    /// The options to repeat.
    pub(crate) fn find(&self, tuple: &Tuple) -> Option<&[u8]> {
        self.options.get(tuple).map(Vec::as_slice)
    }
}

/// The tokens of all connections that can be joined.
pub(crate) struct Tokens(TokenTable);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tokens").field(&self.0.len()).finish()
    }
}

impl Shared {
    pub(crate) fn new(cfg: HostConfig) -> Shared {
        let mut rng = HostRng(StdRng::seed_from_u64(cfg.seed));
        let tokens = Tokens(TokenTable::new(rng.next_u64()));
        Shared {
            cfg,
            rng,
            out: VecDeque::new(),
            tokens,
            tuples: HashMap::new(),
            resets: Resets::default(),
            lost: (0, 0),
            next_slot: 0,
        }
    }

    /// A new name for a flow.
    pub(crate) fn new_slot(&mut self) -> Slot {
        self.next_slot += 1;
        Slot(self.next_slot)
    }

    /// A port of `local` from which nothing goes to `remote` yet.
    pub(crate) fn free_port(&mut self, local: IpAddr, remote: SocketAddr) -> Result<u16, OpenError> {
        let span = u32::from(u16::MAX - FIRST_PORT) + 1;
        let start = self.rng.next_u32();
        let random = (0..PORT_TRIES).map(|n| start.wrapping_mul(n.wrapping_mul(2) + 1));
        random
            .chain(0..span)
            .map(|n| FIRST_PORT + (n % span) as u16)
            .find(|&port| !self.tuples.contains_key(&(SocketAddr::new(local, port), remote)))
            .ok_or(OpenError::NoPort(local))
    }

    /// What a new flow between these two is made with.
    pub(crate) fn flow_options(&mut self, local: SocketAddr, remote: SocketAddr) -> FlowOptions {
        FlowOptions {
            local,
            remote,
            mtu: self.cfg.mtu,
            // Twice the window: the window's right edge must never lie beyond what the flow takes. That has room for a
            // mapping with checksum, too, of 64 KiB at most, all of which is there before any of it is taken out.
            rx_buffer: (self.cfg.receive_buffer * 2).next_power_of_two().max(1 << 17),
            seed: self.rng.next_u64(),
        }
    }

    /// Draws a key whose token is no other connection's, and remembers it.
    pub(crate) fn new_key(&mut self, version: Version, conn: ConnId) -> Option<KeyMaterial> {
        loop {
            let material = KeyMaterial::derive(version, Key(self.rng.next_u64()));
            match self.tokens.0.insert(material.token, conn.0) {
                Ok(()) => return Some(material),
                Err(InsertError::Duplicate) => {}
                Err(InsertError::NoMemory) => return None,
            }
        }
    }
}

impl Tokens {
    /// The connection with this token.
    pub(crate) fn find(&self, token: u32) -> Option<ConnId> {
        self.0.lookup(token).map(ConnId)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets a token.
    pub(crate) fn remove(&mut self, token: u32) {
        self.0.remove(token);
    }
}
