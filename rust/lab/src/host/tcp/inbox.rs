//! What has arrived on a flow: octets in order, which wait to be taken, and those that came early.
//!
//! Memory is what is held and no more: a connection that carries little costs little, whatever its window. A peer can
//! make the inbox hold what the window allows, in as many runs as [`Ranges`](super::ranges::Ranges) has ranges.

use std::collections::BTreeMap;

use crate::host::buffer::Octets;

/// The receive queue of one flow, by offsets of the peer's sequence space.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Octets that were taken out.
    taken: u64,
    ready: Octets,
    /// Runs beyond the first hole, by the offset of their first octet; no two touch.
    early: BTreeMap<u64, Vec<u8>>,
}

impl Inbox {
    /// The offset of the next octet that is missing; the SYN's is 0.
    pub(crate) fn next(&self) -> u64 {
        1 + self.taken + self.readable() as u64
    }

    /// Octets in order that wait to be taken.
    pub(crate) fn readable(&self) -> usize {
        self.ready.len()
    }

    /// Octets from `off` on have arrived. What is here already stays as it is.
    pub(crate) fn insert(&mut self, off: u64, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        let next = self.next();
        if off <= next {
            self.ready.append(beyond(octets, next - off));
            while self.early.first_key_value().is_some_and(|(start, _)| *start <= self.next()) {
                let Some((start, run)) = self.early.pop_first() else { break };
                let behind = beyond(&run, self.next() - start);
                self.ready.append(behind);
            }
            return;
        }
        let before = self.early.range(..=off).next_back().map(|(start, run)| (*start, start + run.len() as u64));
        let (start, mut run) = match before {
            Some((start, end)) if end >= off => {
                let mut run = self.early.remove(&start).unwrap_or_default();
                run.extend_from_slice(beyond(octets, end - off));
                (start, run)
            }
            _ => (off, octets.to_vec()),
        };
        while let Some(later) = self.early.range(start..=start + run.len() as u64).next().map(|(later, _)| *later) {
            let octets = self.early.remove(&later).unwrap_or_default();
            run.extend_from_slice(beyond(&octets, start + run.len() as u64 - later));
        }
        self.early.insert(start, run);
    }

    /// Calls `take` with the next `len` octets in order, in pieces; fewer where there are fewer.
    pub(crate) fn take(&mut self, len: usize, take: impl FnMut(&[u8])) {
        self.taken += self.ready.take(len, take) as u64;
    }

    /// Copies the first `len` octets in order, which stay.
    pub(crate) fn peek(&self, len: usize) -> Vec<u8> {
        self.ready.copy(0, len)
    }
}

/// The octets behind the first `skip`.
fn beyond(octets: &[u8], skip: u64) -> &[u8] {
    let skip = usize::try_from(skip).unwrap_or(usize::MAX).min(octets.len());
    &octets[skip..]
}

#[cfg(test)]
mod tests {
    use mptcp_core::rng::{Rng, SeededRng};

    use super::*;

    /// Pieces of a stream arrive in any order, overlap, and come again; in between what is in order is taken.
    #[test]
    fn pieces_in_any_order_read_as_they_were_sent() {
        const LEN: usize = 300;
        for seed in 0..200 {
            let mut rng = SeededRng::new(seed);
            let mut below = |n: usize| usize::try_from(rng.next_u64() % n as u64).unwrap();
            let sent: Vec<u8> = (0..LEN).map(|_| below(256) as u8).collect();
            let (mut inbox, mut read, mut arrived) = (Inbox::default(), Vec::new(), [false; LEN]);
            while read.len() < LEN {
                let from = below(LEN);
                let to = (from + 1 + below(40)).min(LEN);
                inbox.insert(1 + from as u64, &sent[from..to]);
                arrived[from..to].fill(true);
                let in_order = arrived.iter().take_while(|a| **a).count();
                assert_eq!(inbox.next(), 1 + in_order as u64);
                assert_eq!(inbox.readable(), in_order - read.len());
                let early: usize = inbox.early.values().map(Vec::len).sum();
                assert_eq!(early + in_order, arrived.iter().filter(|a| **a).count(), "no octet is held twice");
                let len = below(inbox.readable() + 1);
                assert_eq!(inbox.peek(len), sent[read.len()..read.len() + len]);
                inbox.take(len, |piece| read.extend_from_slice(piece));
                if in_order == LEN {
                    inbox.take(LEN, |piece| read.extend_from_slice(piece));
                }
            }
            assert_eq!(read, sent);
            assert!(inbox.early.is_empty());
        }
    }
}
