//! The end of a case: its decision takes effect on every member, subscribers are notified, and data that only served
//! the decision is erased.
//!
//! All of it is one transaction: after `kill -9`, a decision either has not taken effect yet and will, or has and is in
//! the outbox.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{
    Actor, AuditEntry, Case, CaseDecision, CaseEvent, CaseEventKind, CaseSeq, CaseState,
    MonotonicSeconds, UnixSeconds, UploadSeq, Verdict, VerdictKind,
};
use crate::store::access::audit;
use crate::store::cases::case::{self, COLUMNS};
use crate::store::database::columns;
use crate::store::tombstones::{grants, ruled_out};
use crate::store::uploads::prints;
use crate::store::webhooks::outbox;
use crate::store::{Grant, NewEvent, NewRuledOut, Result, Store};

/// A case whose decision is due to take effect, and all its decisions.
pub type DueCase = (Case, Vec<CaseDecision>);

/// The effects of a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The case as it was read; if it has changed since, nothing happens.
    pub case: Case,
    pub at: UnixSeconds,
    pub members: Vec<MemberEnd>,
    /// Rulings to add: this content is not that tombstone's video…
    pub ruled_out: Vec<NewRuledOut>,
    /// …and rulings to remove.
    pub ruled_in: Vec<NewRuledOut>,
    /// A standing grant to the uploader.
    pub grant: Option<Grant>,
    pub entry: AuditEntry,
}

/// The effect on one member.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberEnd {
    pub upload: UploadSeq,
    pub answer: Verdict,
    pub bytes_until: UnixSeconds,
    /// The event for subscribers.
    pub event: NewEvent,
}

impl Store {
    /// Up to `limit` cases whose decision is due at `now`, and when the next is due.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn cases_to_settle(
        &self,
        now: MonotonicSeconds,
        limit: usize,
    ) -> Result<(Vec<DueCase>, Option<MonotonicSeconds>)> {
        self.read(|c| {
            let due: Vec<Case> = c
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM cases c WHERE c.settle_at_monotonic <= ?1 \
                     ORDER BY c.settle_at_monotonic LIMIT ?2"
                ))?
                .query_map(params![now, columns::row_limit(limit)], case::case)?
                .collect::<rusqlite::Result<_>>()?;
            let mut found = Vec::with_capacity(due.len());
            for case in due {
                let decisions = case::decisions(c, case.seq)?;
                found.push((case, decisions));
            }
            let next = c
                .prepare_cached(
                    "SELECT min(settle_at_monotonic) FROM cases WHERE settle_at_monotonic > ?1",
                )?
                .query_row([now], |row| row.get(0))?;
            Ok((found, next))
        })
    }

    /// Lets a decision take effect; returns false if the case has changed since it was read.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn settle_case(&self, settlement: Settlement) -> Result<bool> {
        self.write_grouped(move |c| {
            let seen = &settlement.case;
            let closed = c
                .prepare_cached(
                    "UPDATE cases SET state = 'closed', closed_at = ?5, \
                     settle_at_monotonic = NULL, claimed_by = NULL, claim_until_monotonic = NULL, \
                     version = version + 1 WHERE seq = ?1 AND version = ?2 \
                     AND settle_at_monotonic = ?3 AND members = ?4",
                )?
                .execute(params![
                    seen.seq,
                    seen.version,
                    seen.settle_at_monotonic,
                    seen.members,
                    settlement.at
                ])?;
            if closed == 0 {
                return Ok(false);
            }
            for member in &settlement.members {
                end_member(c, member, settlement.at)?;
            }
            settlement.ruled_out.iter().try_for_each(|one| ruled_out::add(c, one))?;
            settlement.ruled_in.iter().try_for_each(|one| ruled_out::remove(c, one))?;
            if let Some(grant) = &settlement.grant {
                grants::add(c, grant)?;
            }
            case::forget_likeness(c, seen.seq)?;
            let (at, kind) = (settlement.at, CaseEventKind::Closed);
            let event = CaseEvent { at, actor: Actor::Policy, kind, note: None };
            case::add_event(c, seen.seq, &event)?;
            audit::append(c, &settlement.entry)?;
            Ok(true)
        })
    }

    /// Bounds leases and undo times of an earlier run on this run's monotonic time line: none lasts longer than one
    /// that begins now.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn bound_case_times(
        &self,
        claim_until: MonotonicSeconds,
        undo_until: MonotonicSeconds,
        second_until: MonotonicSeconds,
    ) -> Result<()> {
        self.write(|c| {
            c.execute(
                "UPDATE cases SET claim_until_monotonic = ?1 WHERE claim_until_monotonic > ?1",
                [claim_until],
            )?;
            c.execute(
                "UPDATE cases SET settle_at_monotonic = ?1 WHERE settle_at_monotonic > ?1 \
                 AND state = 'decided'",
                [undo_until],
            )?;
            c.execute(
                "UPDATE cases SET settle_at_monotonic = ?1 WHERE settle_at_monotonic > ?1 \
                 AND state = 'open'",
                [second_until],
            )?;
            c.execute(
                "UPDATE case_decisions SET undo_until_monotonic = ?1 \
                 WHERE undo_until_monotonic > ?1 AND case_seq IN (SELECT seq FROM cases \
                 WHERE settle_at_monotonic IS NOT NULL)",
                [undo_until],
            )?;
            Ok(())
        })
    }
}

