//! What unrelated videos reach by chance.
//!
//! Measured on 280 000 pairs (upload, tombstone) in which the upload does not show the deleted video: the benchmark's 38
//! clips and 75 others found for this (a third of them talking heads), their stamped forms (a platform's watermark and
//! end card), 1 640 uploads made of them by the benchmark's edits, three keys. One pair in 10^2.8 reaches 2 nats, in 10^3.4
//! 8, in 10^4.0 12, in 10^4.6 16; the greatest was 23. In between the tail is exponential with 0.15 decades a nat. Where
//! likelihoods are true it should fall by 0.43: what is left is the likeness of things of one build, which the slope
//! grants to all that lies beyond the measured, too.
//!
//! Since then wide hits, bursts and doubtful times came (`hits`, `coverage`, `fitted`). Measured again with them on the benchmark's
//! 38 clips alone (70 000 pairs, two seeds, three keys each), chance reaches less than these figures say: one pair in 10^3.9
//! has 8 nats, the greatest is 11. They stay as they are until they are measured again on as many clips as before.

/// Evidence from which the tail is exponential, nats.
pub const NULL_AT: f64 = 8.0;
/// log10 of the share of unrelated pairs with at least that much.
pub const NULL_LOG10: f64 = -3.38;
/// Decades a nat of further evidence.
pub const NULL_SLOPE: f64 = 0.155;
