//! Stored copies of a video, and the progress of each one's erasure.

use rusqlite::{Connection, Row, params};

use crate::model::{
    CopyKind, CopyOutcome, CopyState, DeletionEventKind, DeletionSeq, Sealed, StoredCopy,
    UnixSeconds, UriKey,
};
use crate::store::database::columns;
use crate::store::deletions::events::{self, NewEvent};
use crate::store::webhooks::outbox;
use crate::store::{Result, Store};

/// A copy in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCopy {
    pub kind: CopyKind,
    pub prefix: bool,
    pub sealed: Sealed,
    pub uri: UriKey,
    pub delete_after: Option<UnixSeconds>,
}

/// Cursor over all copies: the deletion's row number, and the copy's place.
type CopyPlace = (DeletionSeq, u32);

/// The outcome of an attempt to erase one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyAttempt {
    pub place: u32,
    pub outcome: CopyOutcome,
}

const COLUMNS: &str = "place, kind, is_prefix, sealed, uri, delete_after, state, attempts, \
     failures, due_at, last_error, gone_at, objects, how";

impl Store {
    /// The copies of a deletion, in the order of the request.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn copies(&self, deletion: DeletionSeq) -> Result<Vec<StoredCopy>> {
        self.read(|c| of(c, deletion))
    }

    /// Records outcomes of attempts, and whether they leave the deletion stuck. Emits `event` if it has just become
    /// stuck.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn record_copies(
        &self,
        deletion: DeletionSeq,
        tries: Vec<CopyAttempt>,
        event: Option<outbox::NewEvent>,
        at: UnixSeconds,
    ) -> Result<()> {
        self.write_grouped(move |c| {
            for one in &tries {
                record(c, deletion, one, at)?;
            }
            let became_stuck = settle_stuck(c, deletion, at)?;
            event.filter(|_| became_stuck).map_or(Ok(()), |event| outbox::emit(c, &event))
        })
    }

    /// Up to `limit` addresses that the gate must refuse, after the cursor `after`: each with its cursor and whether it
    /// is a prefix.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn closed_uris(
        &self,
        after: CopyPlace,
        limit: usize,
    ) -> Result<Vec<(CopyPlace, UriKey, bool)>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT deletion, place, uri, is_prefix FROM copies \
                 JOIN deletions ON deletions.seq = copies.deletion \
                 WHERE (deletion, place) > (?1, ?2) AND kind <> 'callback' \
                 AND stage <> 'cancelled' ORDER BY deletion, place LIMIT ?3",
            )?
            .query_map(params![after.0, after.1, limit as i64], |row| {
                Ok(((row.get(0)?, row.get(1)?), UriKey(row.get(2)?), row.get(3)?))
            })?
            .collect()
        })
    }
}

pub(in crate::store) fn insert(
    connection: &Connection,
    deletion: DeletionSeq,
    place: u32,
    new: &NewCopy,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    let held = new.delete_after.is_some_and(|at| at > now);
    let state = if held { CopyState::Held } else { CopyState::Pending };
    connection
        .prepare_cached(
            "INSERT INTO copies (deletion, place, kind, is_prefix, sealed, uri, delete_after, \
             state, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            deletion,
            place,
            new.kind.as_str(),
            new.prefix,
            new.sealed.0,
            new.uri.0,
            new.delete_after,
            state.as_str(),
            new.delete_after.unwrap_or(now),
        ])?;
    Ok(())
}

pub(in crate::store) fn of(
    connection: &Connection,
    deletion: DeletionSeq,
) -> rusqlite::Result<Vec<StoredCopy>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM copies WHERE deletion = ?1 ORDER BY place"
        ))?
        .query_map([deletion], copy)?
        .collect()
}

fn record(
    connection: &Connection,
    deletion: DeletionSeq,
    one: &CopyAttempt,
    at: UnixSeconds,
) -> rusqlite::Result<()> {
    let place = Some(one.place);
    let say = |kind, note: Option<&str>| {
        events::append(connection, &NewEvent { deletion, at, kind, place, note })
    };
    match &one.outcome {
        CopyOutcome::Gone { objects, how } => {
            connection
                .prepare_cached(
                    "UPDATE copies SET state = 'gone', attempts = attempts + 1, failures = 0, \
                     due_at = NULL, last_error = NULL, gone_at = ?3, objects = ?4, how = ?5 \
                     WHERE deletion = ?1 AND place = ?2",
                )?
                .execute(params![deletion, one.place, at, objects.cast_signed(), how])?;
            say(DeletionEventKind::CopyGone, Some(how))
        }
        CopyOutcome::Held { until, why } => {
            connection
                .prepare_cached(
                    "UPDATE copies SET state = 'held', attempts = attempts + 1, failures = 0, \
                     due_at = ?3, last_error = ?4 WHERE deletion = ?1 AND place = ?2",
                )?
                .execute(params![deletion, one.place, until, why])?;
            say(DeletionEventKind::CopyHeld, Some(why))
        }
        CopyOutcome::Failed { due_at, error, stuck } => {
            let state = if *stuck { CopyState::Stuck } else { CopyState::Pending };
            connection
                .prepare_cached(
                    "UPDATE copies SET state = ?3, attempts = attempts + 1, \
                     failures = failures + 1, due_at = ?4, last_error = ?5 WHERE deletion = ?1 \
                     AND place = ?2",
                )?
                .execute(params![deletion, one.place, state.as_str(), due_at, error])?;
            say(DeletionEventKind::Failed, Some(error))
        }
    }
}

/// Updates whether the deletion is stuck, as it is while one of its copies is; returns true if it has just become so.
fn settle_stuck(
    connection: &Connection,
    deletion: DeletionSeq,
    at: UnixSeconds,
) -> rusqlite::Result<bool> {
    let copies = of(connection, deletion)?;
    let stuck = copies.iter().find(|copy| copy.state == CopyState::Stuck);
    let why = stuck.map(StoredCopy::stuck_words);
    let before: Option<String> = connection
        .prepare_cached("SELECT stuck_why FROM deletions WHERE seq = ?1")?
        .query_row([deletion], |row| row.get(0))?;
    connection
        .prepare_cached("UPDATE deletions SET stuck_why = ?2 WHERE seq = ?1")?
        .execute(params![deletion, why])?;
    let became_stuck = before.is_none() && why.is_some();
    if became_stuck {
        let note = why.as_deref();
        let kind = DeletionEventKind::Stuck;
        events::append(connection, &NewEvent { deletion, at, kind, place: None, note })?;
    }
    Ok(became_stuck)
}

fn copy(row: &Row<'_>) -> rusqlite::Result<StoredCopy> {
    Ok(StoredCopy {
        place: row.get(0)?,
        kind: columns::parsed(row, 1)?,
        prefix: row.get(2)?,
        sealed: row.get::<_, Option<Vec<u8>>>(3)?.map(Sealed),
        uri: UriKey(row.get(4)?),
        delete_after: row.get(5)?,
        state: columns::parsed(row, 6)?,
        attempts: row.get(7)?,
        failures: row.get(8)?,
        due_at: row.get(9)?,
        last_error: row.get(10)?,
        gone_at: row.get(11)?,
        objects: row.get::<_, Option<i64>>(12)?.map(i64::cast_unsigned),
        how: row.get(13)?,
    })
}
