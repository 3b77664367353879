//! Review statistics: throughput, decisions by kind, agreement of moderators, false positives.

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::error::Result;
use crate::engine::review::Cases;
use crate::model::{DAY_S, DecisionKind, rfc3339};
use crate::store::{CaseStats, DayStats, ReviewerStats};
use crate::wire::{Person, round};

/// Review statistics of the last days.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseNumbers {
    /// Start of the first day, UTC, RFC 3339.
    pub since: String,
    /// Cases waiting for a moderator now.
    pub open: u64,
    /// Cases waiting for a lead now.
    pub escalated: u64,
    /// Undecided cases past their due time now.
    pub overdue: u64,
    /// When the oldest undecided case was opened, RFC 3339; null when no case is undecided.
    #[schema(required)]
    pub oldest_opened_at: Option<String>,
    /// Counts per day, oldest first; days without activity are left out.
    pub days: Vec<CaseDay>,
    /// Decisions `reupload`.
    pub reupload: u64,
    /// Decisions `not_reupload`.
    pub not_reupload: u64,
    /// Decisions `authorised`.
    pub authorised: u64,
    /// Median time from the opening of a case to its decision, seconds; null without decisions.
    #[schema(required)]
    pub wait_median_s: Option<i64>,
    /// Cases that two moderators decided blind.
    pub pairs: u64,
    /// Pairs of blind decisions that agree.
    pub pairs_agreed: u64,
    /// Cohen's kappa of the pairs: 1 is full agreement, 0 is chance; null with fewer than two pairs.
    #[schema(required)]
    pub kappa: Option<f64>,
    /// Share of the decided cases with a match that were no re-upload, 0 to 1; null without such cases.
    #[schema(required)]
    pub false_positive_rate: Option<f64>,
    /// Decided appeals.
    pub appeals: u64,
    /// Appeals that changed the verdict.
    pub overturned: u64,
    /// Counts per reviewer, most decisions first.
    pub reviewers: Vec<CaseReviewer>,
}

/// Case counts of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseDay {
    /// Date, UTC, such as `2026-11-24`.
    pub day: String,
    /// Cases opened.
    pub opened: u64,
    /// Decisions `reupload`.
    pub reupload: u64,
    /// Decisions `not_reupload`.
    pub not_reupload: u64,
    /// Decisions `authorised`.
    pub authorised: u64,
}

/// Decision counts of one reviewer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseReviewer {
    pub by: Person,
    /// Decisions made.
    pub decisions: u64,
    /// Decisions that were one of two blind ones.
    pub pairs: u64,
    /// Pairs in which both agree.
    pub agreed: u64,
}

impl Cases {
    /// Statistics of the last `days` days, including today.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read.
    pub fn numbers(&self, days: u32) -> Result<CaseNumbers> {
        let now = self.environment.now();
        let since = (now.div_euclid(DAY_S) + 1 - i64::from(days.max(1))) * DAY_S;
        let stats = self.engine.store().case_stats(since)?;
        let counts = self.engine.store().case_counts(now)?;
        let sum = |of: &dyn Fn(&DayStats) -> u64| stats.days.iter().map(of).sum();
        let names = |actor| self.engine.store().actor_name(actor);
        let reviewer = |one: &ReviewerStats| -> Result<CaseReviewer> {
            let by = Person::new(one.actor, &names)?;
            let (decisions, pairs, agreed) = (one.decisions, one.pairs, one.agreed);
            Ok(CaseReviewer { by, decisions, pairs, agreed })
        };
        let (pairs, pairs_agreed) = agreement(&stats);
        let wrong = stats.false_positives as f64 / stats.with_match as f64;
        Ok(CaseNumbers {
            since: rfc3339(since),
            open: counts.open,
            escalated: counts.escalated,
            overdue: counts.overdue,
            oldest_opened_at: counts.oldest_opened_at.map(rfc3339),
            reupload: sum(&|day| day.reupload),
            not_reupload: sum(&|day| day.not_reupload),
            authorised: sum(&|day| day.authorised),
            wait_median_s: stats.wait_median_s,
            pairs,
            pairs_agreed,
            kappa: kappa(&stats.pairs).map(|kappa| round(kappa, 3)),
            false_positive_rate: (stats.with_match > 0).then(|| round(wrong, 4)),
            appeals: stats.appeals,
            overturned: stats.overturned,
            reviewers: stats.reviewers.iter().map(reviewer).collect::<Result<_>>()?,
            days: stats.days.iter().map(day).collect(),
        })
    }
}

fn day(one: &DayStats) -> CaseDay {
    let date = rfc3339(one.day * DAY_S);
    CaseDay {
        day: date.split('T').next().unwrap_or_default().to_owned(),
        opened: one.opened,
        reupload: one.reupload,
        not_reupload: one.not_reupload,
        authorised: one.authorised,
    }
}

fn agreement(stats: &CaseStats) -> (u64, u64) {
    let all = stats.pairs.iter().map(|(_, _, count)| count).sum();
    let same = stats.pairs.iter().filter(|(a, b, _)| a == b).map(|(_, _, count)| count).sum();
    (all, same)
}

/// Cohen's kappa: agreement beyond chance, given how often each of the two made each decision.
fn kappa(pairs: &[(DecisionKind, DecisionKind, u64)]) -> Option<f64> {
    let total: u64 = pairs.iter().map(|(_, _, count)| count).sum();
    if total < 2 {
        return None;
    }
    let share = |of: &dyn Fn(DecisionKind, DecisionKind) -> bool| {
        let count: u64 = pairs.iter().filter(|(a, b, _)| of(*a, *b)).map(|(_, _, n)| n).sum();
        count as f64 / total as f64
    };
    let observed = share(&|a, b| a == b);
    let chance: f64 = DecisionKind::ALL
        .iter()
        .map(|kind| share(&|a, _| a == *kind) * share(&|_, b| b == *kind))
        .sum();
    // Both always made the same single decision: full agreement.
    if chance >= 1.0 { Some(1.0) } else { Some((observed - chance) / (1.0 - chance)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_agreement_beyond_chance() {
        use DecisionKind::{NotReupload as N, Reupload as R};
        // The textbook's example: 20 + 15 of 50 agree, kappa 0.4.
        let pairs = [(R, R, 20), (R, N, 5), (N, R, 10), (N, N, 15)];
        assert!((kappa(&pairs).unwrap() - 0.4).abs() < 1e-9);
        assert_eq!(kappa(&[(R, R, 9)]), Some(1.0));
        assert_eq!(kappa(&[(R, N, 1)]), None);
    }
}
