//! One way in: how each kind of C argument becomes a Rust value.

use crate::abi;
use crate::object::{ByValue, Heap, Out, OutMarked, Owned, by_value_mut, by_value_ref};
use crate::os::fatal;
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::slice::{from_raw_parts, from_raw_parts_mut};
use mptcp_core::config::{AddressList, Config};
use mptcp_core::handshake::{Agreed, Opener, Responder};
use mptcp_core::mpcb::{JoinRequest, Mpcb};
use mptcp_core::output::SubflowTx;
use mptcp_core::token::TokenTable;

/// A Rust value that is made of one argument of C's, or of a pointer and a number of items.
pub(crate) trait Arg: Sized {
    /// The argument's type in C.
    type C;

    /// Fatal where a pointer that must not be null is.
    ///
    /// # Safety
    /// A pointer is to `items` live objects of its type (or to writable memory for them, for [`Out`]), which nobody
    /// else uses in a way that Rust's references forbid for as long as the call takes. Where C holds the locks that
    /// the header names, nobody does.
    unsafe fn from_c(c: Self::C, items: usize) -> Self;
}

#[track_caller]
fn not_null<T>(at: *const T) {
    if at.is_null() {
        fatal("null pointer where mptcp_core.h demands an object");
    }
}

macro_rules! plain {
    ($($ty:ty)+) => {$(
        impl Arg for $ty {
            type C = $ty;

            unsafe fn from_c(c: $ty, _items: usize) -> $ty {
                c
            }
        }
    )+};
}

plain! { bool u8 c_int c_uint u64 i64 usize }

macro_rules! heap {
    ($($ty:ty)+) => {$(
        impl Arg for &$ty {
            type C = *const <$ty as Heap>::C;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                not_null(c);
                // SAFETY: a live object (the caller's duty) that `Place::fill` made, so its type is this one.
                unsafe { &*c.cast() }
            }
        }

        impl Arg for &mut $ty {
            type C = *mut <$ty as Heap>::C;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                not_null(c);
                // SAFETY: as above, and under the lock that makes it ours alone (the caller's duty).
                unsafe { &mut *c.cast() }
            }
        }

        impl Arg for Owned<$ty> {
            type C = *mut <$ty as Heap>::C;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                // SAFETY: null, or what `Place::fill` gave to C, which gives it back (the caller's duty).
                unsafe { Owned::from_raw(c) }
            }
        }
    )+};
}

heap! { Mpcb SubflowTx TokenTable }

impl Arg for Option<&mut Mpcb> {
    type C = *mut abi::mptcp_core_mpcb;

    unsafe fn from_c(c: Self::C, _items: usize) -> Self {
        // SAFETY: null, or a live object under its lock (the caller's duty).
        unsafe { c.cast::<Mpcb>().as_mut() }
    }
}

macro_rules! by_value {
    ($($ty:ty)+) => {$(
        impl Arg for &$ty {
            type C = *const <$ty as ByValue>::C;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                not_null(c);
                // SAFETY: readable and not written to (the caller's duty).
                unsafe { by_value_ref::<$ty>(c) }
            }
        }

        impl Arg for &mut $ty {
            type C = *mut <$ty as ByValue>::C;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                not_null(c);
                // SAFETY: readable, writable and nobody else's (the caller's duty).
                unsafe { by_value_mut::<$ty>(c) }
            }
        }

        impl Arg for OutMarked<$ty> {
            type C = *mut <$ty as ByValue>::C;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                not_null(c);
                // SAFETY: writable and nobody else's (the caller's duty).
                unsafe { OutMarked::from_raw(c) }
            }
        }
    )+};
}

by_value! { Opener Responder Agreed JoinRequest Config AddressList }

macro_rules! structs {
    ($($ty:ty)+) => {$(
        impl Arg for &$ty {
            type C = *const $ty;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                not_null(c);
                // SAFETY: a live object that is not written to (the caller's duty); any bytes are valid.
                unsafe { &*c }
            }
        }

        impl Arg for Option<&$ty> {
            type C = *const $ty;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                // SAFETY: null, or as above.
                unsafe { c.as_ref() }
            }
        }

        impl Arg for &mut $ty {
            type C = *mut $ty;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                not_null(c);
                // SAFETY: a live object that is nobody else's (the caller's duty); any bytes are valid.
                unsafe { &mut *c }
            }
        }

        impl Arg for Out<$ty> {
            type C = *mut $ty;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                not_null(c);
                // SAFETY: writable and nobody else's (the caller's duty).
                unsafe { Out::from_raw(c) }
            }
        }

        impl Arg for Option<Out<$ty>> {
            type C = *mut $ty;

            unsafe fn from_c(c: Self::C, _items: usize) -> Self {
                // SAFETY: where it is not null, as above.
                (!c.is_null()).then(|| unsafe { Out::from_raw(c) })
            }
        }
    )+};
}

