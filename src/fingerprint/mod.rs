//! Frames → fingerprint.

pub mod types;

pub use types::*;
