//! The settings of the review, from what the user typed to what the engine needs.

use crate::config::Result;
use crate::config::file::Review;
use crate::config::settings::{HOUR_S, at_least, bad, seconds};
use crate::engine::CaseOptions as Options;

const MINUTE_S: f64 = 60.0;
/// Longest time in which a decision can be undone, seconds: nobody is told of it before.
const UNDO_S_MAX: i64 = 3600;
/// What one request can do in the time that it has.
const BULK_MAX: usize = 10_000;

/// # Errors
/// A value makes no sense.
pub(super) fn options(review: &Review) -> Result<Options> {
    if !(0.0..=1.0).contains(&review.twice_share) {
        let why = format!("it is {}, a share between 0 and 1 is needed", review.twice_share);
        return bad("review.twice_share", why);
    }
    if !(0..=UNDO_S_MAX).contains(&review.undo_s) {
        let why = format!("it is {}, it lies between 0 and {UNDO_S_MAX}", review.undo_s);
        return bad("review.undo_s", why);
    }
    if !(1..=BULK_MAX).contains(&review.bulk_max) {
        let why = format!("it is {}, it lies between 1 and {BULK_MAX}", review.bulk_max);
        return bad("review.bulk_max", why);
    }
    at_least("review.members_max", review.members_max.into(), 1)?;
    let lease_s = seconds("review.lease_minutes", review.lease_minutes, MINUTE_S)?;
    at_least("review.lease_minutes", lease_s.unsigned_abs(), 1)?;
    let due_s = review.due_hours.map(|hours| seconds("review.due_hours", hours, HOUR_S));
    Ok(Options {
        lease_s,
        undo_s: review.undo_s,
        join_s: seconds("review.join_hours", review.join_hours, HOUR_S)?,
        members_max: review.members_max,
        twice_share: review.twice_share,
        second_s: seconds("review.second_hours", review.second_hours, HOUR_S)?,
        blocks: review.blocks,
        due_s: due_s.transpose()?,
        bulk_max: review.bulk_max,
    })
}
