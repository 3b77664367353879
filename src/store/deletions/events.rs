//! What happened to deletions, in the transaction in which it happened, for whoever watches. Names nothing but places
//! in the list of copies.

use rusqlite::{Connection, Row, params};

use crate::model::UnixSeconds;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The deletion came to the stage of this name.
    Requested,
    Hidden,
    Fingerprinted,
    Purging,
    Erased,
    Complete,
    Cancelled,
    /// Something failed and will be tried again.
    Failed,
    /// It needs somebody's help.
    Stuck,
    /// Somebody asked to try at once.
    Retried,
    CopyGone,
    /// Its date is later.
    CopyHeld,
}

impl EventKind {
    const ALL: [(EventKind, &'static str); 12] = [
        (EventKind::Requested, "requested"),
        (EventKind::Hidden, "hidden"),
        (EventKind::Fingerprinted, "fingerprinted"),
        (EventKind::Purging, "purging"),
        (EventKind::Erased, "erased"),
        (EventKind::Complete, "complete"),
        (EventKind::Cancelled, "cancelled"),
        (EventKind::Failed, "failed"),
        (EventKind::Stuck, "stuck"),
        (EventKind::Retried, "retried"),
        (EventKind::CopyGone, "copy_gone"),
        (EventKind::CopyHeld, "copy_held"),
    ];

    pub fn as_str(self) -> &'static str {
        EventKind::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

impl std::str::FromStr for EventKind {
    type Err = NoSuchKind;

    fn from_str(word: &str) -> std::result::Result<EventKind, NoSuchKind> {
        let found = EventKind::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(kind, _)| *kind).ok_or(NoSuchKind)
    }
}

/// A word in the database that this program did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of event")]
pub struct NoSuchKind;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionEvent {
    /// Rises by the order of events over all deletions.
    pub seq: i64,
    pub at: UnixSeconds,
    pub kind: EventKind,
    /// Which copy it is about.
    pub place: Option<u32>,
    pub note: Option<String>,
}

impl Store {
    /// At most `limit` events of a deletion, oldest first, from behind `after` on.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn deletion_events(
        &self,
        deletion: i64,
        after: i64,
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
    pub deletion: i64,
    pub at: UnixSeconds,
    pub kind: EventKind,
    pub place: Option<u32>,
    pub note: Option<&'a str>,
}

pub(in crate::store) fn append(
    connection: &Connection,
    event: &NewEvent<'_>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO deletion_events (deletion, at, kind, place, note) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![event.deletion, event.at, event.kind.as_str(), event.place, event.note])?;
    Ok(())
}

/// An event about the whole deletion without a note.
pub(in crate::store) fn say(
    connection: &Connection,
    deletion: i64,
    at: UnixSeconds,
    kind: EventKind,
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
