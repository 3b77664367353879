//! The report of a check.

use crate::model::{Agreement, Match, Permission, Seen, Strength, TombstoneId, Verdict, Weighed};

/// The verdict with all that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub verdict: Verdict,
    pub seen: Seen,
    /// Length of the upload, seconds; `None` when it could not be told.
    pub duration_s: Option<f64>,
    /// All matches with any standing, best first, those below `review` too.
    pub matches: Vec<ReportMatch>,
    /// Why the file could not be decoded, or not to its end.
    pub trouble: Option<String>,
    /// What is missing or broken in a file that could be decoded nevertheless.
    pub damage: Option<String>,
}

/// A match and what policy needs to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportMatch {
    pub found: Match<TombstoneId>,
    pub weighed: Weighed,
    pub strength: Strength,
    /// What agrees, to be drawn.
    pub agreement: Agreement,
}

impl ReportMatch {
    /// The uploader's own deleted video: it does not count against the upload.
    pub fn own(&self) -> bool {
        self.weighed.permission() == Some(Permission::Owner)
    }

    /// Its owner allows this uploader to post it: it does not count against the upload.
    pub fn granted(&self) -> bool {
        self.weighed.permission() == Some(Permission::Grant)
    }

    /// Most of what is shown is a part that other deleted videos have as well.
    pub fn common(&self) -> bool {
        self.weighed.share.is_some_and(|share| share.outside_common_s < 0.5 * share.deleted_s)
    }
}
