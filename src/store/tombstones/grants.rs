//! Grants: which uploader may post which deleted video again. Who may give one is `engine`'s business.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{AuditEntry, GrantId, OwnerKey, Slot, UnixSeconds};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::tombstones::tombstone;
use crate::store::{Result, Store};

/// An owner's leave for a named uploader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub slot: Slot,
    pub uploader: OwnerKey,
    pub created_at: UnixSeconds,
}

impl Store {
    /// Adds a grant, or returns the one that is there already; `None` when the tombstone is gone.
    ///
    /// # Errors
    /// The disk's refusal.
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

    /// Takes a grant back; false when there was none.
    ///
    /// # Errors
    /// The disk's refusal.
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

    /// At most `limit` grants of a tombstone, oldest first, from behind `after` on.
    ///
    /// # Errors
    /// The database's refusal.
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

    /// The tombstones whose owners allow this uploader to post the video.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn granted_to(&self, uploader: OwnerKey) -> Result<HashSet<Slot>> {
        self.read(|c| {
            c.prepare_cached("SELECT slot FROM grants WHERE uploader = ?1")?
                .query_map([uploader.0], |row| Ok(Slot(row.get(0)?)))?
                .collect()
        })
    }
}

/// The answer is how many were added: none when it is there already.
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
