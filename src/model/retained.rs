//! Audience figures that outlive a deleted video: one row for each video, then sums over periods of upload.

use crate::model::{DeletionSeq, Engagement};

/// The length of a period of upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grain {
    Day,
    Month,
    Year,
    All,
}

impl Grain {
    pub const ALL: [Grain; 4] = [Grain::Day, Grain::Month, Grain::Year, Grain::All];

    pub fn as_str(self) -> &'static str {
        match self {
            Grain::Day => "day",
            Grain::Month => "month",
            Grain::Year => "year",
            Grain::All => "all",
        }
    }

    /// Parses [`Grain::as_str`].
    pub fn from_word(word: &str) -> Option<Grain> {
        Grain::ALL.into_iter().find(|grain| grain.as_str() == word)
    }
}

/// Sums over videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetainedSums {
    pub videos: u64,
    pub views: u64,
    pub likes: u64,
    pub comments: u64,
    pub shares: u64,
}

/// Sums over the videos that were uploaded in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetainedBucket {
    pub grain: Grain,
    /// First day of the period, days since 1970-01-01; 0 for [`Grain::All`].
    pub start_on: i64,
    pub sums: RetainedSums,
}

/// A video's anonymous row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetainedVideo {
    pub deletion: DeletionSeq,
    /// Day of upload, days since 1970-01-01.
    pub uploaded_on: Option<i64>,
    pub engagement: Engagement,
}

/// Rows to fold into sums, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetainedFold {
    /// The folded rows.
    pub deletions: Vec<DeletionSeq>,
    /// Additions to published sums.
    pub added: Vec<RetainedBucket>,
    /// The new unpublished rest.
    pub pool: RetainedSums,
}
