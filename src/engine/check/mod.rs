//! One upload's way to its verdict: the same bytes, else candidates, matches, policy; then the rulings of moderators.

pub mod pipeline;
pub mod replay;
pub mod ruled_out;
