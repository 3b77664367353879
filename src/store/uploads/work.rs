//! An upload's way to its verdict: what is due, fetched bytes, failed attempts; and the uploads that matched a tombstone.

use rusqlite::params;

use crate::model::{
    TombstoneId, UnixSeconds, Upload, UploadBytes, UploadId, UploadMatch, UploadSeq,
};
use crate::store::database::columns;
use crate::store::uploads::upload::{self, COLUMNS};
use crate::store::{Result, Store};

impl Store {
    /// At most `limit` uploads that have no verdict and are due at `now`, the longest waiting first, and when the next
    /// will be due.
    ///
    /// # Errors
    /// The database's refusal.
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

    /// How many uploads have no verdict yet.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn undecided_uploads(&self) -> Result<u64> {
        self.read(|c| {
            c.prepare_cached("SELECT count(*) FROM uploads WHERE state <> 'decided'")?
                .query_row([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
        })
    }

    /// The number of the upload that was accepted last; 0 when there was none.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn last_upload(&self) -> Result<UploadSeq> {
        self.read(|c| c.query_row("SELECT coalesce(max(seq), 0) FROM uploads", [], |r| r.get(0)))
    }

    /// Notes that the bytes are here now.
    ///
    /// # Errors
    /// The disk's refusal.
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

    /// Notes a try that failed, and when the next is due.
    ///
    /// # Errors
    /// The disk's refusal.
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

    /// At most `limit` uploads that a tombstone was found in and counted against, with all their matches, the latest
    /// first, from before `before` on.
    ///
    /// # Errors
    /// The database's refusal.
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
