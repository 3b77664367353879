//! Settings of the review.

use crate::model::DAY_S;

/// Settings of the review.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// For so long a claimed case is left to whoever claimed it, seconds. Default 10 minutes.
    pub lease_s: i64,
    /// For so long a decision can be undone, and nobody is told of it, seconds. Default 30.
    pub undo_s: i64,
    /// For so long after its opening near-identical uploads join a case, seconds. Default one day.
    pub join_s: i64,
    /// Uploads of one case at most. Default 1000.
    pub members_max: u32,
    /// Share of cases that two moderators decide, neither knowing what the other says, 0..1. Default 0.05. With a
    /// single moderator it should be 0.
    pub twice_share: f64,
    /// When nobody decides a case for the second time for so long, the first decision holds, seconds. Default one day.
    pub second_s: i64,
    /// Whether blocked uploads are put before moderators too. Default false: their uploaders can appeal.
    pub blocks: bool,
    /// When a new case is due, seconds after its opening; `None`: when a lead says so. Default none.
    pub due_s: Option<i64>,
    /// Cases that one call acts on at most. Default 1000.
    pub bulk_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            lease_s: 600,
            undo_s: 30,
            join_s: DAY_S,
            members_max: 1000,
            twice_share: 0.05,
            second_s: DAY_S,
            blocks: false,
            due_s: None,
            bulk_max: 1000,
        }
    }
}
