//! The log of additions and removals, from which the derived index catches up. It keeps numbers only.

use rusqlite::{Connection, Row, params};

use crate::model::Slot;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// What happened to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Removed,
}

/// One entry of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Rises by the order of changes, from 1; gaps are possible.
    pub seq: u64,
    pub slot: Slot,
    pub kind: ChangeKind,
}

impl Change {
    /// An entry that the log has not numbered yet.
    pub(in crate::store) fn added(slot: Slot) -> Change {
        Change { seq: 0, slot, kind: ChangeKind::Added }
    }

    /// An entry that the log has not numbered yet.
    pub(in crate::store) fn removed(slot: Slot) -> Change {
        Change { seq: 0, slot, kind: ChangeKind::Removed }
    }
}

impl Store {
    /// At most `limit` changes from behind `seq` on, oldest first; `seq` 0 begins with the first.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        self.read(|c| {
            c.prepare_cached(
                "SELECT seq, slot, kind = 'added' FROM changes WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?
            .query_map(params![seq, columns::row_limit(limit)], change)?
            .collect()
        })
    }

    /// `seq` of the last change, 0 when there was none.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn log_head(&self) -> Result<u64> {
        self.read(head)
    }
}

pub(in crate::store) fn append(connection: &Connection, change: Change) -> rusqlite::Result<()> {
    let kind = match change.kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
    };
    connection
        .prepare_cached("INSERT INTO changes (slot, kind) VALUES (?1, ?2)")?
        .execute(params![change.slot.0, kind])?;
    Ok(())
}

pub(in crate::store) fn head(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM changes")?
        .query_row([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
}

fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    let added: bool = row.get(2)?;
    Ok(Change {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        slot: Slot(row.get(1)?),
        kind: if added { ChangeKind::Added } else { ChangeKind::Removed },
    })
}
