//! A deletion as a job: leased, advanced from stage to stage, cancelled, retried, completed, and erased after its
//! retention.
//!
//! Every change of stage names the stage that it comes from and does nothing in any other, so of two that race only one
//! wins: a cancellation against the start of purging, or a job that was taken twice against itself.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{
    Actor, CopyState, DAY_S, Deletion, DeletionEventKind, DeletionId, DeletionSeq, Stage,
    StoredCopy, TombstoneId, UnixSeconds,
};
use crate::store::database::columns;
use crate::store::deletions::deletion::{by_seq, log_action};
use crate::store::deletions::events::{self, NewEvent};
use crate::store::deletions::{copies, receipts};
use crate::store::webhooks::outbox;
use crate::store::{NewReceipt, Result, Store};

/// Jobs that were leased.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeasedDeletions {
    pub seqs: Vec<DeletionSeq>,
    /// When the next job without a lease is due.
    pub next_due_at: Option<UnixSeconds>,
}

/// The outcome of [`Store::cancel_deletion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    Done,
    /// It was cancelled before.
    AlreadyCancelled,
    /// Copies are being erased, or gone.
    TooLate(Stage),
}

/// The outcome of [`Store::retry_deletion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOutcome {
    Scheduled,
    /// It is complete or cancelled, or nothing of it is left to do.
    NothingLeft,
    NoDeletion,
}

