//! Audience figures that outlive a deleted video: one row for each video, then sums over periods of upload.

use crate::model::{DeletionSeq, Engagement};

/// The length of a period.
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

    /// The period that a word names.
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

/// Sums over the videos that were uploaded within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetainedBucket {
    pub grain: Grain,
    /// The period's first day, in days since 1970-01-01; 0 for all.
    pub start_on: i64,
    pub sums: RetainedSums,
}

/// A video's nameless row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetainedVideo {
    pub deletion: DeletionSeq,
    /// Days since 1970-01-01.
    pub uploaded_on: Option<i64>,
    pub engagement: Engagement,
}

/// Rows that go into sums, in one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetainedFold {
    /// Rows that are folded by this.
    pub deletions: Vec<DeletionSeq>,
    /// What is added to published sums.
    pub added: Vec<RetainedBucket>,
    /// What the unpublished rest is from now on.
    pub pool: RetainedSums,
}
