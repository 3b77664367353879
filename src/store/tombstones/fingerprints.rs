//! Fingerprints' bytes: the batch of a check's candidates, and all of them in turn for a rebuild of the index.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::Slot;
use crate::store::database::columns;
use crate::store::tombstones::tombstone;
use crate::store::{Result, Store, Tombstone};

/// A tombstone with its fingerprint in the fingerprint room's byte format.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFingerprint {
    pub tombstone: Tombstone,
    pub bytes: Vec<u8>,
}

impl Store {
    /// The fingerprints of the given slots in the order given, from one state of the database. Slots whose tombstone
    /// is gone are left out: the index may not have heard of a removal yet.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn fingerprints(&self, slots: &[Slot]) -> Result<Vec<StoredFingerprint>> {
        self.read(|c| slots.iter().filter_map(|&slot| one(c, slot).transpose()).collect())
    }

    /// At most `limit` fingerprints in order of slot, from behind `after` on: page by page, all of them. Between two
    /// pages the store may change; take `log_head` before the first and catch up from it after the last.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn all_fingerprints(
        &self,
        after: Option<Slot>,
        limit: usize,
    ) -> Result<Vec<StoredFingerprint>> {
        self.read(|c| {
            let slots: Vec<Slot> = c
                .prepare_cached(
                    "SELECT slot FROM fingerprints WHERE slot > ?1 ORDER BY slot LIMIT ?2",
                )?
                .query_map(
                    params![after.map_or(-1, |s| i64::from(s.0)), columns::row_limit(limit)],
                    |row| Ok(Slot(row.get(0)?)),
                )?
                .collect::<rusqlite::Result<_>>()?;
            slots.iter().filter_map(|&slot| one(c, slot).transpose()).collect()
        })
    }
}

fn one(connection: &Connection, slot: Slot) -> rusqlite::Result<Option<StoredFingerprint>> {
    let Some(tombstone) = tombstone::by_slot(connection, slot)? else { return Ok(None) };
    let bytes = connection
        .prepare_cached("SELECT bytes FROM fingerprints WHERE slot = ?1")?
        .query_row([slot.0], |row| row.get(0))
        .optional()?;
    Ok(bytes.map(|bytes| StoredFingerprint { tombstone, bytes }))
}
