//! Review statistics for the dashboard. They reach back as far as cases are retained.

use rusqlite::{Connection, Row};

use crate::model::{Actor, DAY_S, DecisionKind, UnixSeconds};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// Statistics since some time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaseStats {
    /// By day, oldest first; empty days are left out.
    pub days: Vec<DayStats>,
    /// Pairs of blind decisions (first, second), and how often each occurred.
    pub pairs: Vec<(DecisionKind, DecisionKind, u64)>,
    /// By reviewer, most decisions first.
    pub reviewers: Vec<ReviewerStats>,
    /// Final decisions about cases with a match, and those of them that found no re-upload.
    pub with_match: u64,
    pub false_positives: u64,
    /// Decided appeals, and those of them that overturned the verdict.
    pub appeals: u64,
    pub overturned: u64,
    /// Median of the seconds from opening to decision.
    pub wait_median_s: Option<i64>,
}

/// One day's counts (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayStats {
    /// Days since 1970-01-01.
    pub day: i64,
    pub opened: u64,
    pub reupload: u64,
    pub not_reupload: u64,
    pub authorised: u64,
}

/// One reviewer's decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewerStats {
    pub actor: Actor,
    pub decisions: u64,
    /// Decisions of blind pairs, and those of them in which both agreed.
    pub pairs: u64,
    pub agreed: u64,
}

/// Pairs of blind decisions since `?1`.
const PAIRS: &str = "case_decisions a JOIN case_decisions b ON b.case_seq = a.case_seq \
     AND b.turn = 'second' AND b.undone_at IS NULL \
     WHERE a.turn = 'first' AND a.undone_at IS NULL AND a.at >= ?1";

impl Store {
    /// Statistics since a time.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case_stats(&self, since: UnixSeconds) -> Result<CaseStats> {
        self.read(|c| {
            let (with_match, false_positives) = matched(c, since)?;
            let (appeals, overturned) = appealed(c, since)?;
            Ok(CaseStats {
                days: days(c, since)?,
                pairs: pairs(c, since)?,
                reviewers: reviewers(c, since)?,
                with_match,
                false_positives,
                appeals,
                overturned,
                wait_median_s: wait_median(c, since)?,
            })
        })
    }
}

fn days(c: &Connection, since: UnixSeconds) -> rusqlite::Result<Vec<DayStats>> {
    c.prepare_cached(
        "SELECT day, sum(opened), sum(r), sum(n), sum(a) FROM (\
         SELECT opened_at / ?2 AS day, 1 AS opened, 0 AS r, 0 AS n, 0 AS a FROM cases \
         WHERE opened_at >= ?1 UNION ALL \
         SELECT at / ?2, 0, kind = 'reupload', kind = 'not_reupload', kind = 'authorised' \
         FROM case_decisions WHERE at >= ?1 AND undone_at IS NULL AND turn <> 'first') \
         GROUP BY day ORDER BY day",
    )?
    .query_map([since, DAY_S], |row| {
        Ok(DayStats {
            day: row.get(0)?,
            opened: count(row, 1)?,
            reupload: count(row, 2)?,
            not_reupload: count(row, 3)?,
            authorised: count(row, 4)?,
        })
    })?
    .collect()
}

fn pairs(
    c: &Connection,
    since: UnixSeconds,
) -> rusqlite::Result<Vec<(DecisionKind, DecisionKind, u64)>> {
    c.prepare_cached(&format!(
        "SELECT a.kind, b.kind, count(*) FROM {PAIRS} GROUP BY 1, 2 ORDER BY 1, 2"
    ))?
    .query_map([since], |row| {
        Ok((columns::parsed(row, 0)?, columns::parsed(row, 1)?, count(row, 2)?))
    })?
    .collect()
}

fn reviewers(c: &Connection, since: UnixSeconds) -> rusqlite::Result<Vec<ReviewerStats>> {
    c.prepare_cached(&format!(
        "WITH both AS (SELECT a.actor AS first, b.actor AS second, a.kind = b.kind AS same \
         FROM {PAIRS}), each AS (SELECT first AS actor, same FROM both UNION ALL \
         SELECT second, same FROM both) \
         SELECT d.actor, count(*), (SELECT count(*) FROM each WHERE actor = d.actor), \
         (SELECT coalesce(sum(same), 0) FROM each WHERE actor = d.actor) FROM case_decisions d \
         WHERE d.at >= ?1 AND d.undone_at IS NULL GROUP BY d.actor ORDER BY 2 DESC, 1 LIMIT 200"
    ))?
    .query_map([since], |row| {
        Ok(ReviewerStats {
            actor: columns::parsed(row, 0)?,
            decisions: count(row, 1)?,
            pairs: count(row, 2)?,
            agreed: count(row, 3)?,
        })
    })?
    .collect()
}

/// The last decision of each closed case with a match.
fn matched(c: &Connection, since: UnixSeconds) -> rusqlite::Result<(u64, u64)> {
    c.prepare_cached(
        "SELECT count(*), coalesce(sum(kind = 'not_reupload'), 0) FROM (\
         SELECT d.kind, max(d.seq) FROM case_decisions d JOIN cases c ON c.seq = d.case_seq \
         WHERE d.at >= ?1 AND d.undone_at IS NULL AND c.state = 'closed' AND c.kind <> 'none' \
         GROUP BY d.case_seq)",
    )?
    .query_row([since], |row| Ok((count(row, 0)?, count(row, 1)?)))
}

fn appealed(c: &Connection, since: UnixSeconds) -> rusqlite::Result<(u64, u64)> {
    c.prepare_cached(
        "SELECT count(*), coalesce(sum(kind <> 'reupload'), 0) FROM case_decisions \
         WHERE at >= ?1 AND undone_at IS NULL AND turn = 'appeal'",
    )?
    .query_row([since], |row| Ok((count(row, 0)?, count(row, 1)?)))
}

fn wait_median(c: &Connection, since: UnixSeconds) -> rusqlite::Result<Option<i64>> {
    let mut waits: Vec<i64> = c
        .prepare_cached(
            "SELECT max(d.at - c.opened_at, 0) FROM case_decisions d \
             JOIN cases c ON c.seq = d.case_seq \
             WHERE d.at >= ?1 AND d.undone_at IS NULL AND d.turn IN ('only', 'first')",
        )?
        .query_map([since], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let middle = waits.len() / 2;
    let found = waits.len() > middle;
    Ok(found.then(|| *waits.select_nth_unstable(middle).1))
}

fn count(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(at)?.cast_unsigned())
}
