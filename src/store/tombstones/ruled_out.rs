//! Rulings of moderators that some content is not a tombstone's video, however similar. They go with the tombstone.
//!
//! `engine` defines the extent and the content of a ruling; here they are text and bytes.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{ByteDigest, Slot, TombstoneId, UnixSeconds};
use crate::store::{Result, Store};

/// Number of rulings about one tombstone, the newest, that another encoding is compared with. The same bytes are
/// compared with all.
const COMPARED_MAX: u32 = 2000;

/// A ruling to be added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRuledOut {
    pub tombstone: TombstoneId,
    pub digest: ByteDigest,
    /// What another encoding is recognised by; `None` if the ruling holds for the same bytes only.
    pub pictures: Option<RuledPictures>,
    pub at: UnixSeconds,
}

/// What another encoding of a ruled upload is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuledPictures {
    /// Spans and evidence of the match, in the form of [`UploadMatch::detail`](crate::model::UploadMatch::detail).
    pub extent: String,
    /// Samples of the upload's frames.
    pub content: Vec<u8>,
}

/// A stored ruling without its content, which is large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuledOut {
    pub seq: i64,
    /// Spans and evidence of the match that was ruled on; `None` if the ruling holds for the same bytes only.
    pub extent: Option<String>,
    /// The form of its content.
    pub format: RulingFormat,
}

/// What the content of a ruling is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulingFormat {
    /// Twelve frames of the whole upload: made before the ninth migration.
    TwelveFrames,
    /// Samples within the spans.
    Samples,
}

/// Number of [`RulingFormat::Samples`] in the database.
const SAMPLES: u32 = 2;

impl Store {
    /// Whether content with these bytes was ruled out for a tombstone.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn is_ruled_out(&self, slot: Slot, digest: &ByteDigest) -> Result<bool> {
        self.read(|c| {
            c.prepare_cached("SELECT 1 FROM ruled_out WHERE slot = ?1 AND digest = ?2")?
                .exists(params![slot.0, digest.0])
        })
    }

    /// The rulings about a tombstone that may hold for other encodings, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn ruled_out(&self, slot: Slot) -> Result<Vec<RuledOut>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT seq, extent, format FROM ruled_out WHERE slot = ?1 \
                 AND extent IS NOT NULL ORDER BY seq DESC LIMIT ?2",
            )?
            .query_map([slot.0, COMPARED_MAX], |row| {
                let format = match row.get::<_, u32>(2)? {
                    SAMPLES => RulingFormat::Samples,
                    _ => RulingFormat::TwelveFrames,
                };
                Ok(RuledOut { seq: row.get(0)?, extent: row.get(1)?, format })
            })?
            .collect()
        })
    }

    /// The content of a ruling; `None` if it has none or is gone.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn ruled_content(&self, seq: i64) -> Result<Option<Vec<u8>>> {
        self.read(|c| {
            let found = c
                .prepare_cached("SELECT content FROM ruled_out WHERE seq = ?1")?
                .query_row([seq], |row| row.get(0))
                .optional()?;
            Ok(found.flatten())
        })
    }
}

/// Adds a ruling in the caller's transaction; does nothing if the tombstone is gone.
pub(in crate::store) fn add(c: &Connection, one: &NewRuledOut) -> rusqlite::Result<()> {
    let (extent, content) = match &one.pictures {
        Some(pictures) => (Some(&pictures.extent), Some(&pictures.content)),
        None => (None, None),
    };
    c.prepare_cached(
        "INSERT INTO ruled_out (slot, digest, extent, content, format, at) \
         SELECT slot, ?2, ?3, ?4, ?5, ?6 FROM tombstones WHERE id = ?1 \
         ON CONFLICT (slot, digest) DO UPDATE SET extent = excluded.extent, \
         content = excluded.content, format = excluded.format WHERE excluded.extent IS NOT NULL",
    )?
    .execute(params![one.tombstone.0, one.digest.0, extent, content, SAMPLES, one.at])?;
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
