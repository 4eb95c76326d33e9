//! The other half of the header, as far as these tests need it.

use core::ffi::{c_char, c_int, c_void};
use std::alloc::{Layout, alloc, dealloc};
use std::ffi::CStr;

#[unsafe(no_mangle)]
extern "C" fn mptcp_os_alloc(size: usize, align: usize) -> *mut c_void {
    let layout = Layout::from_size_align(size, align).unwrap();
    assert!(size > 0);
    // SAFETY: the size is not zero.
    unsafe { alloc(layout) }.cast()
}

#[unsafe(no_mangle)]
extern "C" fn mptcp_os_free(p: *mut c_void, size: usize) {
    // SAFETY: only these tests call it, with memory of 8-byte alignment.
    unsafe { dealloc(p.cast(), Layout::from_size_align(size, 8).unwrap()) }
}

#[unsafe(no_mangle)]
extern "C" fn mptcp_os_random(buf: *mut c_void, len: usize) {
    // SAFETY: the buffer has `len` bytes (the header's contract).
    unsafe { buf.cast::<u8>().write_bytes(0x5a, len) }
}

#[unsafe(no_mangle)]
extern "C-unwind" fn mptcp_os_panic(file: *const c_char, line: c_int, msg: *const c_char) -> ! {
    // SAFETY: both are strings (the header's contract).
    let (file, msg) = unsafe { (CStr::from_ptr(file), CStr::from_ptr(msg)) };
    eprintln!("{}:{line}: {}", file.to_string_lossy(), msg.to_string_lossy());
    std::process::abort()
}
