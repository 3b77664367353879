//! Hits → candidates → alignment → evidence → matches → verdict. No I/O.
//!
//! `hits` finds all near pairs of hashes with one candidate; `weights` says how much each tells; `consensus` finds the
//! placements (`geometry`) and time maps (`time_map`) that many agree on; `fitted` puts each where it explains most:
//! `polish` sharpens the placement, `spans` says from when to when, `coverage` asks whether what ought to be visible is,
//! `placed` compares whole `frames` under the placement (`place`), `diagonal` without one. `likelihood` says what each
//! near pair tells, `prior` what a placement costs beforehand, `score` weighs the sum against what chance does (`null`),
//! `policy` makes a verdict of it. `judge` is the way through; `agreement` keeps what people are shown of it.

mod agreement;
mod consensus;
mod coverage;
mod diagonal;
mod fitted;
mod frames;
mod geometry;
mod hits;
mod judge;
mod likelihood;
mod null;
mod place;
mod placed;
mod placement;
mod policy;
mod polish;
mod prior;
mod score;
mod spans;
mod time_map;
mod weights;

pub use judge::{Background, Candidate, IndexHits, Judged, Options, judge};
pub use policy::{Thresholds, strength, suspicious};
pub use score::Measured;
