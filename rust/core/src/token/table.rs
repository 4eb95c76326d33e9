//! The map from a local token to a connection.

use alloc::vec::Vec;
use core::fmt;

/// Slots of the first allocation; a power of two.
const FIRST_CAPACITY: usize = 16;
/// Slots of the old half that one insert or remove moves while the table grows. Three would be enough to
/// be done before the next growth (see [`TokenTable::grow_if_needed`]).
const MOVES_PER_CALL: usize = 8;

/// Why a token was not taken. The table is as it was before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InsertError {
    /// A live connection has this token (RFC 8684, 3.1): draw another key.
    Duplicate,
    /// Memory was refused and the slots at hand are full.
    NoMemory,
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InsertError::Duplicate => "the token belongs to a live connection",
            InsertError::NoMemory => "no memory for another token",
        })
    }
}

impl core::error::Error for InsertError {}

/// Maps a local token to the caller's handle of the MPCB. Guarded by MPP_LOCK: read for
/// [`lookup`](TokenTable::lookup), write for the rest.
///
/// Open addressing with linear probing; 16 bytes a slot, at most three quarters in use while memory
/// lasts. When it doubles, entries move over a few at a time with each later call, so no single call
/// holds the lock for the whole table. If the doubling is refused, the table fills what it has. It never
/// shrinks: a host that had many connections will have them again.
///
/// **Against attack.** Tokens are hash outputs of secret random keys that this host drew, so a peer
/// cannot choose which ones are in the table. The seed only keeps a peer that has seen many of them from
/// aiming lookups at the longest run; a seeded mix is enough for that, and SipHash would cost more than
/// the lookup.
pub struct TokenTable {
    seed: u64,
    current: Slots,
    /// The half being emptied after a growth; without slots otherwise.
    old: Slots,
    /// Slots of `old` below this are empty.
    moved: usize,
    /// Growth is refused, as if memory were short.
    #[cfg(any(test, feature = "testing"))]
    refuse_growth: bool,
}

impl TokenTable {
    /// An empty table; allocates nothing until the first insert. `seed` is secret and random.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        TokenTable {
            seed,
            current: Slots::new(),
            old: Slots::new(),
            moved: 0,
            #[cfg(any(test, feature = "testing"))]
            refuse_growth: false,
        }
    }

    /// From now on every growth is refused as if memory were short (`true`), or not (`false`).
    #[cfg(any(test, feature = "testing"))]
    pub fn refuse_growth(&mut self, refuse: bool) {
        self.refuse_growth = refuse;
    }

    /// The handle that was inserted with `token`. Never changes the table; O(1) expected.
    #[must_use]
    pub fn lookup(&self, token: u32) -> Option<u64> {
        let hash = self.hash(token);
        self.current.find(hash, token).or_else(|| self.old.find(hash, token)).map(|(_, handle)| handle)
    }

    /// Remembers `handle` under `token`.
    ///
    /// # Errors
    /// [`InsertError::Duplicate`] if the token is there already, with whatever handle;
    /// [`InsertError::NoMemory`] if there is no slot and no memory for more.
    pub fn insert(&mut self, token: u32, handle: u64) -> Result<(), InsertError> {
        if self.lookup(token).is_some() {
            return Err(InsertError::Duplicate);
        }
        self.move_some(MOVES_PER_CALL);
        self.grow_if_needed();
        // What still waits in `old` must find room too, so it counts.
        if self.len() >= self.current.limit() {
            return Err(InsertError::NoMemory);
        }
        let slot = Slot { handle, token, used: true };
        self.current.put(self.hash(token), slot);
        Ok(())
    }

    /// Forgets `token` and returns the handle it had.
    pub fn remove(&mut self, token: u32) -> Option<u64> {
        self.move_some(MOVES_PER_CALL);
        let (hash, seed) = (self.hash(token), self.seed);
        let half = if self.current.find(hash, token).is_some() { &mut self.current } else { &mut self.old };
        let (at, handle) = half.find(hash, token)?;
        half.take(at, seed);
        Some(handle)
    }

    /// How many tokens are in the table.
    #[must_use]
    pub fn len(&self) -> usize {
        self.current.used.saturating_add(self.old.used)
    }

    /// Whether there is no token in the table.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every token with its handle, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let slots = self.current.slots.iter().chain(&self.old.slots);
        slots.filter(|s| s.used).map(|s| (s.token, s.handle))
    }

    /// Bytes of memory held, for the figures of state per connection.
    #[must_use]
    pub fn memory(&self) -> usize {
        let slots = self.current.slots.len().saturating_add(self.old.slots.len());
        slots.saturating_mul(size_of::<Slot>())
    }

    fn hash(&self, token: u32) -> u64 {
        mix(token, self.seed)
    }

    /// Doubles at three quarters. Until the doubled table reaches its own three quarters, at least as many
    /// inserts pass as three quarters of the old size, and each moves several slots: `old` is always empty
    /// by then. A refusal leaves everything as it was.
    fn grow_if_needed(&mut self) {
        let capacity = self.current.slots.len();
        let comfortable = capacity.saturating_sub(capacity / 4);
        if self.len() < comfortable || self.old.used > 0 {
            return;
        }
        #[cfg(any(test, feature = "testing"))]
        if self.refuse_growth {
            return;
        }
        let wanted = capacity.saturating_mul(2).max(FIRST_CAPACITY);
        if let Some(bigger) = Slots::with_capacity(wanted) {
            self.old = core::mem::replace(&mut self.current, bigger);
            self.moved = 0;
        }
    }

    /// Takes at most `steps` steps through `old`, each of which moves one entry or passes one free slot.
    fn move_some(&mut self, steps: usize) {
        for _ in 0..steps {
            if self.old.slots.is_empty() {
                return;
            }
            match self.old.slots.get(self.moved).copied() {
                Some(slot) if slot.used => {
                    // Closing the gap may bring another entry here: look again before going on.
                    self.old.take(self.moved, self.seed);
                    self.current.put(self.hash(slot.token), slot);
                }
                Some(_) => self.moved = self.moved.saturating_add(1),
                None => self.old = Slots::new(),
            }
        }
    }
}

