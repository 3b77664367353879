//! Stretches of deleted videos that moderators ruled to be common.

pub mod create;
pub mod list;
pub mod undo;
