//! What unrelated videos reach by chance.
//!
//! Measured by `cenotaph eval` style runs over all pairs (upload, tombstone) of the clips and edits of the benchmark
//! in which the upload does not show the deleted video: the tail of the evidence falls exponentially from `NULL_AT`.

/// Evidence from which the tail is exponential.
pub const NULL_AT: f64 = 3.0;
/// log10 of the share of unrelated pairs with at least that much.
pub const NULL_LOG10: f64 = -3.0;
/// Decades a keypoint of further evidence.
pub const NULL_SLOPE: f64 = 0.42;
