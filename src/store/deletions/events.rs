//! The history of deletions, for clients that follow one. An event is written in the transaction of its change, and
//! names copies by their place only.

use rusqlite::{Connection, Row, params};

use crate::model::{DeletionEvent, DeletionEventKind, DeletionEventSeq, DeletionSeq, UnixSeconds};
use crate::store::database::columns;
use crate::store::{Result, Store};

impl Store {
    /// Up to `limit` events of a deletion after `after`, oldest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn deletion_events(
        &self,
        deletion: DeletionSeq,
        after: DeletionEventSeq,
        limit: usize,
    ) -> Result<Vec<DeletionEvent>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT seq, at, kind, place, note FROM deletion_events \
                 WHERE deletion = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            )?
            .query_map(params![deletion, after, columns::row_limit(limit)], event)?
            .collect()
        })
    }
}

/// An event before it has a number.
pub(in crate::store) struct NewEvent<'a> {
    pub deletion: DeletionSeq,
    pub at: UnixSeconds,
    pub kind: DeletionEventKind,
    pub place: Option<u32>,
    pub note: Option<&'a str>,
}

pub(in crate::store) fn append(
    connection: &Connection,
    event: &NewEvent<'_>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO deletion_events (deletion, at, kind, place, note) VALUES (?1, ?2, ?3, \
             ?4, ?5)",
        )?
        .execute(params![event.deletion, event.at, event.kind.as_str(), event.place, event.note])?;
    Ok(())
}

/// An event about the whole deletion without a note.
pub(in crate::store) fn append_plain(
    connection: &Connection,
    deletion: DeletionSeq,
    at: UnixSeconds,
    kind: DeletionEventKind,
) -> rusqlite::Result<()> {
    append(connection, &NewEvent { deletion, at, kind, place: None, note: None })
}

fn event(row: &Row<'_>) -> rusqlite::Result<DeletionEvent> {
    Ok(DeletionEvent {
        seq: row.get(0)?,
        at: row.get(1)?,
        kind: columns::parsed(row, 2)?,
        place: row.get(3)?,
        note: row.get(4)?,
    })
}
