//! The history of all cases in one sequence, for clients that follow it.

use rusqlite::{Row, params};

use crate::model::{Actor, CaseEvent, CaseEventSeq, CaseId, CaseState};
use crate::store::cases::case;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// An event, with its case as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOccurrence {
    /// Position in the sequence; rises with every event.
    pub seq: CaseEventSeq,
    pub case: CaseId,
    pub state: CaseState,
    pub version: u32,
    /// Who made the first of two blind decisions.
    pub first_by: Option<Actor>,
    pub event: CaseEvent,
}

impl Store {
    /// Up to `limit` events of any case after `after`, oldest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case_occurrences(
        &self,
        after: CaseEventSeq,
        limit: usize,
    ) -> Result<Vec<CaseOccurrence>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT e.seq, c.id, c.state, c.version, c.first_by, e.at, e.actor, e.kind, e.note \
                 FROM case_events e JOIN cases c ON c.seq = e.case_seq WHERE e.seq > ?1 \
                 ORDER BY e.seq LIMIT ?2",
            )?
            .query_map(params![after, columns::row_limit(limit)], occurrence)?
            .collect()
        })
    }

    /// Position of the last event; 0 if there is none.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn last_case_occurrence(&self) -> Result<CaseEventSeq> {
        self.read(|c| {
            c.prepare_cached("SELECT coalesce(max(seq), 0) FROM case_events")?
                .query_row([], |row| row.get(0))
        })
    }
}

fn occurrence(row: &Row<'_>) -> rusqlite::Result<CaseOccurrence> {
    Ok(CaseOccurrence {
        seq: row.get(0)?,
        case: CaseId(row.get(1)?),
        state: columns::parsed(row, 2)?,
        version: row.get(3)?,
        first_by: case::maybe_actor(row, 4)?,
        event: CaseEvent {
            at: row.get(5)?,
            actor: columns::parsed(row, 6)?,
            kind: columns::parsed(row, 7)?,
            note: row.get(8)?,
        },
    })
}
