//! The end of a tombstone: a person retires it, or it expires under the settings. Either way it is erased and never
//! matches again.
//!
//! Retiring means that the tombstone should not have existed, so verdicts against uploads can be reversed
//! (`uploads::reverse`). Expiry leaves them as they are.

use crate::engine::core::Engine;
use crate::engine::core::sync;
use crate::engine::error::{Error, Result};
use crate::model::{Actor, AuditEntry, DeletionReason, Environment, TombstoneId};
use crate::store::TombstoneEnd;

/// Maximum length of a note, bytes.
const NOTE_BYTES_MAX: usize = 1000;
/// Expired tombstones read at once.
const EXPIRED_AT_ONCE: usize = 200;

/// Checks the length of a note.
///
/// # Errors
/// [`Error::Invalid`] if the note is too long.
pub(in crate::engine) fn check_note(note: Option<&str>) -> Result<()> {
    if note.is_some_and(|note| note.len() > NOTE_BYTES_MAX) {
        let why = format!("must be at most {NOTE_BYTES_MAX} bytes long");
        return Err(Error::Invalid { what: "note", why });
    }
    Ok(())
}

impl Engine {
    /// Retires a tombstone. Returns the number of uploads that it counted against, or `None` if there is no such
    /// tombstone.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if the note is too long;
    /// - [`Error::Store`] if the store cannot be written;
    /// - [`Error::Index`] if the index cannot be written: the tombstone is retired, and the index catches up later.
    pub fn retire_tombstone(
        &self,
        id: &TombstoneId,
        note: Option<String>,
        actor: Actor,
        environment: &Environment,
    ) -> Result<Option<u64>> {
        check_note(note.as_deref())?;
        let (at, subject) = (environment.now(), id.to_string());
        let entry = AuditEntry { at, actor, action: "tombstone.retire", subject, note };
        let against = self.store().end_tombstone(id, TombstoneEnd::Retired, &entry)?;
        self.drop_from_index()?;
        Ok(against)
    }

    /// Erases the expired tombstones. Returns their number.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::Index`] if the index cannot be written: the tombstones are erased, and the index catches up later.
    pub fn expire_tombstones(&self, environment: &Environment) -> Result<usize> {
        let mut gone = 0;
        for reason in DeletionReason::ALL {
            let Some(kept_s) = self.options().expiry.of(*reason) else { continue };
            let before = environment.now() - kept_s;
            loop {
                let due = self.store().tombstones_before(*reason, before, EXPIRED_AT_ONCE)?;
                if due.is_empty() {
                    break;
                }
                for id in due {
                    let (at, subject) = (environment.now(), id.to_string());
                    let (actor, action) = (Actor::Policy, "tombstone.expire");
                    let entry = AuditEntry { at, actor, action, subject, note: None };
                    self.store().end_tombstone(&id, TombstoneEnd::Expired, &entry)?;
                    gone += 1;
                }
            }
        }
        if gone > 0 {
            self.drop_from_index()?;
        }
        Ok(gone)
    }

    /// Removes ended tombstones from the index. Also folds the write-ahead log, which erases their old pages; a reader
    /// may delay that, so its failure is ignored.
    fn drop_from_index(&self) -> Result<()> {
        let _ = self.store().fold_log();
        match self.index() {
            Some(index) => sync::catch_up(self.store(), index),
            None => Ok(()),
        }
    }
}
