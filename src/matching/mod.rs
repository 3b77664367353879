//! Hits → candidates → alignment → evidence → matches → verdict. No I/O.
//!
//! `hits` finds all near pairs of hashes with one candidate; `weights` says how much each tells; `consensus` finds the
//! placements (`geometry`) and time lines (`timeline`) that many agree on; `polish` sharpens the placement; `coverage` asks whether what ought to be
//! visible is; `frames` compares whole frames under the placement; `spans` says from when to when; `score` weighs it
//! against what chance does (`null`); `policy` makes a verdict of it. `judge` is the way through.

pub mod consensus;
pub mod coverage;
pub mod frames;
pub mod geometry;
pub mod hits;
mod judge;
mod null;
mod placement;
mod policy;
mod polish;
mod score;
mod spans;
pub mod timeline;
mod weights;

pub use judge::{Background, Candidate, Judged, Lucky, Options, judge};
pub use policy::{Policy, strength, suspicious};
pub use score::Measured;
