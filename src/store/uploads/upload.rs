//! Uploads: accepting, finding and listing them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{
    ByteDigest, OwnerKey, Reason, Sealed, TombstoneId, UnixSeconds, Upload, UploadBytes,
    UploadDecision, UploadId, UploadMatch, UploadSeq, UploadState, Verdict, VerdictKind, VideoKey,
};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// An upload to accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    pub id: UploadId,
    pub created_at: UnixSeconds,
    /// What the platform sent with it, sealed.
    pub client_data: Option<Sealed>,
    pub uploader: Option<OwnerKey>,
    /// Keyed hash of the platform's reference.
    pub reference: Option<VideoKey>,
    /// Digest and size of the bytes; `None` if they are yet to be fetched.
    pub bytes: Option<UploadBytes>,
}

/// A caller's idempotency key and the digest of its request, both keyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idempotency {
    pub key: [u8; 32],
    pub request: [u8; 32],
}

/// The outcome of [`Store::accept_upload`].
#[derive(Debug, Clone, PartialEq)]
pub enum Acceptance {
    New(Upload),
    /// The same request was accepted before.
    Repeated(Upload),
    /// The idempotency key belongs to another request.
    Conflict,
}

/// Filters; `None` matches everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UploadFilter {
    pub state: Option<UploadState>,
    pub answer: Option<VerdictKind>,
    pub reference: Option<VideoKey>,
}

pub(in crate::store) const COLUMNS: &str = "seq, id, state, created_at, client_data, uploader, \
     digest, size, attempts, decided_at, verdict, reason, answer, answer_reason, answered_at, \
     seen, duration_s, trouble, damage, bytes_until, bytes_gone_at";

impl Store {
    /// Accepts an upload. Idempotent by the caller's key.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn accept_upload(
        &self,
        new: NewUpload,
        idempotency: Option<Idempotency>,
    ) -> Result<Acceptance> {
        self.write_grouped(move |c| {
            if let Some(Idempotency { key, request }) = idempotency {
                if let Some((before, upload)) = find_key(c, &key)? {
                    let same = before == request;
                    let upload = by_seq(c, upload)?.filter(|_| same);
                    return Ok(upload.map_or(Acceptance::Conflict, Acceptance::Repeated));
                }
                let seq = insert(c, &new)?;
                c.prepare_cached(
                    "INSERT INTO idempotency (key, request, upload, created_at) \
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![key, request, seq, new.created_at])?;
                return Ok(Acceptance::New(stored(c, seq)?));
            }
            let seq = insert(c, &new)?;
            Ok(Acceptance::New(stored(c, seq)?))
        })
    }

    /// The upload with this id.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn upload(&self, id: UploadId) -> Result<Option<Upload>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM uploads WHERE id = ?1"))?
                .query_row([id.0], upload)
                .optional()
        })
    }

    /// An upload and its matches, best first, from one snapshot.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn upload_with_matches(&self, id: UploadId) -> Result<Option<(Upload, Vec<UploadMatch>)>> {
        self.read(|c| {
            let found = c
                .prepare_cached(&format!("SELECT {COLUMNS} FROM uploads WHERE id = ?1"))?
                .query_row([id.0], upload)
                .optional()?;
            found.map(|upload| with_matches(c, upload)).transpose()
        })
    }

    /// Up to `limit` uploads with their matches before `before`, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn uploads(
        &self,
        filter: UploadFilter,
        before: Option<UploadId>,
        limit: usize,
    ) -> Result<Vec<(Upload, Vec<UploadMatch>)>> {
        let before = before.map_or([0xff; 16], |id| id.0);
        self.read(|c| {
            let found: Vec<Upload> = c
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM uploads WHERE id < ?1 \
                     AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR answer = ?3) \
                     AND (?4 IS NULL OR reference = ?4) ORDER BY id DESC LIMIT ?5"
                ))?
                .query_map(
                    params![
                        before,
                        filter.state.map(|state| state.as_str()),
                        filter.answer.map(VerdictKind::as_str),
                        filter.reference.map(|reference| reference.0),
                        columns::row_limit(limit),
                    ],
                    upload,
                )?
                .collect::<rusqlite::Result<_>>()?;
            found.into_iter().map(|upload| with_matches(c, upload)).collect()
        })
    }

    /// Up to `limit` decided uploads with their matches after `after`, in the order of acceptance.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn decided_uploads(
        &self,
        after: UploadSeq,
        limit: usize,
    ) -> Result<Vec<(Upload, Vec<UploadMatch>)>> {
        self.read(|c| {
            let found: Vec<Upload> = c
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM uploads WHERE seq > ?1 AND state = 'decided' \
                     ORDER BY seq LIMIT ?2"
                ))?
                .query_map(params![after, columns::row_limit(limit)], upload)?
                .collect::<rusqlite::Result<_>>()?;
            found.into_iter().map(|upload| with_matches(c, upload)).collect()
        })
    }
}