impl Store {
    /// A deletion and its copies, from one snapshot.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn deletion_facts(&self, seq: DeletionSeq) -> Result<Option<(Deletion, Vec<StoredCopy>)>> {
        self.read(|c| {
            let Some(deletion) = by_seq(c, seq)? else { return Ok(None) };
            Ok(Some((deletion, copies::of(c, seq)?)))
        })
    }

    /// Leases up to `limit` due deletions, longest overdue first.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn take_deletions(
        &self,
        now: UnixSeconds,
        lease_until: UnixSeconds,
        limit: usize,
    ) -> Result<LeasedDeletions> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let anything = self.read(|c| next_due(c, now))?;
        // A read is cheap; a write costs a disk sync.
        if anything.is_none_or(|at| at > now) {
            return Ok(LeasedDeletions { seqs: Vec::new(), next_due_at: anything });
        }
        self.write_grouped(move |c| {
            let seqs = c
                .prepare_cached(
                    "UPDATE deletions SET lease_until = ?2, retry_requested = 0, \
                     attempts = attempts + 1 WHERE seq IN (SELECT seq FROM deletions \
                     WHERE due_at <= ?1 AND lease_until <= ?1 ORDER BY due_at LIMIT ?3) \
                     RETURNING seq",
                )?
                .query_map(params![now, lease_until, limit], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(LeasedDeletions { seqs, next_due_at: next_due(c, now)? })
        })
    }

    /// Extends the leases of these deletions.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn extend_deletion_leases(
        &self,
        seqs: &[DeletionSeq],
        lease_until: UnixSeconds,
    ) -> Result<()> {
        let seqs = seqs.to_vec();
        self.write_grouped(move |c| {
            let mut extend = c.prepare_cached(
                "UPDATE deletions SET lease_until = ?2 WHERE seq = ?1 AND lease_until > 0",
            )?;
            seqs.iter().try_for_each(|seq| extend.execute(params![seq, lease_until]).map(drop))
        })
    }

    /// Releases all leases. Called at start-up, when this process is the only owner of the folder.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn release_deletion_leases(&self) -> Result<()> {
        self.write_grouped(|c| {
            c.execute("UPDATE deletions SET lease_until = 0 WHERE lease_until > 0", []).map(drop)
        })
    }

    /// Advances a deletion; returns false if its stage is not `from`.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn advance_deletion(
        &self,
        seq: DeletionSeq,
        from: Stage,
        to: Stage,
        at: UnixSeconds,
    ) -> Result<bool> {
        self.write_grouped(move |c| advance(c, seq, from, to, at))
    }

    /// Advances a deletion to [`Stage::Fingerprinted`]; returns false if its stage is not [`Stage::Hidden`].
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn set_tombstone(
        &self,
        seq: DeletionSeq,
        tombstone: &TombstoneId,
        at: UnixSeconds,
    ) -> Result<bool> {
        let tombstone = tombstone.0.clone();
        self.write_grouped(move |c| {
            let moved = advance(c, seq, Stage::Hidden, Stage::Fingerprinted, at)?;
            if moved {
                c.prepare_cached(
                    "UPDATE deletions SET tombstone = ?2, failures = 0, last_error = NULL, \
                     uploaded_from = NULL, uploaded_to = NULL WHERE seq = ?1",
                )?
                .execute(params![seq, tombstone])?;
            }
            Ok(moved)
        })
    }

    /// Releases a lease. The job is due at `due_at`, or at once if an operator asked for a retry meanwhile.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn postpone_deletion(
        &self,
        seq: DeletionSeq,
        due_at: Option<UnixSeconds>,
        now: UnixSeconds,
    ) -> Result<()> {
        self.write_grouped(move |c| {
            c.prepare_cached(
                "UPDATE deletions SET due_at = CASE WHEN retry_requested THEN ?3 ELSE ?2 END, \
                 lease_until = 0 WHERE seq = ?1",
            )?
            .execute(params![seq, due_at, now])
            .map(drop)
        })
    }

    /// Records a failure of the deletion itself (not of a copy), and when the next attempt is due. `stuck` is the event
    /// to emit if the failure needs an operator's attention and the deletion was not stuck before.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn fail_deletion(
        &self,
        seq: DeletionSeq,
        error: &str,
        stuck: Option<outbox::NewEvent>,
        due_at: UnixSeconds,
        now: UnixSeconds,
    ) -> Result<()> {
        let error = error.to_owned();
        self.write_grouped(move |c| {
            let was_stuck: Option<bool> = c
                .prepare_cached(
                    "UPDATE deletions SET failures = failures + 1, last_error = ?2, \
                     lease_until = 0, due_at = CASE WHEN retry_requested THEN ?4 ELSE ?3 END \
                     WHERE seq = ?1 RETURNING stuck_why IS NOT NULL",
                )?
                .query_row(params![seq, error, due_at, now], |row| row.get(0))
                .optional()?;
            note(c, seq, now, DeletionEventKind::Failed, &error)?;
            if let Some(event) = stuck
                && was_stuck == Some(false)
            {
                c.prepare_cached("UPDATE deletions SET stuck_why = ?2 WHERE seq = ?1")?
                    .execute(params![seq, error])?;
                note(c, seq, now, DeletionEventKind::Stuck, &error)?;
                outbox::emit(c, &event)?;
            }
            Ok(())
        })
    }

    /// Cancels a deletion; returns `None` if there is none with this id.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn cancel_deletion(
        &self,
        id: DeletionId,
        at: UnixSeconds,
        by: Actor,
    ) -> Result<Option<CancelOutcome>> {
        self.write_grouped(move |c| {
            let found: Option<(DeletionSeq, Stage)> = c
                .prepare_cached("SELECT seq, stage FROM deletions WHERE id = ?1")?
                .query_row([id.0], |row| Ok((row.get(0)?, columns::parsed(row, 1)?)))
                .optional()?;
            let Some((seq, stage)) = found else { return Ok(None) };
            if stage == Stage::Cancelled {
                return Ok(Some(CancelOutcome::AlreadyCancelled));
            }
            if !stage.is_cancellable() || !advance(c, seq, stage, Stage::Cancelled, at)? {
                return Ok(Some(CancelOutcome::TooLate(stage)));
            }
            // The job does the rest: it removes the tombstone and the client data.
            c.prepare_cached(
                "UPDATE deletions SET due_at = ?2, retry_requested = 1, stuck_why = NULL \
                 WHERE seq = ?1",
            )?
            .execute(params![seq, at])?;
            log_action(c, id, "deletion.cancel", by, at)?;
            Ok(Some(CancelOutcome::Done))
        })
    }

    /// Makes everything that failed due at once. Copies that are held until a date stay held.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn retry_deletion(
        &self,
        id: DeletionId,
        at: UnixSeconds,
        by: Actor,
    ) -> Result<RetryOutcome> {
        self.write_grouped(move |c| {
            let seq: Option<DeletionSeq> = c
                .prepare_cached(
                    "UPDATE deletions SET due_at = ?2, retry_requested = 1, failures = 0 \
                     WHERE id = ?1 AND due_at IS NOT NULL AND stage NOT IN ('complete', \
                     'cancelled') RETURNING seq",
                )?
                .query_row(params![id.0, at], |row| row.get(0))
                .optional()?;
            let Some(seq) = seq else {
                let exists = c
                    .prepare_cached("SELECT exists (SELECT 1 FROM deletions WHERE id = ?1)")?
                    .query_row([id.0], |row| row.get(0))?;
                let outcome =
                    if exists { RetryOutcome::NothingLeft } else { RetryOutcome::NoDeletion };
                return Ok(outcome);
            };
            c.prepare_cached(
                "UPDATE copies SET due_at = ?2, failures = 0 WHERE deletion = ?1 \
                 AND state IN ('pending', 'stuck')",
            )?
            .execute(params![seq, at])?;
            events::append_plain(c, seq, at, DeletionEventKind::Retried)?;
            log_action(c, id, "deletion.retry", by, at)?;
            Ok(RetryOutcome::Scheduled)
        })
    }

    /// Completes a deletion whose copies are all gone: stores the receipt, erases the addresses, emits the event.
    /// Returns false if its stage is not [`Stage::Erased`], or a copy is left.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn complete_deletion(
        &self,
        seq: DeletionSeq,
        receipt: NewReceipt,
        event: outbox::NewEvent,
        at: UnixSeconds,
        retention_until: UnixSeconds,
    ) -> Result<bool> {
        self.write_grouped(move |c| {
            let left: i64 = c
                .prepare_cached("SELECT count(*) FROM copies WHERE deletion = ?1 AND state <> ?2")?
                .query_row(params![seq, CopyState::Gone.as_str()], |row| row.get(0))?;
            if left > 0 || !advance(c, seq, Stage::Erased, Stage::Complete, at)? {
                return Ok(false);
            }
            receipts::insert(c, seq, &receipt)?;
            c.prepare_cached("UPDATE copies SET sealed = NULL WHERE deletion = ?1")?
                .execute([seq])?;
            c.prepare_cached("UPDATE retained_videos SET erased_on = ?2 WHERE deletion = ?1")?
                .execute(params![seq, at.div_euclid(DAY_S)])?;
            c.prepare_cached(
                "UPDATE deletions SET due_at = NULL, lease_until = 0, stuck_why = NULL, \
                 last_error = NULL, retention_until = ?2 WHERE seq = ?1",
            )?
            .execute(params![seq, retention_until])?;
            outbox::emit(c, &event)?;
            Ok(true)
        })
    }

    /// Erases the client data of a cancelled deletion, and ends the job.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn forget_cancelled(&self, seq: DeletionSeq) -> Result<()> {
        self.write_grouped(move |c| {
            forget(c, seq)?;
            c.prepare_cached(
                "UPDATE deletions SET due_at = NULL, lease_until = 0, tombstone = NULL \
                 WHERE seq = ?1",
            )?
            .execute([seq])
            .map(drop)
        })
    }

    /// Up to `limit` completed deletions whose retention has ended.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn retention_ended(&self, now: UnixSeconds, limit: usize) -> Result<Vec<DeletionSeq>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT seq FROM deletions WHERE retention_until <= ?1 ORDER BY retention_until \
                 LIMIT ?2",
            )?
            .query_map(params![now, limit as i64], |row| row.get(0))?
            .collect()
        })
    }

    /// When the next retention ends.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn next_retention_end(&self) -> Result<Option<UnixSeconds>> {
        self.read(|c| {
            c.prepare_cached("SELECT min(retention_until) FROM deletions")?
                .query_row([], |row| row.get(0))
        })
    }

    /// Erases everything that these deletions kept in plain. It stays in the database's write-ahead log until
    /// [`Store::fold_log`].
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn end_retention(&self, seqs: Vec<DeletionSeq>) -> Result<()> {
        self.write_grouped(move |c| {
            for seq in &seqs {
                forget(c, *seq)?;
                c.prepare_cached("UPDATE receipts SET sealed = NULL WHERE deletion = ?1")?
                    .execute([seq])?;
                c.prepare_cached("UPDATE deletions SET retention_until = NULL WHERE seq = ?1")?
                    .execute([seq])?;
            }
            Ok(())
        })
    }
}

