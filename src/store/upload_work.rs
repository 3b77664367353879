//! An upload's way to its verdict: what is due, fetched bytes, failed tries, the decision, and its reversal.

use rusqlite::{Connection, params};

use crate::model::{TombstoneId, UnixSeconds, UploadId, Verdict, VerdictKind};
use crate::store::uploads::{self, COLUMNS};
use crate::store::{
    AuditEntry, Bytes, Decision, NewCase, NewEvent, Result, Store, Upload, UploadMatch, audit,
    case_open, case_settle, outbox, tombstones,
};

/// What a decision changes.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDecision {
    pub decision: Decision,
    /// Best first.
    pub matches: Vec<UploadMatch>,
    /// When the bytes go; `None`: when its case has closed, and somebody says when.
    pub bytes_until: Option<UnixSeconds>,
    /// The case that it opens, unless it joins another.
    pub case: Option<NewCase>,
    /// What subscribers are told.
    pub event: NewEvent,
}

/// What a reversal changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Reversal {
    pub answer: Verdict,
    pub at: UnixSeconds,
    /// When the bytes go now.
    pub bytes_until: UnixSeconds,
    pub event: NewEvent,
    pub entry: AuditEntry,
}

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
                .query_map(params![now, tombstones::row_limit(limit)], uploads::upload)?
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
    pub fn last_upload(&self) -> Result<i64> {
        self.read(|c| c.query_row("SELECT coalesce(max(seq), 0) FROM uploads", [], |r| r.get(0)))
    }

    /// Notes that the bytes are here now.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn upload_fetched(&self, seq: i64, bytes: Bytes) -> Result<()> {
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
    pub fn postpone_upload(&self, seq: i64, due_at: UnixSeconds) -> Result<()> {
        self.write_grouped(move |c| {
            c.prepare_cached(
                "UPDATE uploads SET attempts = attempts + 1, due_at = ?2 \
                 WHERE seq = ?1 AND state <> 'decided'",
            )?
            .execute(params![seq, due_at])?;
            Ok(())
        })
    }

    /// Records the verdict, its matches, its case and the event, all or nothing; false when there was a verdict already.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn decide_upload(&self, seq: i64, new: NewDecision) -> Result<bool> {
        self.write_grouped(move |c| {
            let Decision { at, verdict, answer, answered_at, seen, duration_s, trouble, damage } =
                &new.decision;
            let changed = c
                .prepare_cached(
                    "UPDATE uploads SET state = 'decided', decided_at = ?2, verdict = ?3, \
                     reason = ?4, answer = ?5, answer_reason = ?6, answered_at = ?7, seen = ?8, \
                     duration_s = ?9, trouble = ?10, damage = ?11, bytes_until = ?12 \
                     WHERE seq = ?1 AND state <> 'decided'",
                )?
                .execute(params![
                    seq,
                    at,
                    verdict.kind.as_str(),
                    verdict.reason.as_str(),
                    answer.kind.as_str(),
                    answer.reason.as_str(),
                    answered_at,
                    seen.as_str(),
                    duration_s,
                    trouble,
                    damage,
                    new.bytes_until,
                ])?;
            if changed == 0 {
                return Ok(false);
            }
            for (rank, one) in (0_i64..).zip(&new.matches) {
                insert_match(c, seq, rank, one)?;
            }
            if let (Some(case), Some(upload)) = (&new.case, uploads::by_seq(c, seq)?) {
                case_open::open_or_join(c, &upload, case)?;
            }
            outbox::emit(c, &new.event)?;
            Ok(true)
        })
    }

    /// Changes what the platform was told. False when the answer is no longer `before`.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn reverse_upload(&self, id: UploadId, before: Verdict, new: Reversal) -> Result<bool> {
        self.write_grouped(move |c| {
            let changed = c
                .prepare_cached(
                    "UPDATE uploads SET answer = ?4, answer_reason = ?5, answered_at = ?6, \
                     bytes_until = min(bytes_until, ?7) \
                     WHERE id = ?1 AND answer = ?2 AND answer_reason = ?3",
                )?
                .execute(params![
                    id.0,
                    before.kind.as_str(),
                    before.reason.as_str(),
                    new.answer.kind.as_str(),
                    new.answer.reason.as_str(),
                    new.at,
                    new.bytes_until,
                ])?;
            if changed > 0 {
                if new.answer.kind == VerdictKind::Allow {
                    let_go(c, id, new.at, new.bytes_until)?;
                }
                outbox::emit(c, &new.event)?;
                audit::append(c, &new.entry)?;
            }
            Ok(changed > 0)
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
                .query_map(
                    params![tombstone.0, before, tombstones::row_limit(limit)],
                    uploads::upload,
                )?
                .collect::<rusqlite::Result<_>>()?;
            found.into_iter().map(|upload| uploads::with_matches(c, upload)).collect()
        })
    }
}

/// Nobody needs to look at it any more.
fn let_go(
    c: &Connection,
    id: UploadId,
    at: UnixSeconds,
    bytes_until: UnixSeconds,
) -> rusqlite::Result<()> {
    let seq: i64 = c
        .prepare_cached(
            "UPDATE uploads SET bytes_until = coalesce(bytes_until, ?2) WHERE id = ?1 RETURNING seq",
        )?
        .query_row(params![id.0, bytes_until], |row| row.get(0))?;
    case_settle::leave(c, seq, at)
}

fn insert_match(c: &Connection, seq: i64, rank: i64, one: &UploadMatch) -> rusqlite::Result<()> {
    let weighed = serde_json::to_string(&one.weighed);
    let weighed = weighed.map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    c.prepare_cached(
        "INSERT INTO upload_matches (upload, rank, tombstone, verdict, weighed, detail, retired) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        seq,
        rank,
        one.tombstone.0,
        one.verdict.as_str(),
        weighed,
        one.detail,
        one.retired
    ])?;
    Ok(())
}
