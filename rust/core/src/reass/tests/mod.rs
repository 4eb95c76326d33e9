//! Tests of data-level reassembly.

mod connection;
mod edges;
mod limit;
mod model;
mod receiver;
mod refusal;
