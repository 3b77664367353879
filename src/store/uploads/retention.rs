//! Retention of uploads: first the bytes go, then the client data, then the record. `cases` erases in one transaction
//! what hangs on them.

use rusqlite::{Connection, params};

use crate::model::{UnixSeconds, UploadId};
use crate::store::database::columns;
use crate::store::{Result, Store};

impl Store {
    /// Up to `limit` uploads whose bytes are due for erasure, and when the next are.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn uploads_with_bytes_until(
        &self,
        now: UnixSeconds,
        limit: usize,
    ) -> Result<(Vec<UploadId>, Option<UnixSeconds>)> {
        self.read(|c| {
            let due = c
                .prepare_cached(
                    "SELECT id FROM uploads WHERE bytes_until <= ?1 AND bytes_gone_at IS NULL \
                     ORDER BY bytes_until LIMIT ?2",
                )?
                .query_map(params![now, columns::row_limit(limit)], |row| {
                    Ok(UploadId(row.get(0)?))
                })?
                .collect::<rusqlite::Result<_>>()?;
            let next = c
                .prepare_cached(
                    "SELECT min(bytes_until) FROM uploads \
                     WHERE bytes_until > ?1 AND bytes_gone_at IS NULL",
                )?
                .query_row([now], |row| row.get(0))?;
            Ok((due, next))
        })
    }

    /// Those of these uploads whose bytes should be in the spool.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn with_bytes(&self, uploads: &[UploadId]) -> Result<Vec<UploadId>> {
        self.read(|c| {
            let mut find = c.prepare_cached(
                "SELECT exists (SELECT 1 FROM uploads WHERE id = ?1 AND bytes_gone_at IS NULL \
                 AND state <> 'fetching')",
            )?;
            let mut kept = Vec::new();
            for id in uploads {
                if find.query_row([id.0], |row| row.get(0))? {
                    kept.push(*id);
                }
            }
            Ok(kept)
        })
    }
}

pub(in crate::store) fn record_erased_bytes(
    c: &Connection,
    id: UploadId,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    c.prepare_cached("UPDATE uploads SET bytes_gone_at = ?2 WHERE id = ?1")?
        .execute(params![id.0, now])
        .map(drop)
}

/// Erases the client data of uploads decided before a time, unless their bytes are still in the spool.
pub(in crate::store) fn erase_client_data(
    c: &Connection,
    before: UnixSeconds,
    limit: usize,
) -> rusqlite::Result<usize> {
    c.execute(
        "UPDATE uploads SET client_data = NULL WHERE seq IN (SELECT seq FROM uploads \
         WHERE client_data IS NOT NULL AND state = 'decided' AND decided_at < ?1 \
         AND bytes_gone_at IS NOT NULL LIMIT ?2)",
        params![before, columns::row_limit(limit)],
    )
}

/// Erases uploads decided before a time, unless their bytes are still in the spool.
pub(in crate::store) fn erase_uploads(
    c: &Connection,
    before: UnixSeconds,
    limit: usize,
) -> rusqlite::Result<usize> {
    c.execute(
        "DELETE FROM uploads WHERE seq IN (SELECT seq FROM uploads WHERE state = 'decided' \
         AND decided_at < ?1 AND bytes_gone_at IS NOT NULL LIMIT ?2)",
        params![before, columns::row_limit(limit)],
    )
}

pub(in crate::store) fn erase_idempotency_keys(
    c: &Connection,
    before: UnixSeconds,
    limit: usize,
) -> rusqlite::Result<usize> {
    c.execute(
        "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency \
         WHERE created_at < ?1 LIMIT ?2)",
        params![before, columns::row_limit(limit)],
    )
}
