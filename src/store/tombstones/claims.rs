//! Who posted a part of a deleted video, and when: the related tombstones, and the claims that were found among the
//! prints of uploads when the tombstone was made, that later uploads added, or that ended tombstones left behind.

use rusqlite::{Connection, Row, params};

use crate::model::{OwnerKey, Posted, Slot, TombstoneId, UnixSeconds, UploadSeq};
use crate::store::{Result, Store};

/// Records read of one tombstone; the uploader's first, then the earliest.
const RECORDS_MAX: u32 = 256;
/// Claims on one tombstone. Bounds what uploads and ended tombstones can add.
const CLAIMS_MAX: u32 = 256;

/// What is known of earlier posters when a tombstone is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewPrecedence {
    /// The deletion named its own time as that of posting, which says nothing.
    pub is_doubtful: bool,
    /// Seconds by which the prints that were searched reach back before the video was posted; `None` if either is unknown.
    pub horizon_s: Option<i64>,
    pub claims: Vec<NewClaim>,
}

/// A claim to a part of a tombstone's video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClaim {
    pub poster: OwnerKey,
    pub posted: Posted,
    /// The part, in stored form.
    pub extent: Vec<u8>,
}

/// The claim of an upload that may be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadClaim {
    pub slot: Slot,
    pub claim: NewClaim,
}

/// A claim in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub poster: OwnerKey,
    pub posted: Posted,
    pub extent: Vec<u8>,
    /// Whether the tombstone's owner permits the poster to re-upload the video.
    pub is_granted: bool,
}

/// A related tombstone whose owner may have posted the same before: deleted at the owner's request, its owner known.
#[derive(Debug, Clone, PartialEq)]
pub struct PostingRecord {
    pub slot: Slot,
    pub owner: OwnerKey,
    pub posted: Posted,
    pub original: bool,
    /// Whether its owner permits the uploader to re-upload it.
    pub is_granted: bool,
    /// Share of the tombstone's video that both show, 0..1, and the part in stored form.
    pub share: f64,
    pub extent: Vec<u8>,
    /// Share of the record's video that both show, 0..1.
    pub record_share: f64,
}

impl Store {
    /// The claims in force on a tombstone.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn claims(&self, slot: Slot) -> Result<Vec<Claim>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT poster, posted_from, posted_to, extent, EXISTS (SELECT 1 FROM grants AS g \
                 WHERE g.slot = claims.slot AND uploader = poster) FROM claims \
                 WHERE slot = ?1 AND pending IS NULL ORDER BY posted_to LIMIT ?2",
            )?
            .query_map([slot.0, CLAIMS_MAX], |row| {
                Ok(Claim {
                    poster: OwnerKey(row.get(0)?),
                    posted: posted(row, 1)?,
                    extent: row.get(3)?,
                    is_granted: row.get(4)?,
                })
            })?
            .collect()
        })
    }

    /// The related tombstones that matter when `uploader` shows a tombstone's video, which was posted `from` at the
    /// earliest: the uploader's own, those that the uploader may re-upload, those of asserted authors, and those that
    /// are surely earlier.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn posting_records(
        &self,
        slot: Slot,
        uploader: Option<OwnerKey>,
        from: UnixSeconds,
    ) -> Result<Vec<PostingRecord>> {
        let uploader = uploader.map(|key| key.0);
        self.read(|c| {
            c.prepare_cached(
                "SELECT other, owner, uploaded_from, coalesce(uploaded_to, created_at) AS until, \
                 original, EXISTS (SELECT 1 FROM grants AS g WHERE g.slot = other \
                 AND uploader = ?2) AS is_granted, share, extent, other_share FROM ( \
                     SELECT older AS other, newer_share AS share, newer_extent AS extent, \
                         older_share AS other_share FROM relations WHERE newer = ?1 \
                     UNION ALL \
                     SELECT newer, older_share, older_extent, newer_share FROM relations \
                         WHERE older = ?1 \
                 ) JOIN tombstones ON slot = other \
                 WHERE reason = 'owner_request' AND owner IS NOT NULL \
                 AND (owner IS ?2 OR is_granted OR original OR until < ?3) \
                 ORDER BY owner IS NOT ?2, until LIMIT ?4",
            )?
            .query_map(params![slot.0, uploader, from, RECORDS_MAX], record)?
            .collect()
        })
    }

    /// Numbers of tombstones with a known time of posting, and of those whose deletion named its own time instead.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn dated_tombstones(&self) -> Result<(u64, u64)> {
        self.read(|c| {
            c.query_row(
                "SELECT count(uploaded_to), total(uploaded_doubtful) FROM tombstones",
                [],
                |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, f64>(1)? as u64)),
            )
        })
    }
}

