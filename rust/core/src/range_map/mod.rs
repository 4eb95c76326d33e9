//! Ordered ranges of sequence space.
