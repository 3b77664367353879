//! Statistics of deleted videos that reveal nothing about a single one.
//!
//! Every deleted video leaves one anonymous row, which is folded into exactly one sum: that of its day of upload if at
//! least `k` rows of this fold share it, else that of its month, of its year, or of all time. Rows that are too few even
//! for that wait in an unpublished pool for the next fold. So every published sum covers at least `k` videos, *and
//! changes by at least `k` at once*: comparing a sum with yesterday's reveals nothing about one video. The sum of a month
//! covers only what its days do not. Sums of periods that have not ended are not published yet.
//!
//! ```text
//! for grain in day, month, year:
//!     group the remaining rows by their period
//!     add groups of k or more to the sum of their period
//! add the rest to the pool
//! if the pool has k or more: add it to the sum of all time, and empty it
//! ```
//!
//! Rows are folded together when a calendar month of erasures is over, or when their retention ends.

use crate::model::{Grain, RetainedBucket, RetainedFold, RetainedSums, RetainedVideo};

use std::collections::BTreeMap;

use jiff::civil::Date;

/// Folds `rows` and the pool of the last fold into sums of at least `anonymity_min` videos (*k* above).
pub fn fold(rows: &[RetainedVideo], pool: RetainedSums, anonymity_min: u64) -> RetainedFold {
    let mut left: Vec<&RetainedVideo> = rows.iter().collect();
    let mut added = Vec::new();
    for grain in [Grain::Day, Grain::Month, Grain::Year] {
        let mut groups: BTreeMap<i64, Vec<&RetainedVideo>> = BTreeMap::new();
        let mut undated = Vec::new();
        for row in left {
            match row.uploaded_on.and_then(|day| start_of(grain, day)) {
                Some(start) => groups.entry(start).or_default().push(row),
                None => undated.push(row),
            }
        }
        left = undated;
        for (start_on, group) in groups {
            if group.len() as u64 >= anonymity_min {
                added.push(RetainedBucket {
                    grain,
                    start_on,
                    sums: sum(RetainedSums::default(), &group),
                });
            } else {
                left.extend(group);
            }
        }
    }
    let mut pool = sum(pool, &left);
    if pool.videos >= anonymity_min.max(1) {
        added.push(RetainedBucket { grain: Grain::All, start_on: 0, sums: pool });
        pool = RetainedSums::default();
    }
    RetainedFold { deletions: rows.iter().map(|row| row.deletion).collect(), added, pool }
}

/// The first day of the period that contains a day, in days since 1970-01-01. A sum is published once its period
/// began before this day's; `i64::MAX` for all time, whose sum never waits.
pub fn period_start(grain: Grain, day: i64) -> i64 {
    match grain {
        Grain::All => i64::MAX,
        _ => start_of(grain, day).unwrap_or(day),
    }
}

/// The first day of the month that contains a day, in days since 1970-01-01.
pub fn month_start(day: i64) -> i64 {
    start_of(Grain::Month, day).unwrap_or(day)
}

/// The first day of the period that contains a day; `None` for days outside the calendar.
fn start_of(grain: Grain, day: i64) -> Option<i64> {
    let epoch = Date::constant(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().try_days(day).ok()?).ok()?;
    let start = match grain {
        Grain::Day => date,
        Grain::Month => date.first_of_month(),
        Grain::Year => date.first_of_year(),
        Grain::All => epoch,
    };
    Some(i64::from(epoch.until(start).ok()?.get_days()))
}

