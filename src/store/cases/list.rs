//! Queues of cases: filtered, ordered, page by page; and their counts.
//!
//! Every page costs the same: each order has an index that starts with the state, and a page seeks its cursor in it.
//! Filters apply to the rows from there on.

use std::fmt;
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::model::{
    Actor, Case, CaseId, CaseOrder, CaseSeq, CaseState, MatchKind, MonotonicSeconds, Sealed,
    TombstoneId, UnixSeconds, UploadId, VerdictKind,
};
use crate::store::cases::case::{self, COLUMNS};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// Counts stop here.
pub const COUNTED_MAX: u64 = 10_000;

/// Filters and order of a queue; `None` matches everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFilter {
    pub state: CaseState,
    pub verdict: Option<VerdictKind>,
    pub kind: Option<MatchKind>,
    pub tombstone: Option<TombstoneId>,
    pub opened_before: Option<UnixSeconds>,
    pub opened_after: Option<UnixSeconds>,
    /// Smallest number of uploads in the case.
    pub members_min: Option<u32>,
    /// Only cases that this actor has claimed or is assigned.
    pub of: Option<Actor>,
    pub appealed: Option<bool>,
    /// Only cases that no one has claimed beyond this time.
    pub free_at: Option<MonotonicSeconds>,
    /// Without cases that await the second of two blind decisions after this actor made the first.
    pub not_first_by: Option<Actor>,
    pub order: CaseOrder,
}

impl CaseFilter {
    /// All cases in a state, highest score first.
    pub fn of_state(state: CaseState) -> CaseFilter {
        CaseFilter {
            state,
            verdict: None,
            kind: None,
            tombstone: None,
            opened_before: None,
            opened_after: None,
            members_min: None,
            of: None,
            appealed: None,
            free_at: None,
            not_first_by: None,
            order: CaseOrder::Score,
        }
    }
}

/// A cursor: the page starts after the case with this sort key and row number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CasePlace {
    /// Score or time, depending on the order.
    pub key: f64,
    pub seq: CaseSeq,
}

impl fmt::Display for CasePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.key, self.seq)
    }
}

/// Text that is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid cursor")]
pub struct NotAPlace;

impl FromStr for CasePlace {
    type Err = NotAPlace;

    fn from_str(text: &str) -> std::result::Result<CasePlace, NotAPlace> {
        let (key, seq) = text.split_once('_').ok_or(NotAPlace)?;
        let key: f64 = key.parse().map_err(|_| NotAPlace)?;
        let seq = seq.parse().map_err(|_| NotAPlace)?;
        if key.is_finite() { Ok(CasePlace { key, seq }) } else { Err(NotAPlace) }
    }
}

/// A case as a row of a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRow {
    pub case: Case,
    /// Its first upload; `None` if that has been erased.
    pub upload: Option<UploadId>,
    pub client_data: Option<Sealed>,
    pub duration_s: Option<f64>,
}

/// Counts of waiting cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaseCounts {
    pub open: u64,
    pub escalated: u64,
    /// Open cases of an appeal.
    pub appealed: u64,
    /// Open cases past their due time.
    pub overdue: u64,
    /// Opening time of the oldest open case.
    pub oldest_opened_at: Option<UnixSeconds>,
}

impl CaseRow {
    /// The cursor of this row in a queue of this order.
    pub fn place(&self, order: CaseOrder) -> CasePlace {
        let key = match order {
            CaseOrder::Score => self.case.score,
            CaseOrder::Age => self.case.opened_at as f64,
            CaseOrder::Due => self.case.due_at.unwrap_or_default() as f64,
        };
        CasePlace { key, seq: self.case.seq }
    }
}

impl Store {
    /// One case as a row of a queue.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case_row(&self, id: CaseId) -> Result<Option<CaseRow>> {
        self.read(|c| {
            let columns = row_columns();
            c.prepare_cached(&format!("SELECT {columns} FROM {FROM} WHERE c.id = ?1"))?
                .query_row([id.0], row)
                .optional()
        })
    }

    /// Up to `limit` cases after a cursor.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn cases(
        &self,
        filter: &CaseFilter,
        after: Option<CasePlace>,
        limit: usize,
    ) -> Result<Vec<CaseRow>> {
        self.read(|c| {
            let columns = row_columns();
            query(c, &columns, FROM, filter, after, columns::row_limit(limit), row)
        })
    }

    /// Ids of the first `limit` cases that match a filter.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case_ids(&self, filter: &CaseFilter, limit: usize) -> Result<Vec<CaseId>> {
        let limit = columns::row_limit(limit);
        let id = |row: &Row<'_>| Ok(CaseId(row.get(0)?));
        self.read(|c| query(c, "c.id", "cases c", filter, None, limit, id))
    }

    /// Number of cases that match a filter, up to [`COUNTED_MAX`].
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn count_cases(&self, filter: &CaseFilter) -> Result<u64> {
        let limit = COUNTED_MAX.cast_signed();
        let found = self.read(|c| query(c, "1", "cases c", filter, None, limit, |_| Ok(())))?;
        Ok(found.len() as u64)
    }

    /// Counts of waiting cases, and the age of the oldest.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case_counts(&self, now: UnixSeconds) -> Result<CaseCounts> {
        self.read(|c| {
            let count = |condition: &str| {
                c.prepare_cached(&format!("SELECT count(*) FROM cases WHERE {condition}"))?
                    .query_row([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
            };
            let overdue = c
                .prepare_cached(
                    "SELECT count(*) FROM cases WHERE state = 'open' AND due_at IS NOT NULL \
                     AND due_at < ?1",
                )?
                .query_row([now], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?;
            Ok(CaseCounts {
                open: count("state = 'open'")?,
                escalated: count("state = 'escalated'")?,
                appealed: count("state = 'open' AND appealed_at IS NOT NULL")?,
                overdue,
                oldest_opened_at: c
                    .prepare_cached("SELECT min(opened_at) FROM cases WHERE state = 'open'")?
                    .query_row([], |row| row.get(0))?,
            })
        })
    }

    /// Number of cases that an actor has claimed at `now` or is assigned.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn cases_of(&self, actor: Actor, now: MonotonicSeconds) -> Result<u64> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT count(*) FROM cases WHERE +state IN ('open', 'escalated') AND \
                 ((claimed_by = ?1 AND claim_until_monotonic > ?2) OR assigned_to = ?1)",
            )?
            .query_row((actor.to_string(), now), |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
        })
    }
}

