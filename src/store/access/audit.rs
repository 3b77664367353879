//! The audit log: what was done by whom, in the transaction in which it was done.

use rusqlite::{Connection, Row, params};

use crate::model::{Actor, AuditEntry, UnixSeconds};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Rises by the order of entries.
    pub seq: u64,
    pub at: UnixSeconds,
    pub actor: Actor,
    pub action: String,
    pub subject: String,
    pub note: Option<String>,
}

/// Which entries are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actor: Option<Actor>,
    /// The noun of the action (`user`), or all of it (`user.create`).
    pub action: Option<String>,
    pub subject: Option<String>,
}

impl Store {
    /// Remembers something that changes nothing else in the store, such as that somebody looked.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn add_audit(&self, entry: &AuditEntry) -> Result<()> {
        self.write(|transaction| append(transaction, entry))
    }

    /// At most `limit` entries, the latest first, from before `before` on.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditLine>> {
        let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
        let actor = filter.actor.map(|actor| actor.to_string());
        self.read(|c| {
            c.prepare_cached(
                "SELECT seq, at, actor, action, subject, note FROM audit WHERE seq < ?1 \
                 AND (?3 IS NULL OR actor = ?3) AND (?5 IS NULL OR subject = ?5) \
                 AND (?4 IS NULL OR action = ?4 OR substr(action, 1, length(?4) + 1) = ?4 || '.') \
                 ORDER BY seq DESC LIMIT ?2",
            )?
            .query_map(
                params![before, columns::row_limit(limit), actor, filter.action, filter.subject],
                line,
            )?
            .collect()
        })
    }
}

pub(in crate::store) fn append(
    connection: &Connection,
    entry: &AuditEntry,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, actor, action, subject, note) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            entry.at,
            entry.actor.to_string(),
            entry.action,
            entry.subject,
            entry.note
        ])?;
    Ok(())
}

fn line(row: &Row<'_>) -> rusqlite::Result<AuditLine> {
    Ok(AuditLine {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        at: row.get(1)?,
        actor: columns::parsed(row, 2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        note: row.get(5)?,
    })
}
