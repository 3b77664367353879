//! The change log: additions and removals of tombstones, from which the index catches up. It holds numbers only.

use rusqlite::{Connection, Row, params};

use crate::model::Slot;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// Whether a slot's tombstone was added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Removed,
}

/// One entry of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Position in the log; rises from 1, with gaps.
    pub seq: u64,
    pub slot: Slot,
    pub kind: ChangeKind,
}

impl Change {
    /// An addition before it has a number.
    pub(in crate::store) fn added(slot: Slot) -> Change {
        Change { seq: 0, slot, kind: ChangeKind::Added }
    }

    /// A removal before it has a number.
    pub(in crate::store) fn removed(slot: Slot) -> Change {
        Change { seq: 0, slot, kind: ChangeKind::Removed }
    }
}

impl Store {
    /// Up to `limit` changes after `seq`, oldest first; 0 starts at the beginning.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        self.read(|c| {
            c.prepare_cached(
                "SELECT seq, slot, kind = 'added' FROM changes WHERE seq > ?1 ORDER BY seq \
                 LIMIT ?2",
            )?
            .query_map(params![seq, columns::row_limit(limit)], change)?
            .collect()
        })
    }

    /// `seq` of the last change; 0 if there is none.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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
