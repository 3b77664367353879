//! Checking: from one file to its report and verdict.
//!
//! ```text
//! digest ── equals that of a deleted file → block                                  pipeline
//! decode → candidates (index) → matches (matching) → verdict (policy) → report     pipeline
//! report → permission and precedence by who posted it first                        precedence
//! report → without matches that a moderator ruled out    ruled_out, ruled_extent, ruled_samples
//! recorded matches → verdict under other thresholds                                replay
//! ```
//!
//! There is one pipeline, for the command line and the service alike. A check writes nothing: `uploads` records the
//! report.

mod listed;
mod pipeline;
mod precedence;
mod replay;
mod ruled_extent;
mod ruled_out;
mod ruled_samples;

pub(in crate::engine) use pipeline::{Checked, Recognised};
pub use replay::{ReplayCounts, Replayed};
pub(in crate::engine) use ruled_extent::Extent;
pub(in crate::engine) use ruled_out::spaced;
pub(in crate::engine) use ruled_samples::RuledSamples;
