//! An upload that is to be looked at: its bytes, while its case is not closed. Looking is remembered in the audit log.

use crate::engine::cases::{Cases, lock};
use crate::engine::{Error, Result, UploadFile};
use crate::model::{Actor, CaseState, Reviewer, UploadId};
use crate::store::AuditEntry;

/// Playing a video asks for many ranges of it: for so long they are one look at it, seconds.
const LOOK_S: i64 = 600;
/// Looks that are remembered in memory at most; beyond, some are written down twice.
const LOOKS_MAX: usize = 10_000;

impl Cases {
    /// Opens an upload's bytes for somebody who works on its case; `None` when there is no such upload, it is in no
    /// case, or its bytes are gone.
    ///
    /// # Errors
    /// `NotAllowed` when its case is closed; the store's or the disk's refusal.
    pub fn view(&self, upload: UploadId, reviewer: Reviewer) -> Result<Option<UploadFile>> {
        let Some(case) = self.engine.store.case_of_upload(upload)? else { return Ok(None) };
        if case.state == CaseState::Closed {
            let why = "an upload is looked at only while its case is not closed".to_owned();
            return Err(Error::NotAllowed { why });
        }
        let Some(file) = self.uploads.file(upload)? else { return Ok(None) };
        self.remember_look(upload, reviewer.actor)?;
        Ok(Some(file))
    }

    fn remember_look(&self, upload: UploadId, actor: Actor) -> Result<()> {
        let steady = self.steady.now();
        {
            let mut viewed = lock(&self.viewed);
            let last = viewed.get(&(actor, upload)).copied();
            if last.is_some_and(|last| steady - last < LOOK_S) {
                return Ok(());
            }
            if viewed.len() >= LOOKS_MAX {
                viewed.retain(|_, last| steady - *last < LOOK_S);
            }
            if viewed.len() < LOOKS_MAX {
                viewed.insert((actor, upload), steady);
            }
        }
        let (at, subject) = (self.outside.now(), upload.to_string());
        let entry = AuditEntry { at, actor, action: "upload.view", subject, note: None };
        Ok(self.engine.store.add_audit(&entry)?)
    }
}
