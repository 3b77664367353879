//! Verdicts: recording one and reversing one, each in one transaction with its case and the event for subscribers.

use rusqlite::{Connection, params};

use crate::model::{
    AuditEntry, UnixSeconds, UploadDecision, UploadId, UploadMatch, UploadSeq, Verdict, VerdictKind,
};
use crate::store::access::audit;
use crate::store::cases::{open, settle};
use crate::store::uploads::{prints, upload};
use crate::store::webhooks::outbox;
use crate::store::{NewAcceptance, NewCase, NewEvent, Result, Store};

/// A verdict to record.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDecision {
    pub decision: UploadDecision,
    /// Best first.
    pub matches: Vec<UploadMatch>,
    /// When the bytes are erased; `None` until its case has closed.
    pub bytes_until: Option<UnixSeconds>,
    /// The case that the upload opens, or joins in its place.
    pub case: Option<NewCase>,
    /// What the upload leaves behind if it is accepted.
    pub acceptance: Option<NewAcceptance>,
    /// The event for subscribers.
    pub event: NewEvent,
}

/// A verdict to reverse.
#[derive(Debug, Clone, PartialEq)]
pub struct Reversal {
    pub answer: Verdict,
    pub at: UnixSeconds,
    /// When the bytes are erased now.
    pub bytes_until: UnixSeconds,
    pub event: NewEvent,
    pub entry: AuditEntry,
}

impl Store {
    /// Records a verdict, its matches, its case and the event. Returns false, and records nothing, if there is one
    /// already.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn decide_upload(&self, seq: UploadSeq, new: NewDecision) -> Result<bool> {
        self.write_grouped(move |c| {
            let UploadDecision {
                at,
                verdict,
                answer,
                answered_at,
                seen,
                duration_s,
                trouble,
                damage,
            } = &new.decision;
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
            if let Some(acceptance) = &new.acceptance {
                prints::add(c, seq, acceptance)?;
            }
            if let (Some(case), Some(upload)) = (&new.case, upload::by_seq(c, seq)?) {
                open::open_or_join(c, &upload, case)?;
            }
            outbox::emit(c, &new.event)?;
            Ok(true)
        })
    }

    /// Replaces the answer to the platform. Returns false if the answer is not `before` any more.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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
}

/// The upload needs no review any more: it leaves its case, and its bytes get a date.
fn let_go(
    c: &Connection,
    id: UploadId,
    at: UnixSeconds,
    bytes_until: UnixSeconds,
) -> rusqlite::Result<()> {
    let seq: UploadSeq = c
        .prepare_cached(
            "UPDATE uploads SET bytes_until = coalesce(bytes_until, ?2) WHERE id = ?1 \
             RETURNING seq",
        )?
        .query_row(params![id.0, bytes_until], |row| row.get(0))?;
    prints::settle(c, seq, true)?;
    settle::leave(c, seq, at)
}

fn insert_match(
    c: &Connection,
    seq: UploadSeq,
    rank: i64,
    one: &UploadMatch,
) -> rusqlite::Result<()> {
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