fn posted(row: &Row<'_>, at: usize) -> rusqlite::Result<Posted> {
    let from = row.get::<_, Option<UnixSeconds>>(at)?.unwrap_or(UnixSeconds::MIN);
    Ok(Posted { from, to: row.get(at + 1)? })
}

fn record(row: &Row<'_>) -> rusqlite::Result<PostingRecord> {
    Ok(PostingRecord {
        slot: Slot(row.get(0)?),
        owner: OwnerKey(row.get(1)?),
        posted: posted(row, 2)?,
        original: row.get(4)?,
        is_granted: row.get(5)?,
        share: row.get(6)?,
        extent: row.get(7)?,
        record_share: row.get(8)?,
    })
}

/// Adds claims to a tombstone in the caller's transaction, up to the limit. `pending` is the upload that makes them, if
/// it is not accepted yet.
pub(in crate::store) fn add(
    c: &Connection,
    slot: Slot,
    claims: &[NewClaim],
    pending: Option<UploadSeq>,
) -> rusqlite::Result<()> {
    for NewClaim { poster, posted, extent } in claims {
        let from = Some(posted.from).filter(|from| *from > UnixSeconds::MIN);
        // A tombstone that was removed meanwhile gets none.
        c.prepare_cached(
            "INSERT INTO claims (slot, poster, posted_from, posted_to, extent, pending) \
             SELECT slot, ?2, ?3, ?4, ?5, ?6 FROM tombstones WHERE slot = ?1 \
             AND (SELECT count(*) FROM claims WHERE slot = ?1) < ?7",
        )?
        .execute(params![slot.0, poster.0, from, posted.to, extent, pending, CLAIMS_MAX])?;
    }
    Ok(())
}

/// Lets the claims of an accepted upload hold; erases those of another, in the caller's transaction.
pub(in crate::store) fn settle(
    c: &Connection,
    upload: UploadSeq,
    is_accepted: bool,
) -> rusqlite::Result<()> {
    let sql = if is_accepted {
        "UPDATE claims SET pending = NULL WHERE pending = ?1"
    } else {
        "DELETE FROM claims WHERE pending = ?1"
    };
    c.prepare_cached(sql)?.execute([upload]).map(drop)
}

/// Before a tombstone ends: leaves its owner's posting as a claim with each related tombstone, as long as that stays.
pub(in crate::store) fn keep_of_ended(c: &Connection, id: &TombstoneId) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT INTO claims (slot, poster, posted_from, posted_to, extent) \
         SELECT other, owner, uploaded_from, coalesce(uploaded_to, created_at), extent \
         FROM tombstones AS t JOIN ( \
             SELECT older AS other, newer AS ended, older_extent AS extent FROM relations \
             UNION ALL SELECT newer, older, newer_extent FROM relations \
         ) ON ended = t.slot WHERE t.id = ?1 AND reason = 'owner_request' \
         AND owner IS NOT NULL \
         AND (SELECT count(*) FROM claims WHERE claims.slot = other) < ?2",
    )?
    .execute(params![id.0, CLAIMS_MAX])
    .map(drop)
}
