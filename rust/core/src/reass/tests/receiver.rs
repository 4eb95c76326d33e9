//! A caller that keeps the contract, with bytes behind its tokens and a model that judges each step.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::pool::Pool;
use crate::reass::{Placement, Reass};

/// The byte of the stream at `offset`: neighbours differ, and no short period.
pub(super) fn byte(offset: usize) -> u8 {
    (offset.wrapping_mul(0x9e37_79b1) >> 7).to_le_bytes()[0]
}

/// Positions count from the first data offset expected.
pub(super) struct Receiver {
    pub(super) reass: Reass,
    pub(super) pool: Pool,
    first: u64,
    /// The position behind the receive window.
    pub(super) edge: usize,
    /// The bytes of every token that reassembly has.
    tokens: BTreeMap<u64, Vec<u8>>,
    tokens_made: u64,
    max_held: usize,
    delivered: Vec<u8>,
    /// The model: which bytes of the stream were taken.
    taken: Vec<bool>,
}

impl Receiver {
    pub(super) fn new(first: u64, stream: usize) -> Self {
        Self::limited(first, stream, u32::MAX)
    }

    /// At most `max_held` pieces may be held.
    pub(super) fn limited(first: u64, stream: usize, max_held: u32) -> Self {
        Self {
            reass: Reass::new(first, max_held),
            pool: Pool::new(usize::MAX),
            first,
            max_held: usize::try_from(max_held).unwrap(),
            edge: stream,
            tokens: BTreeMap::new(),
            tokens_made: 0,
            delivered: Vec::new(),
            taken: vec![false; stream],
        }
    }

    pub(super) fn doff(&self, position: usize) -> u64 {
        self.first + u64::try_from(position).unwrap()
    }

    /// The bytes [start, end) of the stream arrive.
    pub(super) fn arrive(&mut self, start: usize, end: usize) -> Placement {
        let len = u32::try_from(end - start).unwrap();
        let edge = self.doff(self.edge);
        let foretold = self.reass.classify(self.doff(start), len, edge);
        let placement = self.reass.arrive(self.doff(start), len, edge, &mut self.pool);
        match placement {
            Placement::Deliver { skip, len, cut } => {
                self.take(start, end, [skip, len, cut]);
                self.free_superseded();
                let (from, to) = part(start, skip, len);
                self.append(from, (from..to).map(byte).collect());
                self.collect_ready();
            }
            Placement::Hold { skip, len, cut } => {
                self.take(start, end, [skip, len, cut]);
                self.free_superseded();
                let (from, to) = part(start, skip, len);
                let token = self.tokens_made;
                self.tokens_made += 1;
                self.tokens.insert(token, (from..to).map(byte).collect());
                self.reass.hold(self.doff(from), len, token).expect("it said Hold");
            }
            Placement::Duplicate => {
                let end = end.min(self.edge).max(start);
                assert!(self.taken[start..end].iter().all(|&t| t), "new bytes called duplicate");
            }
            Placement::BeyondWindow => assert!(start.max(self.delivered.len()) >= self.edge),
            Placement::NoMemory => assert!(matches!(foretold, Placement::Hold { .. })),
            Placement::QueueFull => {
                assert_eq!((self.tokens.len(), foretold), (self.max_held, Placement::QueueFull));
                assert!(!self.taken[self.delivered.len()..=start].iter().all(|&t| t), "in-order bytes refused");
            }
        }
        if !matches!(placement, Placement::NoMemory | Placement::QueueFull) {
            assert_eq!(placement, foretold);
            let end = end.min(self.edge).max(start);
            assert!(self.taken[start..end].iter().all(|&t| t), "bytes in the window were left out");
        }
        self.check();
        placement
    }

    /// Bytes delivered so far.
    pub(super) fn delivered(&self) -> usize {
        self.delivered.len()
    }

    /// Tears down; every token must come back, once, and all memory with them.
    pub(super) fn finish(mut self) {
        while let Some(token) = self.reass.drain(&mut self.pool) {
            assert!(self.tokens.remove(&token).is_some(), "token {token} handed back twice");
        }
        assert!(self.tokens.is_empty(), "tokens kept: {:?}", self.tokens.keys());
        assert_eq!((self.pool.used(), self.reass.held_ranges(), self.reass.held_bytes()), (0, 0, 0));
    }

    /// The model's part: what is skipped and cut must be there already or lie beyond the window.
    fn take(&mut self, start: usize, end: usize, [skip, len, cut]: [u32; 3]) {
        assert!(len > 0);
        let (from, to) = part(start, skip, len);
        assert_eq!(to + usize::try_from(cut).unwrap(), end);
        assert!(to <= self.edge, "bytes beyond the window were taken");
        assert!(self.taken[start..from].iter().all(|&t| t), "new bytes skipped");
        let cut_end = end.min(self.edge).max(to);
        assert!(self.taken[to..cut_end].iter().all(|&t| t), "new bytes cut");
        self.taken[from..to].fill(true);
    }

    fn free_superseded(&mut self) {
        while let Some(token) = self.reass.next_superseded(&mut self.pool) {
            assert!(self.tokens.remove(&token).is_some(), "token {token} handed back twice");
        }
    }

    fn collect_ready(&mut self) {
        while let Some(ready) = self.reass.next_ready(&mut self.pool) {
            let bytes = self.tokens.remove(&ready.token).expect("a token handed back twice");
            assert_eq!(ready.skip, 0, "superseded ranges were freed before");
            assert_eq!(usize::try_from(ready.len).unwrap(), bytes.len());
            self.append(self.delivered.len(), bytes);
        }
    }

    fn append(&mut self, offset: usize, bytes: Vec<u8>) {
        assert_eq!(offset, self.delivered.len(), "delivered out of order");
        self.delivered.extend(bytes);
    }

    fn check(&self) {
        let in_order = self.taken.iter().take_while(|&&t| t).count();
        assert_eq!(self.delivered.len(), in_order, "in-order bytes were not delivered");
        assert!(self.delivered.iter().enumerate().all(|(i, &b)| b == byte(i)), "wrong content");
        assert_eq!(self.reass.rcv_nxt(), self.doff(in_order));
        let held = self.taken[in_order..].iter().filter(|&&t| t).count();
        assert_eq!(self.reass.held_bytes(), u64::try_from(held).unwrap());
        assert_eq!(self.reass.held_ranges(), self.tokens.len());
        assert!(self.tokens.len() <= self.max_held, "more pieces held than may be");
    }
}

/// [start, end) of the bytes to use of a piece at `start`.
fn part(start: usize, skip: u32, len: u32) -> (usize, usize) {
    let from = start + usize::try_from(skip).unwrap();
    (from, from + usize::try_from(len).unwrap())
}
