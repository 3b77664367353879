//! Hits → candidates → alignment → evidence → matches → verdict. No I/O.

pub mod consensus;
pub mod coverage;
pub mod frames;
pub mod geometry;
pub mod hits;
pub mod timeline;
