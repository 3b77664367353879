//! Appeals: reopen a case for another moderator, who sees the uploader's statement.
//!
//! An appealed upload leaves its group for a case of its own. Each upload has one appeal, while its bytes are kept.

use crate::engine::error::{Error, Result};
use crate::engine::review::Cases;
use crate::model::{Actor, AuditEntry, CaseId, UploadId, Verdict, VerdictKind};
use crate::store::{AppealOutcome, NewAppeal};

/// Longest text of an appeal, bytes.
const APPEAL_BYTES_MAX: usize = 4000;

/// An accepted appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appealed {
    /// The case that decides the appeal.
    pub case: CaseId,
    /// False when an earlier appeal of this upload is still undecided.
    pub is_new: bool,
}

impl Cases {
    /// Appeals against the block of an upload; `None` when the upload does not exist.
    ///
    /// # Errors
    /// [`Error::NoAppeal`] when the upload is not blocked, its appeal was decided or its bytes are gone;
    /// [`Error::Invalid`] when the statement is too long; [`Error::Store`] when the store cannot be read or written;
    /// [`Error::NoEntropy`] when the statement cannot be sealed.
    pub fn appeal(
        &self,
        upload: UploadId,
        said: Option<&str>,
        actor: Actor,
    ) -> Result<Option<Appealed>> {
        let said = said.map(str::trim).filter(|said| !said.is_empty());
        if said.is_some_and(|said| said.len() > APPEAL_BYTES_MAX) {
            let why = format!("it is longer than {APPEAL_BYTES_MAX} bytes");
            return Err(Error::Invalid { what: "statement", why });
        }
        let Some((found, matches)) = self.engine.store().upload_with_matches(upload)? else {
            return Ok(None);
        };
        let at = self.environment.now();
        let verdict = found.decision.as_ref().map(|decision| decision.verdict);
        let Some(verdict @ Verdict { .. }) = verdict else { return Err(no_appeal(NOT_BLOCKED)) };
        let best = matches.iter().find(|one| one.verdict != VerdictKind::Allow);
        let case =
            self.uploads.case_opening().case_of_appeal(verdict, best, at, &self.environment)?;
        let identity = &self.engine.keys().identity;
        let statement =
            said.map(|said| identity.seal(said.as_bytes(), &self.environment)).transpose();
        let statement = statement.map_err(|source| Error::NoEntropy { source })?;
        let subject = upload.to_string();
        let entry = AuditEntry { at, actor, action: "upload.appeal", subject, note: None };
        let new = NewAppeal { upload, at, actor, statement, case, entry };
        match self.engine.store().appeal(new)? {
            AppealOutcome::Opened(case) => {
                self.changed();
                self.wake_drawings.wake();
                Ok(Some(Appealed { case, is_new: true }))
            }
            AppealOutcome::AlreadyOpen(case) => Ok(Some(Appealed { case, is_new: false })),
            AppealOutcome::NoUpload => Ok(None),
            AppealOutcome::NotBlocked => Err(no_appeal(NOT_BLOCKED)),
            AppealOutcome::Pending => {
                Err(no_appeal("a decision on this upload takes effect shortly; retry in a minute"))
            }
            AppealOutcome::AlreadyDecided => {
                Err(no_appeal("an appeal for this upload has already been decided"))
            }
            AppealOutcome::BytesGone => {
                Err(no_appeal("the time for an appeal is over: the upload's bytes are erased"))
            }
        }
    }
}

const NOT_BLOCKED: &str = "this upload is not blocked";

fn no_appeal(why: &'static str) -> Error {
    Error::NoAppeal { why }
}
