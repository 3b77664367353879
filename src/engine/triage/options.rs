//! Settings of the review.

use crate::model::DAY_S;

/// Settings of the review.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Length of a claim, during which nobody else gets the case, seconds. Default 10 minutes. Shorter claims free
    /// abandoned cases sooner and may expire during a long decision.
    pub lease_s: i64,
    /// Undo period after a decision, seconds. Default 30. The decision takes effect and is announced afterwards.
    pub undo_s: i64,
    /// Period after a case's opening in which near-identical uploads join it, seconds. Default one day. Longer periods
    /// save decisions and keep the likeness of the upload longer.
    pub join_s: i64,
    /// Maximum number of uploads in one case. Default 1000.
    pub members_max: u32,
    /// Share of cases, 0..1, that two moderators decide independently. Default 0.05. Measures agreement at the price of
    /// double work. Set it to 0 if there is only one moderator.
    pub twice_share: f64,
    /// How long a case waits for its second decision, seconds; then the first one stands. Default one day.
    pub second_s: i64,
    /// Whether blocked uploads also open cases. Default false: their uploaders can appeal.
    pub blocks: bool,
    /// Time from a case's opening to its due date, seconds. `None`: only a lead sets due dates. Default `None`.
    pub due_s: Option<i64>,
    /// Maximum number of cases in one bulk action. Default 1000.
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