structs! {
    abi::mptcp_core_addr
    abi::mptcp_core_start
    abi::mptcp_core_seg_in
    abi::mptcp_core_seg_out
    abi::mptcp_core_want
    abi::mptcp_core_grant
    abi::mptcp_core_sum
    abi::mptcp_core_metrics
    abi::mptcp_core_step
    abi::mptcp_core_action
    abi::mptcp_core_agreed_info
    abi::mptcp_core_subflow_info
    abi::mptcp_core_conn_info
    abi::mptcp_core_stats
    abi::mptcp_core_coupling
    abi::mptcp_core_hystart
    abi::mptcp_core_path_window
    bool
    u8
    u32
    u64
    i64
    usize
}

/// Bytes to be read; C says `const uint8_t *`.
impl Arg for &[u8] {
    type C = *const u8;

    unsafe fn from_c(c: Self::C, items: usize) -> Self {
        if items == 0 {
            return &[];
        }
        not_null(c);
        // SAFETY: as many readable bytes (the caller's duty), and no object is larger than `isize::MAX`.
        unsafe { from_raw_parts(c, items) }
    }
}

/// Bytes to be written, all of which have been written before; C says `uint8_t *`.
impl Arg for &mut [u8] {
    type C = *mut u8;

    unsafe fn from_c(c: Self::C, items: usize) -> Self {
        if items == 0 {
            return &mut [];
        }
        not_null(c);
        // SAFETY: as many bytes, nobody else's (the caller's duty).
        unsafe {
            // A buffer on C's stack may never have been written; Rust must not see such bytes.
            c.write_bytes(0, items);
            from_raw_parts_mut(c, items)
        }
    }
}

/// Bytes to be written over, all of which C has written before; C says `uint8_t *`. Unlike `&mut [u8]` they are not
/// cleared first, which counts where it happens for each segment.
pub(crate) struct Written<'a>(pub(crate) &'a mut [u8]);

impl Arg for Written<'_> {
    type C = *mut u8;

    unsafe fn from_c(c: Self::C, items: usize) -> Self {
        if items == 0 {
            return Written(&mut []);
        }
        not_null(c);
        // SAFETY: as many bytes, nobody else's, that hold something (the caller's duty).
        Written(unsafe { from_raw_parts_mut(c, items) })
    }
}

impl Arg for &[abi::mptcp_core_path_window] {
    type C = *const abi::mptcp_core_path_window;

    unsafe fn from_c(c: Self::C, items: usize) -> Self {
        if items == 0 {
            return &[];
        }
        not_null(c);
        // SAFETY: as many live objects (the caller's duty).
        unsafe { from_raw_parts(c, items) }
    }
}

/// Text to be read; C says `const char *`.
pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

impl Arg for Text<'_> {
    type C = *const c_char;

    unsafe fn from_c(c: Self::C, items: usize) -> Self {
        // SAFETY: as for bytes; `char` is a byte.
        Text(unsafe { <&[u8]>::from_c(c.cast(), items) })
    }
}

/// Text to be written; C says `char *`.
pub(crate) struct TextOut<'a>(pub(crate) &'a mut [u8]);

impl Arg for TextOut<'_> {
    type C = *mut c_char;

    unsafe fn from_c(c: Self::C, items: usize) -> Self {
        // SAFETY: as for bytes; `char` is a byte.
        TextOut(unsafe { <&mut [u8]>::from_c(c.cast(), items) })
    }
}

/// Bytes to be read; C says `const void *`.
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl Arg for Raw<'_> {
    type C = *const c_void;

    unsafe fn from_c(c: Self::C, items: usize) -> Self {
        // SAFETY: as for bytes.
        Raw(unsafe { <&[u8]>::from_c(c.cast(), items) })
    }
}
