//! Rulings of moderators that some content is not a tombstone's video, however similar. They go with the tombstone.
//!
//! `engine` defines the content key; here it is bytes.

use rusqlite::{Connection, params};

use crate::model::{ByteDigest, Slot, TombstoneId, UnixSeconds};
use crate::store::{Result, Store};

/// Number of rulings about one tombstone, the newest, that an upload is compared with.
const COMPARED_MAX: u32 = 2000;

/// A ruling to be added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRuledOut {
    pub tombstone: TombstoneId,
    pub digest: ByteDigest,
    pub content: Option<Vec<u8>>,
    pub at: UnixSeconds,
}

/// A stored ruling: the digest of the upload's bytes and its content key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuledOut {
    pub digest: ByteDigest,
    pub content: Option<Vec<u8>>,
}

impl Store {
    /// The rulings about a tombstone, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn ruled_out(&self, slot: Slot) -> Result<Vec<RuledOut>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT digest, content FROM ruled_out WHERE slot = ?1 ORDER BY seq DESC LIMIT ?2",
            )?
            .query_map([slot.0, COMPARED_MAX], |row| {
                Ok(RuledOut { digest: ByteDigest(row.get(0)?), content: row.get(1)? })
            })?
            .collect()
        })
    }
}

/// Adds a ruling in the caller's transaction; does nothing if the tombstone is gone.
pub(in crate::store) fn add(c: &Connection, one: &NewRuledOut) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT INTO ruled_out (slot, digest, content, at) \
         SELECT slot, ?2, ?3, ?4 FROM tombstones WHERE id = ?1 \
         ON CONFLICT (slot, digest) DO UPDATE SET content = coalesce(excluded.content, content)",
    )?
    .execute(params![one.tombstone.0, one.digest.0, one.content, one.at])?;
    Ok(())
}

/// Removes a ruling in the caller's transaction.
pub(in crate::store) fn remove(c: &Connection, one: &NewRuledOut) -> rusqlite::Result<()> {
    c.prepare_cached(
        "DELETE FROM ruled_out WHERE digest = ?2 \
         AND slot = (SELECT slot FROM tombstones WHERE id = ?1)",
    )?
    .execute(params![one.tombstone.0, one.digest.0])?;
    Ok(())
}
