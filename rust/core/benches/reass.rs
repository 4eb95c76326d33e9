//! Benchmarks of data-level reassembly.
fn main() {}
