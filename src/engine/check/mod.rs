//! One upload's way to its verdict: the same bytes, else candidates, matches, policy; then the rulings of moderators.

mod pipeline;
mod replay;
pub(in crate::engine) mod ruled_out;

pub(in crate::engine) use pipeline::Checked;
pub use replay::{ReplayCounts, Replayed};
pub(in crate::engine) use ruled_out::{content, spaced};
