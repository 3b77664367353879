//! What unrelated videos reach by chance.
//!
//! Measured on all pairs (upload, tombstone) in which the upload does not show the deleted video: 38 clips, 23 of them
//! deleted, 1 316 uploads made by the benchmark's edits with two seeds and with the stamped clips (shared watermarks and
//! end cards), 29 000 pairs. 60 of them reach 2.6, 6 reach 4.3, none 6.3; in between the tail is exponential with 0.62
//! decades a unit. The slope below is a little flatter, for what these clips do not show.
//!
//! Taken before frames were weighed beyond chance and before commonness was sharpened: to be measured again.

/// Evidence from which the tail is exponential.
pub const NULL_AT: f64 = 2.63;
/// log10 of the share of unrelated pairs with at least that much.
pub const NULL_LOG10: f64 = -2.69;
/// Decades a unit of further evidence.
pub const NULL_SLOPE: f64 = 0.56;
