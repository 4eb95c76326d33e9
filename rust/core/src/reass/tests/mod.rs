//! Tests of data-level reassembly.

mod edges;
mod model;
mod receiver;
mod refusal;
