//! Grants: an owner's leave for a named uploader to post the video again.

use crate::engine::{Engine, Error, Result};
use crate::model::{Actor, AuditEntry, DeletionReason, Environment, GrantId, TombstoneId};
use crate::store::Grant;

/// Longest id of an uploader, bytes.
const UPLOADER_BYTES_MAX: usize = 1024;

impl Engine {
    /// Allows an uploader to post the video of a tombstone. Again is the same grant. `None` when there is no such
    /// tombstone.
    ///
    /// # Errors
    /// `Invalid` when nobody can give that leave; the store's refusal.
    pub fn grant(
        &self,
        tombstone: &TombstoneId,
        uploader: &str,
        actor: Actor,
        environment: &Environment,
    ) -> Result<Option<Grant>> {
        check(uploader)?;
        let Some(tombstone) = self.store().get_by_id(tombstone)? else { return Ok(None) };
        if tombstone.reason != DeletionReason::OwnerRequest {
            let why = format!(
                "its video was deleted for the reason `{}`: nobody can allow anybody to post it",
                tombstone.reason
            );
            return Err(Error::Invalid { what: "tombstone", why });
        }
        let id = GrantId::make(environment).map_err(|source| Error::NoEntropy { source })?;
        let uploader = self.keys().identity.owner(uploader);
        let grant = Grant { id, slot: tombstone.slot, uploader, created_at: environment.now() };
        let entry = entry("grant.create", id.to_string(), actor, environment);
        Ok(self.store().add_grant(&grant, &entry)?)
    }

    /// Takes the leave back; false when there was none.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn revoke_grant(
        &self,
        tombstone: &TombstoneId,
        uploader: &str,
        actor: Actor,
        environment: &Environment,
    ) -> Result<bool> {
        check(uploader)?;
        let Some(found) = self.store().get_by_id(tombstone)? else { return Ok(false) };
        let uploader = self.keys().identity.owner(uploader);
        let entry = entry("grant.revoke", tombstone.to_string(), actor, environment);
        Ok(self.store().remove_grant(found.slot, uploader, &entry)?)
    }

    /// At most `limit` grants of a tombstone, oldest first, from behind `after` on; `None` when there is no such
    /// tombstone. To whom they were given is known as keyed hashes only.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn grants(
        &self,
        tombstone: &TombstoneId,
        after: Option<GrantId>,
        limit: usize,
    ) -> Result<Option<Vec<Grant>>> {
        let Some(found) = self.store().get_by_id(tombstone)? else { return Ok(None) };
        Ok(Some(self.store().grants(found.slot, after, limit)?))
    }
}

fn entry(
    action: &'static str,
    subject: String,
    actor: Actor,
    environment: &Environment,
) -> AuditEntry {
    AuditEntry { at: environment.now(), actor, action, subject, note: None }
}

fn check(uploader: &str) -> Result<()> {
    let why = match uploader {
        "" => "it is empty".to_owned(),
        id if id.len() > UPLOADER_BYTES_MAX => {
            format!("it has more than {UPLOADER_BYTES_MAX} bytes")
        }
        id if id.chars().any(char::is_control) => "it has control characters".to_owned(),
        _ => return Ok(()),
    };
    Err(Error::Invalid { what: "uploader", why })
}
