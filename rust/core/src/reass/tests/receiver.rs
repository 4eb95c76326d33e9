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

/// Offsets count from the first DSN expected.
pub(super) struct Receiver {
    pub(super) reass: Reass,
    pub(super) pool: Pool,
    first_dsn: u64,
    /// The offset behind the receive window.
    pub(super) edge: usize,
    /// The bytes of every token that reassembly has.
    tokens: BTreeMap<u64, Vec<u8>>,
    tokens_made: u64,
    delivered: Vec<u8>,
    /// The model: which bytes of the stream were taken.
    taken: Vec<bool>,
}

impl Receiver {
    pub(super) fn new(first_dsn: u64, stream: usize) -> Self {
        Self {
            reass: Reass::new(first_dsn),
            pool: Pool::new(usize::MAX),
            first_dsn,
            edge: stream,
            tokens: BTreeMap::new(),
            tokens_made: 0,
            delivered: Vec::new(),
            taken: vec![false; stream],
        }
    }

    pub(super) fn dsn(&self, offset: usize) -> u64 {
        self.first_dsn.wrapping_add(u64::try_from(offset).unwrap())
    }

    /// The bytes [start, end) of the stream arrive.
    pub(super) fn arrive(&mut self, start: usize, end: usize) -> Placement {
        let len = u32::try_from(end - start).unwrap();
        let edge = self.dsn(self.edge);
        let foretold = self.reass.classify(self.dsn(start), len, edge);
        let placement = self.reass.arrive(self.dsn(start), len, edge, &mut self.pool);
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
                self.reass.hold(self.dsn(from), len, token).expect("it said Hold");
            }
            Placement::Duplicate => {
                let end = end.min(self.edge).max(start);
                assert!(self.taken[start..end].iter().all(|&t| t), "new bytes called duplicate");
            }
            Placement::BeyondWindow => assert!(start.max(self.delivered.len()) >= self.edge),
            Placement::NoMemory => assert!(matches!(foretold, Placement::Hold { .. })),
        }
        if placement != Placement::NoMemory {
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
        assert_eq!(self.reass.rcv_nxt(), self.dsn(in_order));
        let held = self.taken[in_order..].iter().filter(|&&t| t).count();
        assert_eq!(self.reass.held_bytes(), u64::try_from(held).unwrap());
        assert_eq!(self.reass.held_ranges(), self.tokens.len());
        let highest = self.taken.iter().rposition(|&t| t).map_or(0, |i| i + 1);
        assert_eq!(self.reass.highest(), self.dsn(highest));
    }
}

/// [start, end) of the bytes to use of a piece at `start`.
fn part(start: usize, skip: u32, len: u32) -> (usize, usize) {
    let from = start + usize::try_from(skip).unwrap();
    (from, from + usize::try_from(len).unwrap())
}
