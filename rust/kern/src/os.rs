//! The half that C provides: memory, randomness, and the end of the world.

use crate::abi;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_int;
use core::panic::Location;
use mptcp_core::rng::Rng;

/// malloc(9) with `M_NOWAIT` as Rust's allocator. It refuses where malloc(9) does.
#[derive(Debug)]
pub struct OsAlloc;

// SAFETY: the header demands of `mptcp_os_alloc` what GlobalAlloc does: a block of at least `size` bytes, aligned to
// `align`, that is nobody else's until `mptcp_os_free`; or null. Neither unwinds. `realloc` is the default.
unsafe impl GlobalAlloc for OsAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: size and alignment come from a Layout: not zero (the caller's duty), a power of two.
        unsafe { abi::mptcp_os_alloc(layout.size(), layout.align()) }.cast()
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: `ptr` came from `alloc` with this layout (the caller's duty).
        unsafe { abi::mptcp_os_free(ptr.cast(), layout.size()) }
    }
}

#[cfg(target_os = "none")]
#[global_allocator]
static ALLOCATOR: OsAlloc = OsAlloc;

/// The kernel's random generator. Costs a call into arc4random(9) for each number.
pub(crate) struct OsRng;

impl Rng for OsRng {
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0_u8; 8];
        // SAFETY: the buffer has as many bytes as it is said to have.
        unsafe { abi::mptcp_os_random(bytes.as_mut_ptr().cast(), bytes.len()) };
        u64::from_ne_bytes(bytes)
    }
}

/// Longest file name, or message, that is passed on; the rest is cut off.
const TEXT: usize = 96;

/// Calls panic(9): C broke the contract, or the panic handler was reached.
#[cold]
#[track_caller]
pub(crate) fn fatal(message: &str) -> ! {
    fatal_at(Location::caller(), message)
}

#[cold]
fn fatal_at(location: &Location<'_>, message: &str) -> ! {
    let (file, text) = (c_text(location.file()), c_text(message));
    let line = c_int::try_from(location.line()).unwrap_or(0);
    // SAFETY: both arrays end with a NUL and outlive the call, which does not return.
    unsafe { abi::mptcp_os_panic(file.as_ptr().cast(), line, text.as_ptr().cast()) }
}

/// Copies as much of `text` as fits; there is always a NUL behind it.
fn c_text(text: &str) -> [u8; TEXT] {
    let mut out = [0; TEXT];
    // Of a long path the end matters.
    let bytes = text.as_bytes();
    let from = bytes.len().saturating_sub(TEXT.saturating_sub(1));
    for (to, byte) in out.iter_mut().zip(bytes.iter().skip(from)) {
        *to = *byte;
    }
    out
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panicked(info: &core::panic::PanicInfo<'_>) -> ! {
    // A message that would have to be formatted is left out: it would cost kilobytes of stack.
    let message = info.message().as_str().unwrap_or("Rust panic");
    match info.location() {
        Some(location) => fatal_at(location, message),
        None => fatal(message),
    }
}