/// Erases everything about the video but the receipt and keyed hashes.
fn forget(connection: &Connection, seq: DeletionSeq) -> rusqlite::Result<()> {
    let statements = [
        "DELETE FROM deletion_client_data WHERE deletion = ?1",
        "DELETE FROM deletion_events WHERE deletion = ?1 AND kind NOT IN ('complete', 'cancelled')",
        "DELETE FROM retained_videos WHERE deletion = ?1",
        "UPDATE copies SET sealed = NULL, last_error = NULL WHERE deletion = ?1",
        "UPDATE deletions SET stuck_why = NULL, last_error = NULL WHERE seq = ?1",
    ];
    statements.iter().try_for_each(|sql| connection.prepare_cached(sql)?.execute([seq]).map(drop))
}

/// The column with a stage's time, and the stage's event.
fn mark_of(stage: Stage) -> (&'static str, DeletionEventKind) {
    match stage {
        Stage::Requested => ("requested_at", DeletionEventKind::Requested),
        Stage::Hidden => ("hidden_at", DeletionEventKind::Hidden),
        Stage::Fingerprinted => ("fingerprinted_at", DeletionEventKind::Fingerprinted),
        Stage::Purging => ("purging_at", DeletionEventKind::Purging),
        Stage::Erased => ("erased_at", DeletionEventKind::Erased),
        Stage::Complete => ("complete_at", DeletionEventKind::Complete),
        Stage::Cancelled => ("cancelled_at", DeletionEventKind::Cancelled),
    }
}

