//! Growing and shrinking vectors against the pool.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{NoMemory, Pool};

/// Fewest elements that a first reservation makes room for.
const FIRST_CAPACITY: usize = 4;
/// Up to this capacity, shrinking gains too little to be worth a copy.
const SHRINK_ABOVE: usize = 16;

impl Pool {
    /// Makes room for `additional` more elements in `v`; pushing that many then cannot allocate.
    /// Capacity at least doubles, so pushing n elements one by one costs O(n) in all.
    ///
    /// # Errors
    /// [`NoMemory`] when the budget or the allocator refuses; `v` is unchanged then.
    pub fn reserve_vec<T>(&mut self, v: &mut Vec<T>, additional: usize) -> Result<(), NoMemory> {
        let Some(want) = self.plan(v.len(), v.capacity(), additional)? else {
            return Ok(());
        };
        self.grow::<T, _>(v, Vec::capacity, |v| v.try_reserve_exact(want.saturating_sub(v.len())).is_ok(), want)
    }

    /// Makes room for `additional` more elements in `v`, as [`Pool::reserve_vec`] does.
    ///
    /// # Errors
    /// [`NoMemory`] when the budget or the allocator refuses; `v` is unchanged then.
    pub fn reserve_deque<T>(&mut self, v: &mut VecDeque<T>, additional: usize) -> Result<(), NoMemory> {
        let Some(want) = self.plan(v.len(), v.capacity(), additional)? else {
            return Ok(());
        };
        self.grow::<T, _>(v, VecDeque::capacity, |v| v.try_reserve_exact(want.saturating_sub(v.len())).is_ok(), want)
    }

    /// Makes room for exactly `capacity` elements in an empty, unallocated vector.
    pub(super) fn vec_of<T>(&mut self, capacity: usize) -> Result<Vec<T>, NoMemory> {
        let mut v = Vec::new();
        self.grow::<T, _>(&mut v, Vec::capacity, |v| v.try_reserve_exact(capacity).is_ok(), capacity)?;
        Ok(v)
    }

    /// Frees `v` and gives its charge back.
    pub fn release_vec<T>(&mut self, v: Vec<T>) {
        self.release(bytes_of::<T>(v.capacity()));
    }

    /// Frees `v` and gives its charge back.
    pub fn release_deque<T>(&mut self, v: VecDeque<T>) {
        self.release(bytes_of::<T>(v.capacity()));
    }

    /// Gives memory back when `v` uses a quarter of its capacity or less. An empty vector keeps none.
    /// Where the smaller copy is refused, `v` stays as it is.
    pub fn shrink_vec<T>(&mut self, v: &mut Vec<T>) {
        let Some(want) = shrunken(v.len(), v.capacity()) else {
            return;
        };
        // Not Vec::shrink_to: its reallocation must not fail, and a kernel's may.
        let mut smaller = Vec::new();
        if self.reserve_vec(&mut smaller, want).is_err() {
            return;
        }
        smaller.append(v);
        self.release_vec(core::mem::replace(v, smaller));
    }

    /// Gives memory back when `v` is mostly empty, as [`Pool::shrink_vec`] does.
    pub fn shrink_deque<T>(&mut self, v: &mut VecDeque<T>) {
        let Some(want) = shrunken(v.len(), v.capacity()) else {
            return;
        };
        let mut smaller = VecDeque::new();
        if self.reserve_deque(&mut smaller, want).is_err() {
            return;
        }
        smaller.append(v);
        self.release_deque(core::mem::replace(v, smaller));
    }

    /// The capacity to grow to, or `None` where there is room already.
    fn plan(&mut self, len: usize, capacity: usize, additional: usize) -> Result<Option<usize>, NoMemory> {
        if capacity.saturating_sub(len) >= additional {
            return Ok(None);
        }
        let Some(needed) = len.checked_add(additional) else {
            return Err(self.refuse());
        };
        Ok(Some(needed.max(capacity.saturating_mul(2)).max(FIRST_CAPACITY)))
    }

    /// Charges the growth of `v` to `want` elements, then grows it.
    fn grow<T, C>(
        &mut self,
        v: &mut C,
        capacity: fn(&C) -> usize,
        reserve: impl FnOnce(&mut C) -> bool,
        want: usize,
    ) -> Result<(), NoMemory> {
        let before = capacity(v);
        let charged = bytes_of::<T>(want.saturating_sub(before));
        self.charge(charged)?;
        if !reserve(v) {
            self.release(charged);
            return Err(self.refuse());
        }
        // The allocator may have given more than was asked for; release_vec will give back all of it.
        let grown = bytes_of::<T>(capacity(v).saturating_sub(before));
        self.set_used(self.used.saturating_add(grown).saturating_sub(charged));
        Ok(())
    }
}

/// The capacity that a mostly empty vector should shrink to.
const fn shrunken(len: usize, capacity: usize) -> Option<usize> {
    if len == 0 || (capacity > SHRINK_ABOVE && len <= capacity / 4) { Some(len.saturating_mul(2)) } else { None }
}

/// What `n` elements occupy, in bytes.
const fn bytes_of<T>(n: usize) -> usize {
    n.saturating_mul(size_of::<T>())
}
