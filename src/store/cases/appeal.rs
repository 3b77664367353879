//! Appeals of uploaders against a block: one reopens the upload's case, or opens a case of its own.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{
    Actor, AuditEntry, Case, CaseEvent, CaseEventKind, CaseId, CaseSeq, CaseState, Sealed,
    UnixSeconds, Upload, UploadId, UploadSeq, VerdictKind,
};
use crate::store::access::audit;
use crate::store::cases::open::open_or_join;
use crate::store::cases::{case, settle};
use crate::store::uploads::upload;
use crate::store::{NewCase, Result, Store};

/// An appeal to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAppeal {
    pub upload: UploadId,
    pub at: UnixSeconds,
    pub actor: Actor,
    /// The uploader's statement.
    pub statement: Option<Sealed>,
    /// The case to open if the upload has none, or shares its case with others.
    pub case: NewCase,
    pub entry: AuditEntry,
}

/// The outcome of [`Store::appeal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppealOutcome {
    /// The appeal opened this case.
    Opened(CaseId),
    /// An earlier appeal opened this case, which is not decided yet.
    AlreadyOpen(CaseId),
    /// There is no such upload.
    NoUpload,
    /// The upload is not blocked.
    NotBlocked,
    /// A decision is about to take effect.
    Pending,
    /// An appeal was decided already.
    AlreadyDecided,
    /// The upload's bytes are gone, so no one can review it.
    BytesGone,
}

impl Store {
    /// Makes an appeal, or returns why it cannot be made.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn appeal(&self, new: NewAppeal) -> Result<AppealOutcome> {
        self.write_grouped(move |c| {
            let seq: Option<UploadSeq> = c
                .prepare_cached("SELECT seq FROM uploads WHERE id = ?1")?
                .query_row([new.upload.0], |row| row.get(0))
                .optional()?;
            let upload = seq.map(|seq| upload::by_seq(c, seq)).transpose()?.flatten();
            let Some(upload) = upload else { return Ok(AppealOutcome::NoUpload) };
            let case = case_of(c, upload.seq)?;
            if let Some(refused) = refusal(&upload, case.as_ref(), new.at) {
                return Ok(refused);
            }
            let opened = match case {
                Some(case) if case.members == 1 => reopened(c, case, &new)?,
                Some(case) => parted(c, &case, &upload, &new)?,
                None => opened(c, &upload, &new, None)?,
            };
            c.prepare_cached("UPDATE uploads SET bytes_until = NULL WHERE seq = ?1")?
                .execute([upload.seq])?;
            audit::append(c, &new.entry)?;
            Ok(AppealOutcome::Opened(opened))
        })
    }
}

fn case_of(c: &Connection, upload: UploadSeq) -> rusqlite::Result<Option<Case>> {
    c.prepare_cached(&format!(
        "SELECT {} FROM case_members m JOIN cases c ON c.seq = m.case_seq WHERE m.upload = ?1",
        case::COLUMNS
    ))?
    .query_row([upload], case::case)
    .optional()
}

fn refusal(upload: &Upload, case: Option<&Case>, at: UnixSeconds) -> Option<AppealOutcome> {
    let answer = upload.decision.as_ref().map(|decision| decision.answer.kind);
    if answer != Some(VerdictKind::Block) {
        return Some(AppealOutcome::NotBlocked);
    }
    if let Some(case) = case {
        match case.state {
            CaseState::Decided => return Some(AppealOutcome::Pending),
            CaseState::Closed if case.appealed_at.is_some() => {
                return Some(AppealOutcome::AlreadyDecided);
            }
            _ if case.appealed_at.is_some() => return Some(AppealOutcome::AlreadyOpen(case.id)),
            _ => {}
        }
    }
    let over =
        upload.bytes_gone_at.is_some() || upload.bytes_until.is_some_and(|until| until <= at);
    over.then_some(AppealOutcome::BytesGone)
}

fn reopened(c: &Connection, case: Case, new: &NewAppeal) -> rusqlite::Result<CaseId> {
    c.prepare_cached(
        "UPDATE cases SET state = 'open', version = version + 1, closed_at = NULL, \
         appealed_at = ?2, appeal_statement = ?3, due_at = ?4, assigned_to = NULL, \
         claimed_by = NULL, claim_until_monotonic = NULL, twice = 0, first_by = NULL, \
         settle_at_monotonic = NULL WHERE seq = ?1",
    )?
    .execute(params![
        case.seq,
        new.at,
        new.statement.as_ref().map(|statement| &statement.0),
        new.case.due_at
    ])?;
    case::forget_likeness(c, case.seq)?;
    tell(c, case.seq, CaseEventKind::Appealed, new)?;
    Ok(case.id)
}

/// Takes the upload out of its group: an appeal concerns one upload.
fn parted(
    c: &Connection,
    case: &Case,
    upload: &Upload,
    new: &NewAppeal,
) -> rusqlite::Result<CaseId> {
    let content = c
        .prepare_cached("SELECT content FROM case_members WHERE upload = ?1")?
        .query_row([upload.seq], |row| row.get(0))?;
    settle::part(c, upload.seq, case.seq)?;
    tell(c, case.seq, CaseEventKind::Parted, new)?;
    let case_of_its_own = NewCase { content, ..new.case.clone() };
    let new = NewAppeal { case: case_of_its_own, ..new.clone() };
    opened(c, upload, &new, Some(case.id))
}

fn opened(
    c: &Connection,
    upload: &Upload,
    new: &NewAppeal,
    parted_from: Option<CaseId>,
) -> rusqlite::Result<CaseId> {
    let (seq, _) = open_or_join(c, upload, &new.case)?;
    c.prepare_cached(
        "UPDATE cases SET appealed_at = ?2, appeal_statement = ?3, parted_from = ?4 WHERE seq = ?1",
    )?
    .execute(params![
        seq,
        new.at,
        new.statement.as_ref().map(|statement| &statement.0),
        parted_from.map(|id| id.0)
    ])?;
    tell(c, seq, CaseEventKind::Appealed, new)?;
    Ok(new.case.id)
}

fn tell(
    c: &Connection,
    case: CaseSeq,
    kind: CaseEventKind,
    new: &NewAppeal,
) -> rusqlite::Result<()> {
    case::add_event(c, case, &CaseEvent { at: new.at, actor: new.actor, kind, note: None })
}
