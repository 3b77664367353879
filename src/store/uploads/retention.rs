//! Retention of uploads: first the bytes go, then the client data, then the record.

use rusqlite::{Connection, params};

use crate::model::{UnixSeconds, UploadId};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// Counts of erased rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErasedCounts {
    /// Uploads whose client data was erased.
    pub client_data: usize,
    /// Erased uploads.
    pub uploads: usize,
    /// Erased events, without pending deliveries.
    pub events: usize,
    pub idempotency_keys: usize,
    /// Erased cases, likenesses or appeal statements, whichever were most.
    pub cases: usize,
}

/// Limits of the retention: everything that ended before its limit is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionLimits {
    pub client_data_before: UnixSeconds,
    pub uploads_before: UnixSeconds,
    pub events_before: UnixSeconds,
    pub idempotency_before: UnixSeconds,
    /// The time of this call.
    pub now: UnixSeconds,
    /// Likenesses of cases that could be joined until then.
    pub likenesses_before: UnixSeconds,
    /// Largest number of rows of each kind in one call.
    pub limit: usize,
}

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

    /// Records that these uploads' bytes are gone, and erases the data that is useless without them.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn record_erased_bytes(&self, uploads: Vec<UploadId>, now: UnixSeconds) -> Result<()> {
        self.write_grouped(move |c| {
            let mut note =
                c.prepare_cached("UPDATE uploads SET bytes_gone_at = ?2 WHERE id = ?1")?;
            let mut unplot = c.prepare_cached(
                "DELETE FROM case_plots WHERE upload = (SELECT seq FROM uploads WHERE id = ?1)",
            )?;
            let mut unknow = c.prepare_cached(
                "UPDATE case_members SET content = NULL WHERE content IS NOT NULL \
                 AND upload = (SELECT seq FROM uploads WHERE id = ?1)",
            )?;
            uploads.iter().try_for_each(|id| {
                note.execute(params![id.0, now])?;
                unplot.execute([id.0])?;
                unknow.execute([id.0]).map(drop)
            })
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

    /// Erases everything past its retention. An upload stays as long as its bytes are in the spool.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn erase_expired(&self, forget: RetentionLimits) -> Result<ErasedCounts> {
        let limit = columns::row_limit(forget.limit);
        self.write(|c| {
            let client_data = c.execute(
                "UPDATE uploads SET client_data = NULL WHERE seq IN (SELECT seq FROM uploads \
                 WHERE client_data IS NOT NULL AND state = 'decided' AND decided_at < ?1 \
                 AND bytes_gone_at IS NOT NULL LIMIT ?2)",
                params![forget.client_data_before, limit],
            )?;
            let uploads = c.execute(
                "DELETE FROM uploads WHERE seq IN (SELECT seq FROM uploads WHERE state = 'decided' \
                 AND decided_at < ?1 AND bytes_gone_at IS NOT NULL LIMIT ?2)",
                params![forget.uploads_before, limit],
            )?;
            // Events contain client data, so one that waits for a paused subscriber does not wait for ever.
            c.execute(
                "UPDATE deliveries SET state = 'dead', ended_at = ?2, \
                 last_error = 'expired: older than the retention of its data' \
                 WHERE state = 'due' AND event IN (SELECT seq FROM events WHERE at < ?1)",
                params![forget.client_data_before.min(forget.events_before), forget.now],
            )?;
            let events = c.execute(
                "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < ?1 AND NOT \
                 EXISTS (SELECT 1 FROM deliveries WHERE event = events.seq AND state = 'due') \
                 LIMIT ?2)",
                params![forget.events_before, limit],
            )?;
            let idempotency_keys = c.execute(
                "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency \
                 WHERE created_at < ?1 LIMIT ?2)",
                params![forget.idempotency_before, limit],
            )?;
            let cases = forget_cases(c, &forget)?;
            Ok(ErasedCounts { client_data, uploads, events, idempotency_keys, cases })
        })
    }
}

/// Erases closed cases, likenesses past their time to join, and appeal statements.
fn forget_cases(c: &Connection, forget: &RetentionLimits) -> rusqlite::Result<usize> {
    let limit = columns::row_limit(forget.limit);
    let cases = c.execute(
        "DELETE FROM cases WHERE seq IN (SELECT seq FROM cases WHERE closed_at < ?1 LIMIT ?2)",
        params![forget.uploads_before, limit],
    )?;
    let appeals = c.execute(
        "UPDATE cases SET appeal_statement = NULL WHERE seq IN (SELECT seq FROM cases \
         WHERE closed_at < ?1 AND appeal_statement IS NOT NULL LIMIT ?2)",
        params![forget.client_data_before, limit],
    )?;
    let likenesses = c.execute(
        "DELETE FROM case_likenesses WHERE case_seq IN (SELECT case_seq FROM case_likenesses \
         WHERE join_until < ?1 LIMIT ?2)",
        params![forget.likenesses_before, limit],
    )?;
    Ok(cases.max(appeals).max(likenesses))
}
