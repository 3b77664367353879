//! Verdicts taken back: uploads that a retired tombstone counted against are judged again by what else was recorded of
//! them, and whoever was told before is told anew.

use crate::engine::tombstones::check_note;
use crate::engine::uploads::Uploads;
use crate::engine::{Error, Result};
use crate::model::{
    Actor, AuditEntry, Reason, TombstoneId, Upload, UploadId, UploadMatch, Verdict, VerdictKind,
};
use crate::store::Reversal;
use crate::wire::{Unredacted, UploadView};

/// Uploads that one request reverses at most; where there are more, it is sent again.
const REVERSED_MAX: usize = 500;

/// What came of a reversal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reversed {
    /// Uploads that have a milder verdict now.
    pub reversed: Vec<UploadId>,
    /// Uploads that other matches count against as much.
    pub unchanged: Vec<UploadId>,
    /// There may be more.
    pub more: bool,
}

impl Uploads {
    /// At most `limit` uploads that a tombstone counted against, the latest first, from before `before` on; `None` when
    /// nothing is known of that tombstone.
    ///
    /// # Errors
    /// The store's refusal.
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

    /// Reverses the verdicts that a retired tombstone caused: those of `only`, or all. `None` when nothing is known of
    /// that tombstone.
    ///
    /// # Errors
    /// `Invalid` when the tombstone still counts; the store's refusal.
    pub fn reverse(
        &self,
        tombstone: &TombstoneId,
        only: Option<&[UploadId]>,
        note: Option<&str>,
        actor: Actor,
    ) -> Result<Option<Reversed>> {
        check_note(note)?;
        if self.engine.store().get_by_id(tombstone)?.is_some() {
            let why = "it counts still; retire it first".to_owned();
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
                match self.reverse_one(&upload, &matches, note, actor)? {
                    true => outcome.reversed.push(upload.id),
                    false => outcome.unchanged.push(upload.id),
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

    /// True when the upload has a milder verdict now.
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
        // False when somebody else changed the answer meanwhile.
        Ok(self.engine.store().reverse_upload(upload.id, decision.answer, new)?)
    }
}

/// Whether something still stands against an upload.
fn counts(upload: &Upload) -> bool {
    upload.decision.as_ref().is_some_and(|d| d.answer.kind != VerdictKind::Allow)
}