impl fmt::Debug for TokenTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The seed is a secret.
        f.debug_struct("TokenTable").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
struct Slot {
    handle: u64,
    token: u32,
    used: bool,
}

const FREE: Slot = Slot { handle: 0, token: 0, used: false };

/// One power-of-two array of slots, or none.
struct Slots {
    slots: Vec<Slot>,
    used: usize,
}

impl Slots {
    const fn new() -> Self {
        Slots { slots: Vec::new(), used: 0 }
    }

    fn with_capacity(capacity: usize) -> Option<Self> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(capacity).ok()?;
        slots.resize(capacity, FREE);
        Some(Slots { slots, used: 0 })
    }

    /// How many entries may be in it at most: one slot in sixteen stays free, so that every probe ends.
    fn limit(&self) -> usize {
        self.slots.len().saturating_sub(self.slots.len() / FIRST_CAPACITY)
    }

    /// The last index, which is the mask; zero without slots.
    fn mask(&self) -> usize {
        self.slots.len().saturating_sub(1)
    }

    /// The probe path of `hash`: each index once.
    fn path(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let (mask, len) = (self.mask(), self.slots.len());
        let home = hash as usize & mask;
        (0..len).map(move |step| home.wrapping_add(step) & mask)
    }

    fn find(&self, hash: u64, token: u32) -> Option<(usize, u64)> {
        for at in self.path(hash) {
            let slot = self.slots.get(at)?;
            if !slot.used {
                return None;
            }
            if slot.token == token {
                return Some((at, slot.handle));
            }
        }
        None
    }

    /// Into the first free slot of the path. The caller has made sure that there is one.
    fn put(&mut self, hash: u64, slot: Slot) {
        for at in self.path(hash) {
            if let Some(free) = self.slots.get_mut(at).filter(|s| !s.used) {
                *free = slot;
                self.used = self.used.saturating_add(1);
                return;
            }
        }
        debug_assert!(false, "put without a free slot");
    }

    /// Empties the slot `at` and moves later entries of the run back, so that no probe ends too early.
    fn take(&mut self, at: usize, seed: u64) {
        let mask = self.mask();
        let mut hole = at;
        for step in 1..=mask {
            let next = at.wrapping_add(step) & mask;
            let Some(slot) = self.slots.get(next).copied().filter(|s| s.used) else {
                break;
            };
            let home = mix(slot.token, seed) as usize & mask;
            let from_home = next.wrapping_sub(home) & mask;
            let from_hole = next.wrapping_sub(hole) & mask;
            if from_home >= from_hole {
                self.set(hole, slot);
                hole = next;
            }
        }
        self.set(hole, FREE);
        self.used = self.used.saturating_sub(1);
    }

    fn set(&mut self, at: usize, slot: Slot) {
        if let Some(to) = self.slots.get_mut(at) {
            *to = slot;
        }
    }
}

/// Spreads a token over 64 bits, differently for every seed: two rounds of xor-shift and multiply.
pub(super) fn mix(token: u32, seed: u64) -> u64 {
    let mut z = u64::from(token) ^ seed;
    z = (z ^ (z >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    z = (z ^ (z >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    z ^ (z >> 32)
}
