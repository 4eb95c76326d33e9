//! An arena of equal-sized entries that are named by index.

use alloc::vec::Vec;

use super::{NoMemory, Pool};

/// Entries per chunk: one bit of a `u64` each.
const CHUNK: u32 = 64;
/// No chunk, at the end of a list.
const NIL: u32 = u32::MAX;

/// Up to 64 entries. Bit i of `used` is set while entry i is live; entries at and beyond
/// `slots.len()` were never live since the chunk got its memory.
#[derive(Debug)]
struct Chunk<T> {
    slots: Vec<T>,
    used: u64,
    prev: u32,
    next: u32,
}

/// The lists that a chunk can be on. A full chunk is on none.
#[derive(Clone, Copy)]
enum List {
    /// Has memory and at least one free entry.
    Room,
    /// Its memory was given back; its place in the directory is kept for later.
    Hole,
}

/// A chunked arena of `T` named by `u32` indices, charged to a [`Pool`]. Used under MP_LOCK.
///
/// Insert, remove and look-up cost O(1) (growing the chunk directory: amortised). Entries never move.
/// A chunk whose last entry goes is given back, but for one spare that keeps an alternation of insert
/// and remove away from the allocator. [`Slab::trim`] gives the spare back too.
#[derive(Debug)]
pub struct Slab<T> {
    chunks: Vec<Chunk<T>>,
    room: u32,
    holes: u32,
    len: u32,
    free: u32,
}

