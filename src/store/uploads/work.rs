//! Work on uploads: due checks, fetched bytes, failed attempts; and the uploads that matched a tombstone.

use rusqlite::params;

use crate::model::{
    TombstoneId, UnixSeconds, Upload, UploadBytes, UploadId, UploadMatch, UploadSeq,
};
use crate::store::database::columns;
use crate::store::uploads::upload::{self, COLUMNS};
use crate::store::{Result, Store};

impl Store {
    /// Up to `limit` uploads without a verdict that are due at `now`, longest overdue first, and when the next is due.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn due_uploads(
        &self,
        now: UnixSeconds,
        limit: usize,
    ) -> Result<(Vec<Upload>, Option<UnixSeconds>)> {
        self.read(|c| {
            let due = c
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM uploads WHERE state <> 'decided' AND due_at <= ?1 \
                     ORDER BY due_at, seq LIMIT ?2"
                ))?
                .query_map(params![now, columns::row_limit(limit)], upload::upload)?
                .collect::<rusqlite::Result<_>>()?;
            let next = c
                .prepare_cached(
                    "SELECT min(due_at) FROM uploads WHERE state <> 'decided' AND due_at > ?1",
                )?
                .query_row([now], |row| row.get(0))?;
            Ok((due, next))
        })
    }

    /// Number of uploads without a verdict.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn undecided_uploads(&self) -> Result<u64> {
        self.read(|c| {
            c.prepare_cached("SELECT count(*) FROM uploads WHERE state <> 'decided'")?
                .query_row([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
        })
    }

    /// Row number of the newest upload; 0 if there is none.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn last_upload(&self) -> Result<UploadSeq> {
        self.read(|c| c.query_row("SELECT coalesce(max(seq), 0) FROM uploads", [], |r| r.get(0)))
    }

    /// Records that the bytes have been fetched.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn upload_fetched(&self, seq: UploadSeq, bytes: UploadBytes) -> Result<()> {
        self.write_grouped(move |c| {
            c.prepare_cached(
                "UPDATE uploads SET state = 'waiting', digest = ?2, size = ?3, attempts = 0 \
                 WHERE seq = ?1 AND state = 'fetching'",
            )?
            .execute(params![seq, bytes.digest.0, bytes.size.cast_signed()])?;
            Ok(())
        })
    }

    /// Records a failed attempt, and when the next is due.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn postpone_upload(&self, seq: UploadSeq, due_at: UnixSeconds) -> Result<()> {
        self.write_grouped(move |c| {
            c.prepare_cached(
                "UPDATE uploads SET attempts = attempts + 1, due_at = ?2 \
                 WHERE seq = ?1 AND state <> 'decided'",
            )?
            .execute(params![seq, due_at])?;
            Ok(())
        })
    }

    /// Up to `limit` uploads that a tombstone counted against, with all their matches, before `before`, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn uploads_against(
        &self,
        tombstone: &TombstoneId,
        before: Option<UploadId>,
        limit: usize,
    ) -> Result<Vec<(Upload, Vec<UploadMatch>)>> {
        let before = before.map_or([0xff; 16], |id| id.0);
        self.read(|c| {
            let found: Vec<Upload> = c
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM uploads WHERE seq IN (SELECT upload FROM upload_matches \
                     WHERE tombstone = ?1 AND verdict <> 'allow') AND id < ?2 \
                     ORDER BY id DESC LIMIT ?3"
                ))?
                .query_map(params![tombstone.0, before, columns::row_limit(limit)], upload::upload)?
                .collect::<rusqlite::Result<_>>()?;
            found.into_iter().map(|upload| upload::with_matches(c, upload)).collect()
        })
    }
}
