//! The C face called from Rust; `tests/driver.rs` calls it from C.

mod fake_os;
mod values;
