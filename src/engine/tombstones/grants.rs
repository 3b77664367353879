//! Grants: an owner's permission for one uploader to re-upload the video.

use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::model::{Actor, AuditEntry, DeletionReason, Environment, GrantId, TombstoneId};
use crate::store::Grant;

/// Maximum length of an uploader's id, bytes.
const UPLOADER_BYTES_MAX: usize = 1024;

impl Engine {
    /// Permits an uploader to re-upload the video of a tombstone. Idempotent. `None` if there is no such tombstone.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if the owner did not delete the video, or `uploader` is empty, too long or contains control
    ///   characters;
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
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
                "its video was deleted for the reason `{}`; grants exist only for `owner_request`",
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

    /// Revokes a grant. False if there was no such grant.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if `uploader` is empty, too long or contains control characters;
    /// - [`Error::Store`] if the store cannot be read or written.
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

    /// Up to `limit` grants of a tombstone that follow `after`, oldest first. `None` if there is no such tombstone.
    /// Uploaders are stored as keyed hashes only.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
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
        "" => "must not be empty".to_owned(),
        id if id.len() > UPLOADER_BYTES_MAX => {
            format!("must be at most {UPLOADER_BYTES_MAX} bytes long")
        }
        id if id.chars().any(char::is_control) => "must not contain control characters".to_owned(),
        _ => return Ok(()),
    };
    Err(Error::Invalid { what: "uploader", why })
}