/// The tables of a queue's rows.
pub(in crate::store) const FROM: &str = "cases c LEFT JOIN uploads u ON u.seq = c.upload";

pub(in crate::store) fn row_columns() -> String {
    format!("{COLUMNS}, u.id, u.client_data, u.duration_s")
}

/// SQL of a page.
pub(in crate::store) fn text(columns: &str, from: &str, filter: &CaseFilter) -> String {
    // The index is sought by the bound; the comparison of pairs alone would not use it.
    let (place, order) = match filter.order {
        CaseOrder::Score => {
            ("c.score <= :key AND (c.score < :key OR c.seq > :after)", "c.score DESC, c.seq")
        }
        CaseOrder::Age => {
            ("c.opened_at >= :key AND (c.opened_at > :key OR c.seq > :after)", "c.opened_at, c.seq")
        }
        CaseOrder::Due => (
            "c.due_at IS NOT NULL AND c.due_at >= :key AND (c.due_at > :key OR c.seq > :after)",
            "c.due_at, c.seq",
        ),
    };
    // An actor has few cases: they are found through their own indexes and then sorted.
    let (state, of) = match filter.of {
        Some(_) => ("+c.state", "(c.claimed_by = :of OR c.assigned_to = :of)"),
        None => ("c.state", ":of IS NULL"),
    };
    format!(
        "SELECT {columns} FROM {from} WHERE {state} = :state AND {of} AND {place} \
         AND (:verdict IS NULL OR c.verdict = :verdict) AND (:kind IS NULL OR c.kind = :kind) \
         AND (:tombstone IS NULL OR c.tombstone = :tombstone) \
         AND (:opened_before IS NULL OR c.opened_at < :opened_before) \
         AND (:opened_after IS NULL OR c.opened_at >= :opened_after) \
         AND (:members_min IS NULL OR c.members >= :members_min) \
         AND (:appealed IS NULL OR (c.appealed_at IS NOT NULL) = :appealed) \
         AND (:free_at IS NULL OR c.claim_until_monotonic IS NULL OR c.claim_until_monotonic <= \
         :free_at) AND (:first_by IS NULL OR c.first_by IS NOT :first_by) \
         ORDER BY {order} LIMIT :limit"
    )
}

fn query<T>(
    c: &Connection,
    columns: &str,
    from: &str,
    filter: &CaseFilter,
    after: Option<CasePlace>,
    limit: i64,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let first = match filter.order {
        CaseOrder::Score => f64::MAX,
        CaseOrder::Age | CaseOrder::Due => f64::MIN,
    };
    let after = after.unwrap_or(CasePlace { key: first, seq: CaseSeq(0) });
    c.prepare_cached(&text(columns, from, filter))?
        .query_map(
            named_params! {
                ":state": filter.state.as_str(),
                ":of": filter.of.map(|actor| actor.to_string()),
                ":key": after.key,
                ":after": after.seq,
                ":verdict": filter.verdict.map(VerdictKind::as_str),
                ":kind": filter.kind.map(MatchKind::as_str),
                ":tombstone": filter.tombstone.as_ref().map(|id| &id.0),
                ":opened_before": filter.opened_before,
                ":opened_after": filter.opened_after,
                ":members_min": filter.members_min,
                ":appealed": filter.appealed,
                ":free_at": filter.free_at,
                ":first_by": filter.not_first_by.map(|actor| actor.to_string()),
                ":limit": limit,
            },
            read,
        )?
        .collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<CaseRow> {
    Ok(CaseRow {
        case: case::case(row)?,
        upload: row.get::<_, Option<[u8; 16]>>(23)?.map(UploadId),
        client_data: row.get::<_, Option<Vec<u8>>>(24)?.map(Sealed),
        duration_s: row.get(25)?,
    })
}

#[cfg(test)]
mod tests;