fn advance(
    connection: &Connection,
    seq: DeletionSeq,
    from: Stage,
    to: Stage,
    at: UnixSeconds,
) -> rusqlite::Result<bool> {
    let (column, kind) = mark_of(to);
    let moved = connection
        .prepare_cached(&format!(
            "UPDATE deletions SET stage = ?3, {column} = ?4 WHERE seq = ?1 AND stage = ?2"
        ))?
        .execute(params![seq, from.as_str(), to.as_str(), at])?;
    if moved == 1 {
        events::append_plain(connection, seq, at, kind)?;
    }
    Ok(moved == 1)
}

fn note(
    connection: &Connection,
    deletion: DeletionSeq,
    at: UnixSeconds,
    kind: DeletionEventKind,
    note: &str,
) -> rusqlite::Result<()> {
    let event = NewEvent { deletion, at, kind, place: None, note: Some(note) };
    events::append(connection, &event)
}

/// When the earliest job without a lease is due.
fn next_due(connection: &Connection, now: UnixSeconds) -> rusqlite::Result<Option<UnixSeconds>> {
    connection
        .prepare_cached(
            "SELECT due_at FROM deletions WHERE due_at IS NOT NULL AND lease_until <= ?1 \
             ORDER BY due_at LIMIT 1",
        )?
        .query_row([now], |row| row.get(0))
        .optional()
}
