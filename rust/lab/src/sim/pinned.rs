//! Seeds that once failed.

/// Seeds that the integration test runs before all others, each with what it found when it was pinned. A change of
/// the drawing changes what they mean; they are kept all the same.
pub const PINNED: &[(u64, &str)] = &[];