fn end_member(c: &Connection, member: &MemberEnd, at: UnixSeconds) -> rusqlite::Result<()> {
    let Verdict { kind, reason } = member.answer;
    let changed = c
        .prepare_cached(
            "UPDATE uploads SET answer = ?2, answer_reason = ?3, answered_at = ?4, \
             bytes_until = ?5 WHERE seq = ?1",
        )?
        .execute(params![member.upload, kind.as_str(), reason.as_str(), at, member.bytes_until])?;
    if changed == 0 {
        return Ok(());
    }
    prints::settle(c, member.upload, kind == VerdictKind::Allow)?;
    outbox::emit(c, &member.event)
}

/// An upload got another verdict without a decision: it leaves its case, which closes if it was the last member.
pub(in crate::store) fn leave(
    c: &Connection,
    upload: UploadSeq,
    at: UnixSeconds,
) -> rusqlite::Result<()> {
    let left: Option<(CaseSeq, i64)> = c
        .prepare_cached(
            "SELECT m.case_seq, c.members FROM case_members m JOIN cases c ON c.seq = m.case_seq \
             WHERE m.upload = ?1 AND c.state <> ?2",
        )?
        .query_row(params![upload, CaseState::Closed.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((case, members)) = left else { return Ok(()) };
    if members > 1 {
        part(c, upload, case)?;
        return Ok(());
    }
    c.prepare_cached(
        "UPDATE cases SET state = 'closed', closed_at = ?2, settle_at_monotonic = NULL, \
         claimed_by = NULL, claim_until_monotonic = NULL, version = version + 1 WHERE seq = ?1",
    )?
    .execute(params![case, at])?;
    case::forget_likeness(c, case)?;
    let (actor, kind) = (Actor::Policy, CaseEventKind::Closed);
    let note = Some("the tombstone was retired".to_owned());
    case::add_event(c, case, &CaseEvent { at, actor, kind, note })
}

/// Takes an upload out of a case with other members.
pub(in crate::store) fn part(
    c: &Connection,
    upload: UploadSeq,
    case: CaseSeq,
) -> rusqlite::Result<()> {
    c.prepare_cached("DELETE FROM case_members WHERE upload = ?1")?.execute([upload])?;
    c.prepare_cached(
        "UPDATE cases SET members = members - 1, version = version + 1, upload = coalesce((SELECT \
         min(m.upload) FROM case_members m WHERE m.case_seq = cases.seq), upload) WHERE seq = ?1",
    )?
    .execute([case])?;
    Ok(())
}