impl<T: Copy> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy> Slab<T> {
    /// An empty slab, without any memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { chunks: Vec::new(), room: NIL, holes: NIL, len: 0, free: 0 }
    }

    /// Live entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is no live entry.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes sure that the next `n` inserts find room. For `n` up to 64 this outlasts removals.
    ///
    /// # Errors
    /// [`NoMemory`]; chunks that were granted before the refusal stay for later.
    pub fn reserve(&mut self, pool: &mut Pool, n: u32) -> Result<(), NoMemory> {
        while self.free < n {
            self.add_chunk(pool)?;
        }
        Ok(())
    }

    /// Stores `v` and names it.
    ///
    /// # Errors
    /// [`NoMemory`] when there is no room and the pool grants none.
    pub fn insert(&mut self, v: T, pool: &mut Pool) -> Result<u32, NoMemory> {
        self.reserve(pool, 1)?;
        self.insert_reserved(v)
    }

    /// Stores `v` in room that was reserved before.
    ///
    /// # Errors
    /// [`NoMemory`] when there is none.
    pub fn insert_reserved(&mut self, v: T) -> Result<u32, NoMemory> {
        let c = self.room;
        let chunk = self.chunks.get_mut(c as usize).ok_or(NoMemory)?;
        let bit = chunk.used.trailing_ones();
        match chunk.slots.get_mut(bit as usize) {
            Some(slot) => *slot = v,
            // The lowest free bit is never beyond the slots' end, and their 64 were reserved.
            None => chunk.slots.push(v),
        }
        chunk.used |= mask(bit);
        if chunk.used == u64::MAX {
            self.unlink(List::Room, c);
        }
        self.len = self.len.saturating_add(1);
        self.free = self.free.saturating_sub(1);
        Ok(c.wrapping_mul(CHUNK) | bit)
    }

    /// Takes entry `idx` out. `None` where no entry lives there.
    pub fn remove(&mut self, idx: u32, pool: &mut Pool) -> Option<T> {
        let (c, bit) = (idx / CHUNK, idx % CHUNK);
        let chunk = self.chunks.get_mut(c as usize)?;
        if chunk.used & mask(bit) == 0 {
            return None;
        }
        let v = *chunk.slots.get(bit as usize)?;
        let was_full = chunk.used == u64::MAX;
        chunk.used &= !mask(bit);
        let now_empty = chunk.used == 0;
        if was_full {
            self.push(List::Room, c);
        }
        self.len = self.len.saturating_sub(1);
        self.free = self.free.saturating_add(1);
        if now_empty {
            self.chunk_emptied(c, pool);
        }
        Some(v)
    }

    /// Entry `idx`, if one lives there.
    #[must_use]
    #[inline]
    pub fn get(&self, idx: u32) -> Option<&T> {
        let chunk = self.chunks.get((idx / CHUNK) as usize)?;
        if chunk.used & mask(idx % CHUNK) == 0 {
            return None;
        }
        chunk.slots.get((idx % CHUNK) as usize)
    }

    /// Entry `idx`, if one lives there.
    #[inline]
    pub fn get_mut(&mut self, idx: u32) -> Option<&mut T> {
        let chunk = self.chunks.get_mut((idx / CHUNK) as usize)?;
        if chunk.used & mask(idx % CHUNK) == 0 {
            return None;
        }
        chunk.slots.get_mut((idx % CHUNK) as usize)
    }

    /// Removes every entry and gives all memory back.
    pub fn clear(&mut self, pool: &mut Pool) {
        let mut chunks = core::mem::take(&mut self.chunks);
        for chunk in chunks.drain(..) {
            pool.release_vec(chunk.slots);
        }
        pool.release_vec(chunks);
        *self = Self::new();
    }

    /// Gives the spare memory of an empty slab back; does nothing while an entry lives.
    pub fn trim(&mut self, pool: &mut Pool) {
        if self.len == 0 {
            self.clear(pool);
        }
    }

    /// Gives a chunk memory: a hole of the directory, or a new chunk at its end.
    fn add_chunk(&mut self, pool: &mut Pool) -> Result<(), NoMemory> {
        let c = if self.holes == NIL {
            let c = u32::try_from(self.chunks.len()).map_err(|_| NoMemory)?;
            if c >= NIL / CHUNK {
                return Err(NoMemory);
            }
            pool.reserve_vec(&mut self.chunks, 1)?;
            let slots = pool.vec_of(CHUNK as usize)?;
            self.chunks.push(Chunk { slots, used: 0, prev: NIL, next: NIL });
            c
        } else {
            let c = self.holes;
            let slots = pool.vec_of(CHUNK as usize)?;
            self.unlink(List::Hole, c);
            if let Some(chunk) = self.chunks.get_mut(c as usize) {
                chunk.slots = slots;
            }
            c
        };
        self.push(List::Room, c);
        self.free = self.free.saturating_add(CHUNK);
        Ok(())
    }

    /// Chunk `c` lost its last entry: gives it back unless it is the only spare.
    fn chunk_emptied(&mut self, c: u32, pool: &mut Pool) {
        if self.free >= CHUNK.saturating_mul(2) {
            self.unlink(List::Room, c);
            if let Some(chunk) = self.chunks.get_mut(c as usize) {
                pool.release_vec(core::mem::take(&mut chunk.slots));
            }
            self.free = self.free.saturating_sub(CHUNK);
            self.push(List::Hole, c);
        }
        if self.len == 0 {
            self.compact(pool);
        } else {
            self.drop_trailing_holes(pool);
        }
    }

    /// Shortens the directory by the holes at its end.
    fn drop_trailing_holes(&mut self, pool: &mut Pool) {
        while let Some(last) = self.chunks.last()
            && last.slots.capacity() == 0
        {
            let c = self.chunks.len().saturating_sub(1);
            self.unlink(List::Hole, u32::try_from(c).unwrap_or(NIL));
            self.chunks.pop();
        }
        pool.shrink_vec(&mut self.chunks);
    }

    /// With nothing live, keeps one spare chunk at the start of a short directory.
    fn compact(&mut self, pool: &mut Pool) {
        if self.chunks.len() <= 1 {
            return;
        }
        let spare = self.chunks.iter().position(|c| c.slots.capacity() > 0);
        if let Some(spare) = spare {
            self.chunks.swap(0, spare);
        }
        let keep = usize::from(spare.is_some());
        for chunk in self.chunks.drain(keep..) {
            pool.release_vec(chunk.slots);
        }
        pool.shrink_vec(&mut self.chunks);
        self.holes = NIL;
        self.room = NIL;
        self.free = 0;
        if let Some(chunk) = self.chunks.first_mut() {
            chunk.prev = NIL;
            chunk.next = NIL;
            self.room = 0;
            self.free = CHUNK;
        }
    }

    const fn head(&mut self, list: List) -> &mut u32 {
        match list {
            List::Room => &mut self.room,
            List::Hole => &mut self.holes,
        }
    }

    fn push(&mut self, list: List, c: u32) {
        let next = core::mem::replace(self.head(list), c);
        if let Some(chunk) = self.chunks.get_mut(c as usize) {
            chunk.prev = NIL;
            chunk.next = next;
        }
        if let Some(chunk) = self.chunks.get_mut(next as usize) {
            chunk.prev = c;
        }
    }

    fn unlink(&mut self, list: List, c: u32) {
        let Some(chunk) = self.chunks.get(c as usize) else {
            return;
        };
        let (prev, next) = (chunk.prev, chunk.next);
        match self.chunks.get_mut(prev as usize) {
            Some(chunk) => chunk.next = next,
            None => *self.head(list) = next,
        }
        if let Some(chunk) = self.chunks.get_mut(next as usize) {
            chunk.prev = prev;
        }
    }
}

/// The bit of entry `bit` in a chunk's `used`.
#[inline]
const fn mask(bit: u32) -> u64 {
    1u64.wrapping_shl(bit)
}
