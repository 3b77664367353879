//! The audit log: who did what, written in the transaction that did it. Append-only: triggers refuse every change.

use rusqlite::{Connection, Row, params};

use crate::model::{Actor, AuditEntry, UnixSeconds};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// An entry as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Position in the log; rises with every entry.
    pub seq: u64,
    pub at: UnixSeconds,
    pub actor: Actor,
    pub action: String,
    pub subject: String,
    pub note: Option<String>,
}

/// Filters; `None` matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actor: Option<Actor>,
    /// The action (`user.create`), or its noun alone (`user`).
    pub action: Option<String>,
    pub subject: Option<String>,
}

impl Store {
    /// Logs an action that changes nothing else in the store, such as viewing an upload.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_audit(&self, entry: &AuditEntry) -> Result<()> {
        self.write(|transaction| append(transaction, entry))
    }

    /// Up to `limit` entries before `before`, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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

/// Appends an entry in the caller's transaction.
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
