//! The other half of the header, as far as these tests need it.
