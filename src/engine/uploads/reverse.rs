//! Reverses verdicts after a tombstone is retired: judges the affected uploads again by their other recorded matches,
//! and sends subscribers the new verdicts.

use crate::engine::error::{Error, Result};
use crate::engine::tombstones::check_note;
use crate::engine::uploads::Uploads;
use crate::model::{
    Actor, AuditEntry, Reason, TombstoneId, Upload, UploadId, UploadMatch, Verdict, VerdictKind,
};
use crate::store::Reversal;
use crate::wire::{Unredacted, UploadView};

/// Uploads reversed per request. The caller repeats the request for more.
const REVERSED_MAX: usize = 500;

/// The result of a reversal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reversed {
    /// Uploads with a milder verdict now.
    pub reversed: Vec<UploadId>,
    /// Uploads whose other matches justify the same verdict.
    pub unchanged: Vec<UploadId>,
    /// More uploads may be left.
    pub more: bool,
}

impl Uploads {
    /// Up to `limit` uploads that a tombstone counted against, newest first, older than `before`; `None` when the
    /// tombstone is unknown.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; [`Error::Sealed`] when client data does not open under this key.
    pub fn blocks(
        &self,
        tombstone: &TombstoneId,
        before: Option<UploadId>,
        limit: usize,
    ) -> Result<Option<Vec<Unredacted<UploadView>>>> {
        let found = self.engine.store().uploads_against(tombstone, before, limit)?;
        if found.is_empty() && self.engine.store().get_by_id(tombstone)?.is_none() {
            let ever = self.engine.store().uploads_against(tombstone, None, 1)?;
            if ever.is_empty() {
                return Ok(None);
            }
        }
        let lines: Result<Vec<Unredacted<UploadView>>> =
            found.into_iter().map(|f| self.line(f)).collect();
        lines.map(Some)
    }

    /// Reverses the verdicts that a retired tombstone caused: those of `only`, or all. `None` when the tombstone is
    /// unknown.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the tombstone is not retired or the note is too long; [`Error::Store`] when the store
    /// cannot be read or written.
    pub fn reverse(
        &self,
        tombstone: &TombstoneId,
        only: Option<&[UploadId]>,
        note: Option<&str>,
        actor: Actor,
    ) -> Result<Option<Reversed>> {
        check_note(note)?;
        if self.engine.store().get_by_id(tombstone)?.is_some() {
            let why = "it is not retired; retire it first".to_owned();
            return Err(Error::Invalid { what: "tombstone", why });
        }
        if self.engine.store().uploads_against(tombstone, None, 1)?.is_empty() {
            return Ok(None);
        }
        let mut outcome = Reversed::default();
        let mut before = None;
        loop {
            let page = self.engine.store().uploads_against(tombstone, before, REVERSED_MAX)?;
            let Some((last, _)) = page.last() else { break };
            before = Some(last.id);
            for (upload, matches) in page {
                if only.is_some_and(|only| !only.contains(&upload.id)) || !counts(&upload) {
                    continue;
                }
                if outcome.reversed.len() == REVERSED_MAX {
                    outcome.more = true;
                    break;
                }
                if self.reverse_one(&upload, &matches, note, actor)? {
                    outcome.reversed.push(upload.id);
                } else {
                    outcome.unchanged.push(upload.id);
                }
            }
            if outcome.more {
                break;
            }
        }
        if !outcome.reversed.is_empty() {
            self.wake_outbox.wake();
            self.wake_retention.wake();
        }
        Ok(Some(outcome))
    }

    /// Returns whether the upload has a milder verdict now.
    fn reverse_one(
        &self,
        upload: &Upload,
        matches: &[UploadMatch],
        note: Option<&str>,
        actor: Actor,
    ) -> Result<bool> {
        let Some(decision) = &upload.decision else { return Ok(false) };
        let left = matches.iter().filter(|one| !one.retired).map(|one| &one.weighed);
        let judged = self.engine.options().policy.overall(left, decision.seen);
        if judged.kind < decision.answer.kind && self.others_stand(upload, matches)? {
            return Ok(false);
        }
        if judged.kind >= decision.answer.kind {
            return Ok(false);
        }
        let answer = match judged.kind {
            VerdictKind::Allow => Verdict { kind: VerdictKind::Allow, reason: Reason::Reversed },
            _ => judged,
        };
        let at = self.environment.now();
        let mut after = upload.clone();
        if let Some(decision) = &mut after.decision {
            (decision.answer, decision.answered_at) = (answer, at);
        }
        let subject = upload.id.to_string();
        let note = note.map(str::to_owned);
        let new = Reversal {
            answer,
            at,
            bytes_until: self.bytes_until(answer.kind),
            event: self.event(&after, matches)?,
            entry: AuditEntry { at, actor, action: "upload.reverse", subject, note },
        };
        // False when the verdict changed concurrently.
        Ok(self.engine.store().reverse_upload(upload.id, decision.answer, new)?)
    }

    /// Whether another deleted video with the content of a retired one counts against the upload. Of one content only a
    /// few matches are recorded, and the bytes with which the others could be judged may be gone.
    fn others_stand(&self, upload: &Upload, matches: &[UploadMatch]) -> Result<bool> {
        let recorded: Vec<&TombstoneId> = matches.iter().map(|one| &one.tombstone).collect();
        let policy = &self.engine.options().policy;
        let retired = matches.iter().filter(|one| one.retired);
        let counted = retired.filter(|one| policy.verdict(&one.weighed) > VerdictKind::Allow);
        for group in counted.filter_map(|one| one.weighed.group) {
            if self.engine.store().group_stands(group.number, upload.uploader, &recorded)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether the verdict is stricter than `allow`.
fn counts(upload: &Upload) -> bool {
    upload.decision.as_ref().is_some_and(|d| d.answer.kind != VerdictKind::Allow)
}
