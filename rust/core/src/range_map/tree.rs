//! The AVL tree below a [`RangeMap`](super::RangeMap): nodes in a slab, linked by index both ways.
//!
//! Only order and balance live here; that ranges do not overlap is the map's business.

use super::Span;
use crate::pool::{NoMemory, Pool, Slab};

/// No node.
pub(super) const NIL: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Node<V> {
    span: Span<V>,
    parent: u32,
    left: u32,
    right: u32,
    /// Levels below and including this node. Two subtrees of a node differ by one at most.
    height: u8,
}

/// Where a range with a given start belongs: its neighbours and the node it hangs under.
pub(super) struct Slot {
    pub(super) before: u32,
    pub(super) behind: u32,
    /// The one of the two neighbours that has no child on that side; NIL in an empty tree.
    pub(super) parent: u32,
}

#[derive(Debug)]
pub(super) struct Tree<V> {
    nodes: Slab<Node<V>>,
    root: u32,
    first: u32,
    last: u32,
}

impl<V: Copy> Tree<V> {
    pub(super) const fn new() -> Self {
        Self { nodes: Slab::new(), root: NIL, first: NIL, last: NIL }
    }

    pub(super) const fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) const fn first(&self) -> u32 {
        self.first
    }

    pub(super) const fn last(&self) -> u32 {
        self.last
    }

    pub(super) fn span(&self, i: u32) -> Option<Span<V>> {
        self.nodes.get(i).map(|n| n.span)
    }

    pub(super) fn span_mut(&mut self, i: u32) -> Option<&mut Span<V>> {
        self.nodes.get_mut(i).map(|n| &mut n.span)
    }

    pub(super) fn reserve(&mut self, pool: &mut Pool, n: u32) -> Result<(), NoMemory> {
        self.nodes.reserve(pool, n)
    }

    pub(super) fn clear(&mut self, pool: &mut Pool) {
        self.nodes.clear(pool);
        (self.root, self.first, self.last) = (NIL, NIL, NIL);
    }

    pub(super) fn trim(&mut self, pool: &mut Pool) {
        self.nodes.trim(pool);
    }

    /// The last node that starts at or before `x`.
    pub(super) fn floor(&self, x: u64) -> u32 {
        self.slot(x).before
    }

    /// The first node that starts at or after `x`.
    pub(super) fn ceiling(&self, x: u64) -> u32 {
        let slot = self.slot(x);
        if self.starts_at(slot.before, x) { slot.before } else { slot.behind }
    }

    /// The node that starts at `x`.
    pub(super) fn exact(&self, x: u64) -> u32 {
        let before = self.slot(x).before;
        if self.starts_at(before, x) { before } else { NIL }
    }

    fn starts_at(&self, i: u32, x: u64) -> bool {
        self.nodes.get(i).is_some_and(|n| n.span.start == x)
    }

    /// Between which two nodes `x` falls; a node that starts at `x` counts as before it.
    pub(super) fn slot(&self, x: u64) -> Slot {
        // Data arrives mostly behind all that is held, and is mostly wanted from the front.
        match self.nodes.get(self.last) {
            Some(n) if n.span.start > x => {}
            _ => {
                return Slot { before: self.last, behind: NIL, parent: self.last };
            }
        }
        if self.nodes.get(self.first).is_some_and(|n| n.span.start > x) {
            return Slot { before: NIL, behind: self.first, parent: self.first };
        }
        let mut slot = Slot { before: NIL, behind: NIL, parent: NIL };
        let mut at = self.root;
        while let Some(n) = self.nodes.get(at) {
            slot.parent = at;
            if n.span.start <= x {
                slot.before = at;
                at = n.right;
            } else {
                slot.behind = at;
                at = n.left;
            }
        }
        slot
    }

    /// The node behind `i` in order.
    pub(super) fn next(&self, i: u32) -> u32 {
        let right = self.right(i);
        if right != NIL { self.leftmost(right) } else { self.climb(i, Self::right) }
    }

    /// The node before `i` in order.
    pub(super) fn previous(&self, i: u32) -> u32 {
        let left = self.left(i);
        if left != NIL { self.rightmost(left) } else { self.climb(i, Self::left) }
    }

    /// Hangs a new node under `parent`, which must have no child on that side.
    pub(super) fn attach(&mut self, parent: u32, left: bool, span: Span<V>) -> Result<(), NoMemory> {
        let i = self.nodes.insert_reserved(Node { span, parent, left: NIL, right: NIL, height: 1 })?;
        match self.nodes.get_mut(parent) {
            Some(p) if left => p.left = i,
            Some(p) => p.right = i,
            None => (self.root, self.first, self.last) = (i, i, i),
        }
        if left && parent == self.first {
            self.first = i;
        }
        if !left && parent == self.last {
            self.last = i;
        }
        self.rebalance(parent);
        Ok(())
    }

    /// Takes node `i` out.
    pub(super) fn detach(&mut self, i: u32, pool: &mut Pool) -> Option<Span<V>> {
        let node = *self.nodes.get(i)?;
        let mut gone = i;
        if node.left != NIL && node.right != NIL {
            // The next node has no left child: it gives up its place and its range moves up to here.
            gone = self.leftmost(node.right);
            let moved = self.span(gone)?;
            if let Some(span) = self.span_mut(i) {
                *span = moved;
            }
            if self.last == gone {
                self.last = i;
            }
        } else {
            if self.first == i {
                self.first = self.next(i);
            }
            if self.last == i {
                self.last = self.previous(i);
            }
        }
        let leaf = self.nodes.remove(gone, pool)?;
        let child = if leaf.left != NIL { leaf.left } else { leaf.right };
        self.replace_child(leaf.parent, gone, child);
        self.rebalance(leaf.parent);
        Some(node.span)
    }

    fn left(&self, i: u32) -> u32 {
        self.nodes.get(i).map_or(NIL, |n| n.left)
    }

    fn right(&self, i: u32) -> u32 {
        self.nodes.get(i).map_or(NIL, |n| n.right)
    }

    fn parent(&self, i: u32) -> u32 {
        self.nodes.get(i).map_or(NIL, |n| n.parent)
    }

    fn height(&self, i: u32) -> u8 {
        self.nodes.get(i).map_or(0, |n| n.height)
    }

    fn leftmost(&self, mut i: u32) -> u32 {
        loop {
            match self.left(i) {
                NIL => return i,
                left => i = left,
            }
        }
    }

    fn rightmost(&self, mut i: u32) -> u32 {
        loop {
            match self.right(i) {
                NIL => return i,
                right => i = right,
            }
        }
    }

    /// The nearest ancestor of `i` that does not have `i` on the given side.
    fn climb(&self, mut i: u32, side: fn(&Self, u32) -> u32) -> u32 {
        let mut parent = self.parent(i);
        while parent != NIL && side(self, parent) == i {
            i = parent;
            parent = self.parent(i);
        }
        parent
    }

    /// Puts `new` where `old` hung under `parent`.
    fn replace_child(&mut self, parent: u32, old: u32, new: u32) {
        match self.nodes.get_mut(parent) {
            Some(p) if p.left == old => p.left = new,
            Some(p) => p.right = new,
            None => self.root = new,
        }
        if let Some(n) = self.nodes.get_mut(new) {
            n.parent = parent;
        }
    }

    /// Restores heights and balance from `i` upwards, as far as heights change.
    fn rebalance(&mut self, mut i: u32) {
        while let Some(n) = self.nodes.get(i) {
            let before = n.height;
            let (left, right) = (n.left, n.right);
            let (hl, hr) = (self.height(left), self.height(right));
            let top = if hl > hr.saturating_add(1) {
                if self.height(self.right(left)) > self.height(self.left(left)) {
                    self.rotate_left(left);
                }
                self.rotate_right(i)
            } else if hr > hl.saturating_add(1) {
                if self.height(self.left(right)) > self.height(self.right(right)) {
                    self.rotate_right(right);
                }
                self.rotate_left(i)
            } else {
                self.measure(i);
                i
            };
            if self.height(top) == before {
                return;
            }
            i = self.parent(top);
        }
    }

    /// Sets the height of `i` from its children's.
    fn measure(&mut self, i: u32) {
        let h = self.height(self.left(i)).max(self.height(self.right(i))).saturating_add(1);
        if let Some(n) = self.nodes.get_mut(i) {
            n.height = h;
        }
    }

    /// Lifts the right child of `i` into its place; returns it.
    fn rotate_left(&mut self, i: u32) -> u32 {
        let top = self.right(i);
        let inner = self.left(top);
        self.replace_child(self.parent(i), i, top);
        if let Some(n) = self.nodes.get_mut(i) {
            (n.right, n.parent) = (inner, top);
        }
        if let Some(n) = self.nodes.get_mut(top) {
            n.left = i;
        }
        self.settle(i, inner, top)
    }

    /// Lifts the left child of `i` into its place; returns it.
    fn rotate_right(&mut self, i: u32) -> u32 {
        let top = self.left(i);
        let inner = self.right(top);
        self.replace_child(self.parent(i), i, top);
        if let Some(n) = self.nodes.get_mut(i) {
            (n.left, n.parent) = (inner, top);
        }
        if let Some(n) = self.nodes.get_mut(top) {
            n.right = i;
        }
        self.settle(i, inner, top)
    }

    /// Ends a rotation: `inner` now hangs under `i`, and `i` under `top`.
    fn settle(&mut self, i: u32, inner: u32, top: u32) -> u32 {
        if let Some(n) = self.nodes.get_mut(inner) {
            n.parent = i;
        }
        self.measure(i);
        self.measure(top);
        top
    }

    /// Asserts every invariant of the tree; returns the ranges in order.
    #[cfg(test)]
    pub(super) fn audit(&self) -> alloc::vec::Vec<Span<V>> {
        let mut spans = alloc::vec::Vec::new();
        self.audit_below(self.root, NIL, &mut spans);
        assert_eq!(spans.len(), self.len());
        let ends = (spans.first().map(|s| s.start), spans.last().map(|s| s.start));
        assert_eq!(ends.0, self.span(self.first).map(|s| s.start));
        assert_eq!(ends.1, self.span(self.last).map(|s| s.start));
        assert!(spans.windows(2).all(|w| w[0].end <= w[1].start));
        spans
    }

    #[cfg(test)]
    fn audit_below(&self, i: u32, parent: u32, spans: &mut alloc::vec::Vec<Span<V>>) -> u8 {
        let Some(&n) = self.nodes.get(i) else {
            assert_eq!(i, NIL, "a link to a dead node");
            return 0;
        };
        assert_eq!(n.parent, parent);
        let hl = self.audit_below(n.left, i, spans);
        spans.push(n.span);
        let hr = self.audit_below(n.right, i, spans);
        assert!(hl.abs_diff(hr) <= 1, "out of balance");
        assert_eq!(n.height, hl.max(hr) + 1);
        n.height
    }
}
