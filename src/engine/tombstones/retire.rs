//! The end of a tombstone: retired by somebody, or expired as the settings say. Either way it is erased, and nothing is
//! recognised by it any more.
//!
//! Retiring says that it should not have been there: what it counted against can be reversed (`upload_reverse`).
//! Expiring does not.

use crate::engine::core::sync;
use crate::engine::{Engine, Error, Result};
use crate::model::{Actor, AuditEntry, DeletionReason, Environment, TombstoneId};
use crate::store::TombstoneEnd;

/// Longest note, bytes.
const NOTE_BYTES_MAX: usize = 1000;
/// Tombstones that expire in one step.
const EXPIRED_AT_ONCE: usize = 200;

/// A note as somebody gave it.
///
/// # Errors
/// `Invalid` when it is too long.
pub(in crate::engine) fn check_note(note: Option<&str>) -> Result<()> {
    if note.is_some_and(|note| note.len() > NOTE_BYTES_MAX) {
        let why = format!("it has more than {NOTE_BYTES_MAX} bytes");
        return Err(Error::Invalid { what: "note", why });
    }
    Ok(())
}

impl Engine {
    /// Retires a tombstone; `None` when there is none of this name. The answer is how many uploads it counted against.
    ///
    /// # Errors
    /// `Invalid` names the field; the store's refusal.
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

    /// Lets tombstones go whose time is over; the answer is how many went.
    ///
    /// # Errors
    /// The store's refusal.
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

    /// The store decides; the index drops what it hears of, and a reader in the way of erasing old pages only delays it.
    fn drop_from_index(&self) -> Result<()> {
        let _ = self.store().fold_log();
        match self.index() {
            Some(index) => sync::catch_up(self.store(), index),
            None => Ok(()),
        }
    }
}
