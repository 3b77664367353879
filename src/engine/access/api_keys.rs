//! API keys: made, listed, revoked, and known again.
//!
//! The good ones are held in memory, so that knowing a caller costs a hash and a look-up and no database. All changes
//! go through this process, which has the data folder's lock, so the ring is never behind.

use std::sync::Arc;

use crate::engine::{Engine, Error, Result};
use crate::model::{Actor, ApiKeyId, AuditEntry, Environment, Scopes, Token, TokenHash};
use crate::store::ApiKey;

/// Longest name of a key, bytes.
const NAME_BYTES_MAX: usize = 200;

/// A key that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    pub name: String,
    pub scopes: Scopes,
    /// Requests a second; `None`: as the settings say.
    pub rate_per_s: Option<u32>,
}

impl Engine {
    /// Whose secret this is; `None` for one that was never made or was revoked. Asks no database.
    pub fn authenticate(&self, shown: &str) -> Option<Arc<ApiKey>> {
        let hash = TokenHash::of(shown)?;
        self.key_ring().get(&hash)
    }

    /// Whether there is a key of this name that was not revoked. Asks no database.
    pub(in crate::engine) fn api_key_is_good(&self, id: ApiKeyId) -> Result<bool> {
        Ok(self.key_ring().holds(id))
    }

    /// Makes a key. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// `Invalid` when it has no scope or no sound name; the store's refusal.
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

    /// Makes a key with every right if there never was a key, so that a new service can be used at all.
    ///
    /// # Errors
    /// The store's refusal.
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

    /// Takes a key back: it opens nothing from now on. `None` when there is no such key; one that was revoked before
    /// stays as it is.
    ///
    /// # Errors
    /// The store's refusal.
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

    /// At most `limit` keys, revoked ones too, oldest first, from behind `after` on.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn api_keys(&self, after: Option<ApiKeyId>, limit: usize) -> Result<Vec<ApiKey>> {
        Ok(self.store().api_keys(after, limit)?)
    }
}

fn make(new: NewApiKey, environment: &Environment) -> Result<(ApiKey, Token)> {
    let NewApiKey { name, scopes, rate_per_s } = new;
    let invalid = |what, why: String| Err(Error::Invalid { what, why });
    if scopes.is_empty() {
        return invalid("scopes", "a key without any opens nothing".into());
    }
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return invalid("name", "it is empty or has control characters".into());
    }
    if name.len() > NAME_BYTES_MAX {
        return invalid("name", format!("it has more than {NAME_BYTES_MAX} bytes"));
    }
    if rate_per_s == Some(0) {
        return invalid("rate_per_s", "a key that may ask nothing is of no use".into());
    }
    let chance = |source| Error::NoEntropy { source };
    let token = Token::new(&environment.random().map_err(chance)?);
    let id = ApiKeyId::make(environment).map_err(chance)?;
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
