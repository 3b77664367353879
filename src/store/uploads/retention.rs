//! An upload's end: its bytes go, then the words that the platform said with it, then what is recorded of it.

use rusqlite::{Connection, params};

use crate::model::{UnixSeconds, UploadId};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// What went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Uploads whose words were erased.
    pub client_data: usize,
    /// Uploads whose rows were.
    pub uploads: usize,
    /// Events that everybody concerned has, or never will have.
    pub events: usize,
    pub idempotency_keys: usize,
    /// Cases that were closed, and what people said in appeals.
    pub cases: usize,
}

/// Whatever ended before these moments goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forget {
    pub client_data_before: UnixSeconds,
    pub uploads_before: UnixSeconds,
    pub events_before: UnixSeconds,
    pub idempotency_before: UnixSeconds,
    /// When this is.
    pub now: UnixSeconds,
    /// Cases that nobody joins since then.
    pub likenesses_before: UnixSeconds,
    /// Rows of each kind at most.
    pub limit: usize,
}

impl Store {
    /// At most `limit` uploads whose bytes are to go, and when the next will.
    ///
    /// # Errors
    /// The database's refusal.
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

    /// Notes that these uploads' bytes were looked for and are gone, and forgets what was only of use beside them.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn bytes_are_gone(&self, uploads: Vec<UploadId>, now: UnixSeconds) -> Result<()> {
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

    /// Of these uploads, those whose bytes should be in the spool.
    ///
    /// # Errors
    /// The database's refusal.
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

    /// Erases what is no longer needed. An upload whose bytes are still here is not forgotten.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn forget_uploads(&self, forget: Forget) -> Result<Forgotten> {
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
            // Events hold what the platform said, too: one that waits for a paused subscriber does not wait for ever.
            c.execute(
                "UPDATE deliveries SET state = 'dead', ended_at = ?2, \
                 last_error = 'it waited longer than what it tells of is kept' \
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
            Ok(Forgotten { client_data, uploads, events, idempotency_keys, cases })
        })
    }
}

/// Closed cases, likenesses that nobody can join any more, and what was said in appeals.
fn forget_cases(c: &Connection, forget: &Forget) -> rusqlite::Result<usize> {
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
