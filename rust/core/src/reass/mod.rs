//! Data-level reassembly.
