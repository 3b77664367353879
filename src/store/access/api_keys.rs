//! API keys: who may call the service. What a key may do is `model::Scopes`' business, who checks it `http`'s.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{ApiKeyId, AuditEntry, Scopes, TokenHash, UnixSeconds};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// An API key as it is kept: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub hash: TokenHash,
    /// What people call it.
    pub name: String,
    pub scopes: Scopes,
    /// Requests a second that it may make; `None`: as many as the settings say.
    pub rate_per_s: Option<u32>,
    pub created_at: UnixSeconds,
    /// From then on it opens nothing.
    pub revoked_at: Option<UnixSeconds>,
}

const COLUMNS: &str = "id, hash, name, scopes, rate_per_s, created_at, revoked_at";

impl Store {
    /// # Errors
    /// The disk's refusal.
    pub fn add_api_key(&self, key: &ApiKey, entry: &AuditEntry) -> Result<()> {
        self.write(|transaction| {
            insert(transaction, key)?;
            audit::append(transaction, entry)
        })
    }

    /// The same, but only when there never was a key; says whether it was added.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn add_first_api_key(&self, key: &ApiKey, entry: &AuditEntry) -> Result<bool> {
        self.write(|transaction| {
            let any: bool =
                transaction
                    .query_row("SELECT exists (SELECT 1 FROM api_keys)", [], |row| row.get(0))?;
            if any {
                return Ok(false);
            }
            insert(transaction, key)?;
            audit::append(transaction, entry)?;
            Ok(true)
        })
    }

    /// Takes a key back. False when there is no such key, or it was revoked before.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn revoke_api_key(
        &self,
        id: ApiKeyId,
        now: UnixSeconds,
        entry: &AuditEntry,
    ) -> Result<bool> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
                params![id.0, now],
            )?;
            if changed > 0 {
                audit::append(transaction, entry)?;
            }
            Ok(changed > 0)
        })
    }

    /// # Errors
    /// The database's refusal.
    pub fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys WHERE id = ?1"))?
                .query_row([id.0], api_key)
                .optional()
        })
    }

    /// All keys that are good, for the ring in memory.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn good_api_keys(&self) -> Result<Vec<ApiKey>> {
        self.read(|c| {
            c.prepare(&format!("SELECT {COLUMNS} FROM api_keys WHERE revoked_at IS NULL"))?
                .query_map([], api_key)?
                .collect()
        })
    }

    /// At most `limit` keys, revoked ones too, oldest first, from behind `after` on.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn api_keys(&self, after: Option<ApiKeyId>, limit: usize) -> Result<Vec<ApiKey>> {
        let after = after.map_or([0; 16], |id| id.0);
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM api_keys WHERE id > ?1 ORDER BY id LIMIT ?2"
            ))?
            .query_map(params![after, columns::row_limit(limit)], api_key)?
            .collect()
        })
    }
}

fn insert(connection: &Connection, key: &ApiKey) -> rusqlite::Result<()> {
    connection.execute(
        &format!("INSERT INTO api_keys ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
        params![
            key.id.0,
            key.hash.0,
            key.name,
            key.scopes.to_string(),
            key.rate_per_s,
            key.created_at,
            key.revoked_at,
        ],
    )?;
    Ok(())
}

fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        id: ApiKeyId(row.get(0)?),
        hash: TokenHash(row.get(1)?),
        name: row.get(2)?,
        scopes: columns::parsed(row, 3)?,
        rate_per_s: row.get(4)?,
        created_at: row.get(5)?,
        revoked_at: row.get(6)?,
    })
}
