//! What a check has to say about one upload.

use crate::model::{Match, Strength, TombstoneId, Verdict};

/// The verdict with all that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub verdict: Verdict,
    /// Length of the upload, seconds; `None` when it could not be told.
    pub duration_s: Option<f64>,
    /// All matches with any standing, best first, those below `review` too.
    pub matches: Vec<ReportMatch>,
    /// Why the file could not be decoded, or not to its end.
    pub trouble: Option<String>,
    /// What is missing or broken in a file that could be decoded nevertheless.
    pub damage: Option<String>,
}

/// A match and what policy needs to know of its tombstone.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportMatch {
    pub found: Match<TombstoneId>,
    /// The uploader's own deleted video: it does not count against the upload.
    pub own: bool,
    /// Its score reaches `review`.
    pub stands: bool,
    /// Most of what agrees is shared by many owners' videos.
    pub common: bool,
    pub strength: Strength,
}
