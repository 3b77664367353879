//! From a print and its candidates to matches: what is asked of `align` and `evidence`, in which order, within limits.
//!
//! ```text
//! candidate          what goes in: candidates, the index's size, limits
//! alignments         every candidate aligned
//! placement          a placement as people see it
//! agreement          what agrees, to be drawn
//! judged             what comes out: score, spans, evidence
//! fitted_alignments  one candidate's alignments, fitted, and the match that they make
//! judgement          the way through
//! strength           what a tombstone can do
//! ```

// In order of dependency: each file uses only those above it, `align` and `evidence`.
pub mod candidate;

pub mod alignments;

pub mod placement;

pub mod agreement;

pub mod judged;

pub mod fitted_alignments;

pub mod judgement;

pub mod strength;
