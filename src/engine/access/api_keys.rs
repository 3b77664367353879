//! API keys: create, list, revoke, authenticate.
//!
//! Authentication reads the key ring in memory and never the database. Every change reloads the ring.

use std::sync::Arc;

use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::model::{Actor, ApiKeyId, AuditEntry, Environment, Scopes, Token, TokenHash};
use crate::store::ApiKey;

/// Longest name of a key, bytes.
const NAME_BYTES_MAX: usize = 200;

/// A request for a new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    pub name: String,
    pub scopes: Scopes,
    /// Rate limit, requests per second, at least 1. `None`: the limit from the settings.
    pub rate_per_s: Option<u32>,
}

impl Engine {
    /// The key with this secret. `None` if it never existed or has been revoked. Does not read the database.
    pub fn authenticate(&self, shown: &str) -> Option<Arc<ApiKey>> {
        let hash = TokenHash::of(shown)?;
        self.key_ring().get(&hash)
    }

    /// Whether the key with this id exists and has not been revoked. Does not read the database.
    pub(in crate::engine) fn api_key_is_good(&self, id: ApiKeyId) -> Result<bool> {
        Ok(self.key_ring().holds(id))
    }

    /// Creates a key. The returned token is the only copy of its secret.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if the key has no scope, a rate of 0, or a name that is empty, too long or contains control
    ///   characters;
    /// - [`Error::Store`] if the store cannot be written;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
    pub fn create_api_key(
        &self,
        new: NewApiKey,
        actor: Actor,
        environment: &Environment,
    ) -> Result<(ApiKey, Token)> {
        let (key, token) = make(new, environment)?;
        self.store().add_api_key(&key, &created(&key, actor))?;
        self.key_ring().load(self.store())?;
        Ok((key, token))
    }

    /// Creates a key with all scopes, unless a key was ever created: otherwise nobody could use a new service. `None`
    /// if there was a key.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be written;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
    pub fn create_first_api_key(
        &self,
        environment: &Environment,
    ) -> Result<Option<(ApiKey, Token)>> {
        let name = "first admin key".to_owned();
        let new = NewApiKey { name, scopes: Scopes::all(), rate_per_s: None };
        let (key, token) = make(new, environment)?;
        let added = self.store().add_first_api_key(&key, &created(&key, Actor::Local))?;
        self.key_ring().load(self.store())?;
        Ok(added.then_some((key, token)))
    }

    /// Revokes a key with immediate effect. Idempotent: a second call does not change the time of revocation. `None`
    /// if there is no such key.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn revoke_api_key(
        &self,
        id: ApiKeyId,
        actor: Actor,
        environment: &Environment,
    ) -> Result<Option<ApiKey>> {
        let at = environment.now();
        let subject = id.to_string();
        let entry = AuditEntry { at, actor, action: "key.revoke", subject, note: None };
        self.store().revoke_api_key(id, at, &entry)?;
        self.key_ring().load(self.store())?;
        Ok(self.store().api_key(id)?)
    }

    /// Up to `limit` keys that follow `after`, oldest first, including revoked ones.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn api_keys(&self, after: Option<ApiKeyId>, limit: usize) -> Result<Vec<ApiKey>> {
        Ok(self.store().api_keys(after, limit)?)
    }
}

fn make(new: NewApiKey, environment: &Environment) -> Result<(ApiKey, Token)> {
    let NewApiKey { name, scopes, rate_per_s } = new;
    let invalid = |what, why: String| Err(Error::Invalid { what, why });
    if scopes.is_empty() {
        return invalid("scopes", "a key needs at least one scope".into());
    }
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return invalid("name", "must not be empty or contain control characters".into());
    }
    if name.len() > NAME_BYTES_MAX {
        return invalid("name", format!("must be at most {NAME_BYTES_MAX} bytes long"));
    }
    if rate_per_s == Some(0) {
        return invalid("rate_per_s", "must be at least 1; leave it out for the default".into());
    }
    let no_entropy = |source| Error::NoEntropy { source };
    let token = Token::new(&environment.random().map_err(no_entropy)?);
    let id = ApiKeyId::make(environment).map_err(no_entropy)?;
    let (hash, created_at) = (token.hash(), environment.now());
    Ok((ApiKey { id, hash, name, scopes, rate_per_s, created_at, revoked_at: None }, token))
}

fn created(key: &ApiKey, actor: Actor) -> AuditEntry {
    AuditEntry {
        at: key.created_at,
        actor,
        action: "key.create",
        subject: key.id.to_string(),
        note: Some(format!("scopes {}", key.scopes)),
    }
}
