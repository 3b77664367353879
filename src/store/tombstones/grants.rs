//! Grants: which uploader may re-upload which deleted video. `engine` decides who may create one.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{AuditEntry, GrantId, OwnerKey, Slot, UnixSeconds};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::tombstones::tombstone;
use crate::store::{Result, Store};

/// An owner's permission for an uploader to re-upload a deleted video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub slot: Slot,
    pub uploader: OwnerKey,
    pub created_at: UnixSeconds,
}

impl Store {
    /// Adds a grant. Idempotent: returns the grant that exists already. `None` if there is no such tombstone.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_grant(&self, grant: &Grant, entry: &AuditEntry) -> Result<Option<Grant>> {
        self.write(|transaction| {
            if tombstone::by_slot(transaction, grant.slot)?.is_none() {
                return Ok(None);
            }
            let added = add(transaction, grant)?;
            if added > 0 {
                audit::append(transaction, entry)?;
            }
            transaction
                .query_row(
                    "SELECT id, slot, uploader, created_at FROM grants \
                     WHERE slot = ?1 AND uploader = ?2",
                    params![grant.slot.0, grant.uploader.0],
                    row_grant,
                )
                .optional()
        })
    }

    /// Revokes a grant; returns false if there is none.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn remove_grant(&self, slot: Slot, uploader: OwnerKey, entry: &AuditEntry) -> Result<bool> {
        self.write(|transaction| {
            let removed = transaction.execute(
                "DELETE FROM grants WHERE slot = ?1 AND uploader = ?2",
                params![slot.0, uploader.0],
            )?;
            if removed > 0 {
                audit::append(transaction, entry)?;
            }
            Ok(removed > 0)
        })
    }

    /// Up to `limit` grants of a tombstone after `after`, oldest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn grants(&self, slot: Slot, after: Option<GrantId>, limit: usize) -> Result<Vec<Grant>> {
        let after = after.map_or([0; 16], |id| id.0);
        self.read(|c| {
            c.prepare_cached(
                "SELECT id, slot, uploader, created_at FROM grants \
                 WHERE slot = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
            )?
            .query_map(params![slot.0, after, columns::row_limit(limit)], row_grant)?
            .collect()
        })
    }

    /// Slots of the tombstones whose videos this uploader may re-upload.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn granted_to(&self, uploader: OwnerKey) -> Result<HashSet<Slot>> {
        self.read(|c| {
            c.prepare_cached("SELECT slot FROM grants WHERE uploader = ?1")?
                .query_map([uploader.0], |row| Ok(Slot(row.get(0)?)))?
                .collect()
        })
    }
}

/// Adds a grant in the caller's transaction; returns the number of new rows, 0 or 1.
pub(in crate::store) fn add(c: &Connection, grant: &Grant) -> rusqlite::Result<usize> {
    c.prepare_cached(
        "INSERT INTO grants (id, slot, uploader, created_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (slot, uploader) DO NOTHING",
    )?
    .execute(params![grant.id.0, grant.slot.0, grant.uploader.0, grant.created_at])
}

fn row_grant(row: &Row<'_>) -> rusqlite::Result<Grant> {
    Ok(Grant {
        id: GrantId(row.get(0)?),
        slot: Slot(row.get(1)?),
        uploader: OwnerKey(row.get(2)?),
        created_at: row.get(3)?,
    })
}
