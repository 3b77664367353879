//! Fingerprints of accepted uploads, kept for a while, and the log from which their index catches up. The triggers of
//! the schema write the log; an upload's print goes with its row.

use rusqlite::{Connection, params};

use crate::model::{OwnerKey, Posted, Slot, UnixSeconds, UploadSeq};
use crate::store::database::columns;
use crate::store::tombstones::claims;
use crate::store::{Change, ChangeKind, Result, Store, UploadClaim};

/// What an upload leaves behind with its verdict: at once if it is accepted, or once a moderator accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewAcceptance {
    pub is_accepted: bool,
    pub print: Option<NewPrint>,
    /// Claims to parts of deleted videos.
    pub claims: Vec<UploadClaim>,
}

/// A print to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrint {
    pub uploader: OwnerKey,
    pub posted: Posted,
    pub created_at: UnixSeconds,
    /// A fingerprint in its byte format.
    pub bytes: Vec<u8>,
}

/// The print of an accepted upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPrint {
    pub slot: Slot,
    pub uploader: OwnerKey,
    pub posted: Posted,
    pub bytes: Vec<u8>,
}

impl Store {
    /// The prints of accepted uploads in these slots, in the same order; erased ones are left out.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn prints(&self, slots: &[Slot]) -> Result<Vec<StoredPrint>> {
        self.read(|c| {
            let mut find = c.prepare_cached(
                "SELECT uploader, posted_from, posted_to, bytes FROM upload_prints \
                 WHERE slot = ?1 AND is_accepted",
            )?;
            let mut out = Vec::with_capacity(slots.len());
            for slot in slots {
                let found = find.query_map([slot.0], |row| {
                    let posted = Posted { from: row.get(1)?, to: row.get(2)? };
                    let uploader = OwnerKey(row.get(0)?);
                    Ok(StoredPrint { slot: *slot, uploader, posted, bytes: row.get(3)? })
                })?;
                for print in found {
                    out.push(print?);
                }
            }
            Ok(out)
        })
    }

    /// Number of prints of accepted uploads.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn print_count(&self) -> Result<u64> {
        self.read(|c| {
            c.query_row("SELECT count(*) FROM upload_prints WHERE is_accepted", [], |row| {
                Ok(row.get::<_, i64>(0)?.cast_unsigned())
            })
        })
    }

    /// Up to `limit` changes of the accepted prints after `seq`, oldest first; 0 starts at the beginning.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn print_changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT seq, slot, kind = 'added' FROM print_changes WHERE seq > ?1 ORDER BY seq \
                 LIMIT ?2",
            )?
            .query_map(params![seq.cast_signed(), columns::row_limit(limit)], |row| {
                let added: bool = row.get(2)?;
                Ok(Change {
                    seq: row.get::<_, i64>(0)?.cast_unsigned(),
                    slot: Slot(row.get(1)?),
                    kind: if added { ChangeKind::Added } else { ChangeKind::Removed },
                })
            })?
            .collect()
        })
    }

    /// `seq` of the last change of the accepted prints, also if it is forgotten; 0 if there was none.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn print_log_head(&self) -> Result<u64> {
        self.read(|c| {
            c.query_row(
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'print_changes'",
                [],
                |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()),
            )
        })
    }

    /// Erases up to `limit` prints of uploads checked before a time, and the entries of the log, up to `applied`, about
    /// prints that are gone. Returns the number of prints.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn erase_prints(&self, before: UnixSeconds, applied: u64, limit: usize) -> Result<usize> {
        self.write(|c| {
            let limit = columns::row_limit(limit);
            let erased = c.execute(
                "DELETE FROM upload_prints WHERE slot IN (SELECT slot FROM upload_prints \
                 WHERE created_at < ?1 LIMIT ?2)",
                params![before, limit],
            )?;
            c.execute(
                "DELETE FROM print_changes WHERE seq <= ?1 \
                 AND slot NOT IN (SELECT slot FROM upload_prints)",
                [applied.cast_signed()],
            )?;
            Ok(erased)
        })
    }
}

/// Records what an upload leaves behind, in the transaction of its verdict.
pub(in crate::store) fn add(
    c: &Connection,
    upload: UploadSeq,
    new: &NewAcceptance,
) -> rusqlite::Result<()> {
    if let Some(NewPrint { uploader, posted, created_at, bytes }) = &new.print {
        c.prepare_cached(
            "INSERT INTO upload_prints (upload, uploader, posted_from, posted_to, created_at, \
             is_accepted, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            upload,
            uploader.0,
            posted.from,
            posted.to,
            created_at,
            new.is_accepted,
            bytes
        ])?;
    }
    let pending = (!new.is_accepted).then_some(upload);
    for UploadClaim { slot, claim } in &new.claims {
        claims::add(c, *slot, std::slice::from_ref(claim), pending)?;
    }
    Ok(())
}

/// A moderator, or the reversal of a verdict, accepts an upload or not: what it left behind holds, or is erased.
pub(in crate::store) fn settle(
    c: &Connection,
    upload: UploadSeq,
    is_accepted: bool,
) -> rusqlite::Result<()> {
    let sql = if is_accepted {
        "UPDATE upload_prints SET is_accepted = 1 WHERE upload = ?1"
    } else {
        "DELETE FROM upload_prints WHERE upload = ?1"
    };
    c.prepare_cached(sql)?.execute([upload])?;
    claims::settle(c, upload, is_accepted)
}