fn sum(start: RetainedSums, rows: &[&RetainedVideo]) -> RetainedSums {
    rows.iter().fold(start, |s, row| RetainedSums {
        videos: s.videos + 1,
        views: s.views.saturating_add(row.engagement.views),
        likes: s.likes.saturating_add(row.engagement.likes),
        comments: s.comments.saturating_add(row.engagement.comments),
        shares: s.shares.saturating_add(row.engagement.shares),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeletionSeq, Engagement};

    /// 2026-01-01.
    const NEW_YEAR: i64 = 20_454;

    fn rows(days: &[(i64, usize)]) -> Vec<RetainedVideo> {
        let days = days.iter().flat_map(|(day, count)| std::iter::repeat_n(*day, *count));
        let row = |(deletion, day)| RetainedVideo {
            deletion,
            uploaded_on: Some(day),
            engagement: Engagement { views: 10, likes: 1, ..Engagement::default() },
        };
        (0..).map(DeletionSeq).zip(days).map(row).collect()
    }

    fn shape(fold: &RetainedFold) -> Vec<(Grain, i64, u64)> {
        fold.added.iter().map(|b| (b.grain, b.start_on - NEW_YEAR, b.sums.videos)).collect()
    }

    #[test]
    fn days_with_too_few_go_to_their_month_then_year_then_all_time() {
        // Ten on one day; nine and three on two days of January; four in March and seven in May; four the year before.
        let days = [(0, 10), (5, 9), (6, 3), (60, 4), (121, 7), (-1, 4)];
        let days: Vec<(i64, usize)> = days.iter().map(|(d, n)| (NEW_YEAR + d, *n)).collect();
        let folded = fold(&rows(&days), RetainedSums::default(), 10);
        let expected = [(Grain::Day, 0, 10), (Grain::Month, 0, 12), (Grain::Year, 0, 11)];
        assert_eq!(shape(&folded), expected);
        assert_eq!((folded.pool.videos, folded.pool.views, folded.pool.likes), (4, 40, 4));
        assert_eq!(folded.deletions.len(), 37, "every row is folded");
        let again = fold(&rows(&[(NEW_YEAR + 300, 6)]), folded.pool, 10);
        assert_eq!(shape(&again), [(Grain::All, -NEW_YEAR, 10)]);
        assert_eq!(again.pool, RetainedSums::default());
    }

    #[test]
    fn no_sum_ever_has_or_changes_by_fewer_than_the_least() {
        let mut pool = RetainedSums::default();
        let (mut published, mut seen) = (0, 0);
        for round in 0..200_i64 {
            let days: Vec<(i64, usize)> = (0..7)
                .map(|n| {
                    (NEW_YEAR + (round * 31 + n * n * 17) % 900, ((round + n * 5) % 13) as usize)
                })
                .collect();
            let rows = rows(&days);
            seen += rows.len() as u64;
            let folded = fold(&rows, pool, 10);
            assert!(folded.added.iter().all(|b| b.sums.videos >= 10), "{folded:?}");
            assert!(folded.pool.videos < 10);
            published += folded.added.iter().map(|b| b.sums.videos).sum::<u64>();
            pool = folded.pool;
        }
        assert_eq!(published + pool.videos, seen, "nothing is lost or counted twice");
    }

    #[test]
    fn periods_begin_as_in_the_calendar() {
        let march_2 = NEW_YEAR + 60;
        assert_eq!(period_start(Grain::Day, march_2), march_2);
        assert_eq!(period_start(Grain::Month, march_2), NEW_YEAR + 59);
        assert_eq!(period_start(Grain::Year, march_2), NEW_YEAR);
        assert_eq!(period_start(Grain::Year, NEW_YEAR - 1), NEW_YEAR - 365);
        assert_eq!(month_start(march_2), NEW_YEAR + 59);
        assert_eq!(month_start(i64::MAX), i64::MAX, "beyond the calendar a day is its own month");
    }

    #[test]
    fn videos_without_a_day_are_in_the_sum_of_all_time() {
        let mut rows = rows(&[(NEW_YEAR, 12)]);
        rows.iter_mut().for_each(|row| row.uploaded_on = None);
        rows[0].uploaded_on = Some(i64::MAX);
        assert_eq!(shape(&fold(&rows, RetainedSums::default(), 10)), [(Grain::All, -NEW_YEAR, 12)]);
    }
}