fn find_key(c: &Connection, key: &[u8; 32]) -> rusqlite::Result<Option<([u8; 32], UploadSeq)>> {
    c.prepare_cached("SELECT request, upload FROM idempotency WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn insert(c: &Connection, new: &NewUpload) -> rusqlite::Result<UploadSeq> {
    let state = if new.bytes.is_some() { UploadState::Waiting } else { UploadState::Fetching };
    c.prepare_cached(
        "INSERT INTO uploads (id, state, created_at, client_data, uploader, reference, digest, \
         size, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?3) RETURNING seq",
    )?
    .query_row(
        params![
            new.id.0,
            state.as_str(),
            new.created_at,
            new.client_data.as_ref().map(|client_data| &client_data.0),
            new.uploader.map(|uploader| uploader.0),
            new.reference.map(|reference| reference.0),
            new.bytes.map(|bytes| bytes.digest.0),
            new.bytes.map(|bytes| bytes.size.cast_signed()),
        ],
        |row| row.get(0),
    )
}

pub(in crate::store) fn by_seq(c: &Connection, seq: UploadSeq) -> rusqlite::Result<Option<Upload>> {
    c.prepare_cached(&format!("SELECT {COLUMNS} FROM uploads WHERE seq = ?1"))?
        .query_row([seq], upload)
        .optional()
}

fn stored(c: &Connection, seq: UploadSeq) -> rusqlite::Result<Upload> {
    by_seq(c, seq)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

pub(in crate::store) fn with_matches(
    c: &Connection,
    upload: Upload,
) -> rusqlite::Result<(Upload, Vec<UploadMatch>)> {
    let matches = c
        .prepare_cached(
            "SELECT tombstone, verdict, weighed, detail, retired FROM upload_matches \
             WHERE upload = ?1 ORDER BY rank",
        )?
        .query_map([upload.seq], upload_match)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((upload, matches))
}

fn upload_match(row: &Row<'_>) -> rusqlite::Result<UploadMatch> {
    Ok(UploadMatch {
        tombstone: TombstoneId(row.get(0)?),
        verdict: columns::parsed(row, 1)?,
        weighed: columns::json(row, 2)?,
        detail: row.get(3)?,
        retired: row.get(4)?,
    })
}

pub(in crate::store) fn upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    let digest: Option<[u8; 32]> = row.get(6)?;
    let size: Option<i64> = row.get(7)?;
    let bytes = digest.zip(size).map(|(digest, size)| UploadBytes {
        digest: ByteDigest(digest),
        size: size.cast_unsigned(),
    });
    Ok(Upload {
        seq: row.get(0)?,
        id: UploadId(row.get(1)?),
        state: columns::parsed(row, 2)?,
        created_at: row.get(3)?,
        client_data: row.get::<_, Option<Vec<u8>>>(4)?.map(Sealed),
        uploader: row.get::<_, Option<[u8; 16]>>(5)?.map(OwnerKey),
        bytes,
        attempts: row.get(8)?,
        decision: decision(row)?,
        bytes_until: row.get(19)?,
        bytes_gone_at: row.get(20)?,
    })
}

fn decision(row: &Row<'_>) -> rusqlite::Result<Option<UploadDecision>> {
    let Some(at) = row.get::<_, Option<UnixSeconds>>(9)? else { return Ok(None) };
    let verdict = |kind, reason| -> rusqlite::Result<Verdict> {
        Ok(Verdict {
            kind: columns::parsed::<VerdictKind>(row, kind)?,
            reason: columns::parsed::<Reason>(row, reason)?,
        })
    };
    Ok(Some(UploadDecision {
        at,
        verdict: verdict(10, 11)?,
        answer: verdict(12, 13)?,
        answered_at: row.get(14)?,
        seen: columns::parsed(row, 15)?,
        duration_s: row.get(16)?,
        trouble: row.get(17)?,
        damage: row.get(18)?,
    }))
}
