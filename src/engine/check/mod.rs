//! Checking: from one file to its report and verdict.
//!
//! ```text
//! digest ── equals that of a deleted file → block                                  pipeline
//! decode → candidates (index) → matches (matching) → verdict (policy) → report     pipeline
//! report → permission and precedence by who posted it first                        precedence
//! report → without matches that a moderator ruled out                              ruled_out
//! recorded matches → verdict under other thresholds                                replay
//! ```
//!
//! There is one pipeline, for the command line and the service alike. A check writes nothing: `uploads` records the
//! report.

mod pipeline;
mod precedence;
mod replay;
pub(in crate::engine) mod ruled_out;

pub(in crate::engine) use pipeline::Checked;
pub use replay::{ReplayCounts, Replayed};
pub(in crate::engine) use ruled_out::{content, spaced};
