//! API keys of programs that call the service. [`Scopes`] says what a key may do; `http` checks it.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{ApiKeyId, AuditEntry, Scopes, TokenHash, UnixSeconds};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// An API key without its secret, of which only a hash is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub hash: TokenHash,
    /// Display name.
    pub name: String,
    pub scopes: Scopes,
    /// Rate limit, requests per second; `None` applies the configured default.
    pub rate_per_s: Option<u32>,
    pub created_at: UnixSeconds,
    /// When it was revoked; requests with it are refused from then on.
    pub revoked_at: Option<UnixSeconds>,
}

const COLUMNS: &str = "id, hash, name, scopes, rate_per_s, created_at, revoked_at";

impl Store {
    /// Adds a key.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_api_key(&self, key: &ApiKey, entry: &AuditEntry) -> Result<()> {
        self.write(|transaction| {
            insert(transaction, key)?;
            audit::append(transaction, entry)
        })
    }

    /// Adds a key if there has never been one; returns whether it was added.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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

    /// Revokes a key. Returns false if there is no such key or it has been revoked already.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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

    /// The key with this id, revoked or not.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys WHERE id = ?1"))?
                .query_row([id.0], api_key)
                .optional()
        })
    }

    /// All keys that are not revoked, for the in-memory key ring.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn valid_api_keys(&self) -> Result<Vec<ApiKey>> {
        self.read(|c| {
            c.prepare(&format!("SELECT {COLUMNS} FROM api_keys WHERE revoked_at IS NULL"))?
                .query_map([], api_key)?
                .collect()
        })
    }

    /// Up to `limit` keys after `after`, oldest first, revoked keys included.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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
