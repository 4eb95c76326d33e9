//! The buffers between application and protocol.

use std::collections::VecDeque;

/// An empty queue keeps no more memory than this, in octets.
const KEPT: usize = 16 * 1024;

/// A queue of octets that can be read anywhere.
#[derive(Debug, Default)]
pub(crate) struct Octets {
    queue: VecDeque<u8>,
}

impl Octets {
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn append(&mut self, octets: &[u8]) {
        self.queue.extend(octets);
    }

    /// Drops `len` octets at the head.
    pub(crate) fn drop_front(&mut self, len: usize) {
        self.queue.drain(..len.min(self.queue.len()));
        if self.queue.is_empty() && self.queue.capacity() > KEPT {
            self.clear();
        }
    }

    /// Takes up to `len` octets from the head, in pieces; returns how many.
    pub(crate) fn take(&mut self, len: usize, mut take: impl FnMut(&[u8])) -> usize {
        let len = len.min(self.queue.len());
        let (head, tail) = self.queue.as_slices();
        let first = len.min(head.len());
        for piece in [&head[..first], &tail[..len - first]] {
            if !piece.is_empty() {
                take(piece);
            }
        }
        self.drop_front(len);
        len
    }

    /// The `len` octets from `off` on, or as many as there are.
    pub(crate) fn copy(&self, off: usize, len: usize) -> Vec<u8> {
        let end = off.saturating_add(len).min(self.queue.len());
        let off = off.min(end);
        let (head, tail) = self.queue.as_slices();
        let mut copy = Vec::with_capacity(end - off);
        if off < head.len() {
            copy.extend_from_slice(&head[off..end.min(head.len())]);
        }
        if end > head.len() {
            copy.extend_from_slice(&tail[off.saturating_sub(head.len())..end - head.len()]);
        }
        copy
    }

    /// Moves octets from the head into `to`; returns how many.
    pub(crate) fn read(&mut self, to: &mut [u8]) -> usize {
        let mut at = 0;
        self.take(to.len(), |piece| {
            to[at..at + piece.len()].copy_from_slice(piece);
            at += piece.len();
        })
    }

    /// Throws everything away, memory included.
    pub(crate) fn clear(&mut self) {
        self.queue = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_queue_reads_like_a_straight_one() {
        let mut octets = Octets::default();
        let mut model: Vec<u8> = Vec::new();
        for round in 0..50u8 {
            let piece: Vec<u8> = (0..37).map(|n| n ^ round).collect();
            octets.append(&piece);
            model.extend(&piece);
            octets.drop_front(31);
            model.drain(..31);
            assert_eq!(octets.copy(3, 20), model.get(3..23.min(model.len())).unwrap_or(&[]));
        }
        let mut to = vec![0; model.len() + 5];
        assert_eq!(octets.read(&mut to), model.len());
        assert_eq!(to[..model.len()], model);
        assert!(octets.is_empty());
    }

    #[test]
    fn an_empty_queue_keeps_little_memory() {
        let mut octets = Octets::default();
        octets.append(&vec![7; 1 << 20]);
        octets.drop_front((1 << 20) - 1);
        assert!(octets.queue.capacity() >= 1 << 20);
        assert_eq!(octets.read(&mut [0; 2]), 1);
        assert!(octets.queue.capacity() <= KEPT);
    }
}
