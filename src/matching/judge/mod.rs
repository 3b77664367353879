//! From a print and its candidates to matches: runs `align` and `evidence` in order, within limits.
//!
//! ```text
//! candidate          the input: candidates, the index's size, limits
//! alignments         every candidate aligned
//! placement          a placement as people see it
//! agreement          the moments that agree, to be drawn
//! judged             the output: score, spans, evidence
//! fitted_alignments  one candidate's alignments, fitted, and the match that they make
//! judgement          the way through
//! strength           what a tombstone promises about re-uploads
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
