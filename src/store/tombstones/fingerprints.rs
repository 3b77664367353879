//! Fingerprints' bytes: a check's candidates in one batch, or all, page by page, to rebuild the index.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::Slot;
use crate::store::database::columns;
use crate::store::tombstones::tombstone;
use crate::store::{Result, Store, Tombstone};

/// A tombstone and its fingerprint, in the byte format of `fingerprint`.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFingerprint {
    pub tombstone: Tombstone,
    pub bytes: Vec<u8>,
}

impl Store {
    /// The fingerprints of the given slots, in the same order, from one snapshot. Slots without a tombstone are left
    /// out: the index may lag behind a removal.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn fingerprints(&self, slots: &[Slot]) -> Result<Vec<StoredFingerprint>> {
        self.read(|c| slots.iter().filter_map(|&slot| one(c, slot).transpose()).collect())
    }

    /// Up to `limit` fingerprints after slot `after`, by slot. The store may change between two pages: read
    /// [`Store::log_head`] before the first page and catch up from there after the last.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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
