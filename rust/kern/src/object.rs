//! Objects that C holds: on the heap behind an opaque pointer, or by value in words of its own.

use crate::abi;
use crate::os::fatal;
use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use mptcp_core::config::{AddressList, Config};
use mptcp_core::handshake::{Agreed, Opener, Responder};
use mptcp_core::mpcb::{JoinRequest, Mpcb};
use mptcp_core::output::SubflowTx;
use mptcp_core::token::TokenTable;
use static_assertions::const_assert;

/// A type that lives on the heap behind an opaque C type.
pub(crate) trait Heap: Sized {
    /// The opaque C type.
    type C;
}

impl Heap for Mpcb {
    type C = abi::mptcp_core_mpcb;
}

impl Heap for SubflowTx {
    type C = abi::mptcp_core_tx;
}

impl Heap for TokenTable {
    type C = abi::mptcp_core_tokens;
}

/// Memory for a `T` that may be refused, so that the value is made only when there is a place for it.
pub(crate) struct Place<T: Heap> {
    at: *mut T,
}

impl<T: Heap> Place<T> {
    /// `None`: no memory.
    pub(crate) fn new() -> Option<Self> {
        const { assert!(size_of::<T>() > 0) };
        // SAFETY: the layout's size is not zero.
        let at = unsafe { alloc(Layout::new::<T>()) }.cast::<T>();
        // Not `then_some`: that would make the Place in any case, and drop it, which frees null. The compiler may then
        // take the pointer to be valid, and leave out the question.
        if at.is_null() { None } else { Some(Place { at }) }
    }

    /// Puts the value there and hands it to C, which owes a [`Owned`] for it.
    pub(crate) fn fill(self, value: T) -> *mut T::C {
        let at = self.at;
        core::mem::forget(self);
        // SAFETY: `at` is valid for a T, and nobody else's.
        unsafe { at.write(value) };
        at.cast()
    }
}

impl<T: Heap> Drop for Place<T> {
    fn drop(&mut self) {
        // SAFETY: `at` came from `alloc` with this layout, and holds no value.
        unsafe { dealloc(self.at.cast(), Layout::new::<T>()) }
    }
}

/// An object that C gives back, or null.
pub(crate) struct Owned<T: Heap> {
    at: *mut T,
}

impl<T: Heap> Owned<T> {
    /// # Safety
    /// `at` is null or came from [`Place::fill`], and C does not use it again.
    pub(crate) unsafe fn from_raw(at: *mut T::C) -> Self {
        Owned { at: at.cast() }
    }

    /// The object; `None` for null.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: null, or a live object that is ours alone now.
        unsafe { self.at.as_mut() }
    }
}

impl<T: Heap> Drop for Owned<T> {
    fn drop(&mut self) {
        if self.at.is_null() {
            return;
        }
        // SAFETY: the object is live and ours (`from_raw`), and its memory came from `alloc` with this layout.
        unsafe {
            self.at.drop_in_place();
            dealloc(self.at.cast(), Layout::new::<T>());
        }
    }
}

/// A type that lives in an opaque C struct, behind a mark that tells it from other objects and from zeroes. C may
/// copy it and forget it: it owns nothing.
///
/// # Safety
/// `C` is `#[repr(C)]` and consists of 64-bit words that nobody else gives a meaning to; [`Marked<Self>`] fits in. A
/// copy of the bytes is as good as the original.
pub(crate) unsafe trait ByValue: Sized {
    /// The C type.
    type C;
    /// The mark.
    const MARK: u64;
}

#[repr(C)]
struct Marked<T> {
    mark: u64,
    value: T,
}

macro_rules! by_value {
    ($($rust:ty, $c:ident, $mark:literal;)+) => {$(
        const_assert!(size_of::<Marked<$rust>>() <= size_of::<abi::$c>());
        const_assert!(align_of::<Marked<$rust>>() == align_of::<abi::$c>());
        const_assert!(!core::mem::needs_drop::<$rust>());

        // SAFETY: the struct is an array of words, see the header; the assertions above hold it to size and alignment.
        // These types have neither a Drop nor interior mutability.
        unsafe impl ByValue for $rust {
            type C = abi::$c;
            const MARK: u64 = u64::from_be_bytes(*$mark);
        }
    )+};
}

by_value! {
    Opener, mptcp_core_opener, b"mpOpener";
    Responder, mptcp_core_responder, b"mpRespon";
    Agreed, mptcp_core_agreed, b"mpAgreed";
    JoinRequest, mptcp_core_join_request, b"mpJoinRq";
    Config, mptcp_core_config, b"mpConfig";
    AddressList, mptcp_core_addresses, b"mpAddrLs";
}

/// A by-value object of C's that is about to be initialised.
pub(crate) struct Out<T> {
    at: *mut T,
}

impl<T> Out<T> {
    /// # Safety
    /// `at` is valid for writes, and nobody else's for the call.
    pub(crate) unsafe fn from_raw(at: *mut T) -> Self {
        Out { at }
    }

    /// Writes it; the old contents need not be valid.
    pub(crate) fn set(self, value: T) {
        // SAFETY: valid for writes (`from_raw`). What was there needs no drop: C wrote it, or nobody.
        unsafe { self.at.write(value) }
    }
}

/// Likewise for a marked object.
pub(crate) struct OutMarked<T: ByValue> {
    at: *mut Marked<T>,
}

impl<T: ByValue> OutMarked<T> {
    /// # Safety
    /// `at` is valid for writes, and nobody else's for the call.
    pub(crate) unsafe fn from_raw(at: *mut T::C) -> Self {
        OutMarked { at: at.cast() }
    }

    /// Writes it; the old contents need not be valid.
    pub(crate) fn set(self, value: T) {
        // SAFETY: valid for writes and large enough (`from_raw`, `ByValue`).
        unsafe { self.at.write(Marked { mark: T::MARK, value }) }
    }
}

/// The value behind C's words. Fatal where they hold something else.
///
/// # Safety
/// `at` is not null, valid for reads, and nobody writes to it for the call.
#[track_caller]
pub(crate) unsafe fn by_value_ref<'a, T: ByValue>(at: *const T::C) -> &'a T {
    let at = at.cast::<Marked<T>>();
    // SAFETY: readable, and a word is valid whatever it holds.
    if unsafe { (&raw const (*at).mark).read() } != T::MARK {
        fatal("an object of mptcp_core.h is used before it was initialised");
    }
    // SAFETY: only `OutMarked` writes the mark, and it does so together with a valid T.
    unsafe { &(*at).value }
}

/// Likewise, to be changed.
///
/// # Safety
/// `at` is not null, valid for reads and writes, and nobody else's for the call.
#[track_caller]
pub(crate) unsafe fn by_value_mut<'a, T: ByValue>(at: *mut T::C) -> &'a mut T {
    // SAFETY: readable (the caller's duty).
    unsafe { by_value_ref::<T>(at) };
    // SAFETY: the mark was found, so there is a valid T, and it is nobody else's for the call.
    unsafe { &mut (*at.cast::<Marked<T>>()).value }
}
