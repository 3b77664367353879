//! Deletions: admitting, finding and listing them.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::model::{
    Actor, AuditEntry, Deletion, DeletionEventKind, DeletionId, DeletionReason, DeletionSeq,
    DeletionState, Engagement, OwnerKey, Posted, Sealed, Stage, TombstoneId, UnixSeconds, VideoKey,
};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::deletions::{copies, events, retained};
use crate::store::{NewCopy, Result, Store};

/// A request to delete a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeletion {
    pub id: DeletionId,
    pub video: VideoKey,
    pub owner: Option<OwnerKey>,
    /// Digest of the request, to recognise a repeated one.
    pub request_digest: [u8; 32],
    pub reason: DeletionReason,
    pub requested_at: UnixSeconds,
    pub fingerprint_by: UnixSeconds,
    /// Ids of video and owner, and metadata, sealed.
    pub client_data: Sealed,
    pub copies: Vec<NewCopy>,
    /// Days since 1970-01-01.
    pub uploaded_on: Option<i64>,
    /// When the video was posted.
    pub uploaded_at: Option<Posted>,
    /// Whether the owner is known to be the author.
    pub original: bool,
    pub engagement: Engagement,
}

/// The outcome of [`Store::add_deletions`] for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdmissionOutcome {
    New(DeletionId),
    /// The same request was admitted before.
    Repeated(DeletionId),
    /// Another request for the same video is in progress.
    Conflict(DeletionId),
}

/// Filters; `None` matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeletionFilter {
    pub state: Option<DeletionState>,
    pub reason: Option<DeletionReason>,
    pub owner: Option<OwnerKey>,
    pub video: Option<VideoKey>,
    /// Inclusive lower bound.
    pub requested_from: Option<UnixSeconds>,
    /// Exclusive upper bound.
    pub requested_until: Option<UnixSeconds>,
}

const COLUMNS: &str = "seq, id, video, turn, owner, reason, stage, stuck_why, last_error, \
     fingerprint_by, tombstone, requested_at, hidden_at, fingerprinted_at, purging_at, erased_at, \
     complete_at, cancelled_at, attempts, failures, due_at, retention_until, \
     uploaded_from, uploaded_to, original";

impl Store {
    /// Admits requests in one transaction; each is new, repeated, or in conflict. Idempotent: a request that is
    /// repeated after completion (its response got lost) still counts as repeated if it completed after `repeat_since`.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_deletions(
        &self,
        new: Vec<NewDeletion>,
        repeat_since: UnixSeconds,
        by: Actor,
    ) -> Result<Vec<AdmissionOutcome>> {
        self.write_grouped(move |c| new.iter().map(|one| admit(c, one, repeat_since, by)).collect())
    }

    /// The deletion with this id.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn deletion(&self, id: DeletionId) -> Result<Option<Deletion>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM deletions WHERE id = ?1"))?
                .query_row([id.0], deletion)
                .optional()
        })
    }

    /// The newest deletion of a video.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn latest_deletion(&self, video: VideoKey) -> Result<Option<Deletion>> {
        self.read(|c| latest(c, video))
    }

    /// The sealed client data of a deletion; `None` once it has been erased.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn deletion_client_data(&self, seq: DeletionSeq) -> Result<Option<Sealed>> {
        self.read(|c| {
            c.prepare_cached("SELECT sealed FROM deletion_client_data WHERE deletion = ?1")?
                .query_row([seq], |row| row.get(0).map(Sealed))
                .optional()
        })
    }

    /// Up to `limit` deletions before `before`, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn list_deletions(
        &self,
        filter: &DeletionFilter,
        before: Option<DeletionSeq>,
        limit: usize,
    ) -> Result<Vec<Deletion>> {
        let (clauses, mut values) = conditions(filter);
        values.push(Value::Integer(before.map_or(i64::MAX, |seq| seq.0)));
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT {COLUMNS} FROM deletions WHERE {clauses} seq < ? ORDER BY seq DESC LIMIT ?"
        );
        self.read(|c| {
            c.prepare_cached(&sql)?.query_map(params_from_iter(values.iter()), deletion)?.collect()
        })
    }

    /// Up to `limit` videos with a deletion, by key, after `after`: stage and reason of the newest deletion, and
    /// whether a cache may still hold the video.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn deleted_videos(
        &self,
        after: Option<VideoKey>,
        limit: usize,
    ) -> Result<Vec<(VideoKey, Stage, DeletionReason, bool)>> {
        let after = after.map_or(Vec::new(), |key| key.0.to_vec());
        self.read(|c| {
            c.prepare_cached(
                "SELECT video, stage, reason, EXISTS (SELECT 1 FROM copies WHERE deletion = seq \
                 AND kind = 'cache' AND state <> 'gone') FROM deletions AS d WHERE video > ?1 \
                 AND turn = (SELECT max(turn) FROM deletions WHERE video = d.video) \
                 ORDER BY video LIMIT ?2",
            )?
            .query_map(params![after, limit as i64], |row| {
                Ok((
                    VideoKey(row.get(0)?),
                    columns::parsed(row, 1)?,
                    columns::parsed(row, 2)?,
                    row.get(3)?,
                ))
            })?
            .collect()
        })
    }

    /// Number of deletions in each state that is not final.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn deletion_counts(&self) -> Result<Vec<(DeletionState, u64)>> {
        self.read(|c| {
            let mut counts: Vec<(DeletionState, u64)> = Vec::new();
            let mut rows = c.prepare_cached(
                "SELECT stage, stuck_why IS NOT NULL, count(*) FROM deletions \
                 WHERE due_at IS NOT NULL GROUP BY 1, 2",
            )?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let stage: Stage = columns::parsed(row, 0)?;
                counts.push((stage.state(row.get(1)?), row.get::<_, i64>(2)?.cast_unsigned()));
            }
            Ok(counts)
        })
    }
}

fn admit(
    connection: &Connection,
    new: &NewDeletion,
    repeat_since: UnixSeconds,
    by: Actor,
) -> rusqlite::Result<AdmissionOutcome> {
    let mut turn = 1;
    if let Some(last) = latest(connection, new.video)? {
        let same = digest_of(connection, last.seq)? == new.request_digest;
        match last.stage {
            Stage::Cancelled => {}
            Stage::Complete if same && last.complete_at.is_some_and(|at| at >= repeat_since) => {
                return Ok(AdmissionOutcome::Repeated(last.id));
            }
            Stage::Complete => {}
            _ if same => return Ok(AdmissionOutcome::Repeated(last.id)),
            _ => return Ok(AdmissionOutcome::Conflict(last.id)),
        }
        turn = last.turn + 1;
    }
    insert(connection, new, turn)?;
    log_action(connection, new.id, "deletion.request", by, new.requested_at)?;
    Ok(AdmissionOutcome::New(new.id))
}

fn digest_of(connection: &Connection, seq: DeletionSeq) -> rusqlite::Result<[u8; 32]> {
    connection
        .prepare_cached("SELECT request_digest FROM deletions WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
}

/// Logs who requested, cancelled or retried a deletion.
pub(in crate::store) fn log_action(
    connection: &Connection,
    id: DeletionId,
    action: &'static str,
    actor: Actor,
    at: UnixSeconds,
) -> rusqlite::Result<()> {
    let entry = AuditEntry { at, actor, action, subject: id.to_string(), note: None };
    audit::append(connection, &entry)
}

fn insert(connection: &Connection, new: &NewDeletion, turn: u32) -> rusqlite::Result<()> {
    let seq: DeletionSeq = connection
        .prepare_cached(
            "INSERT INTO deletions (id, video, turn, owner, request_digest, reason, stage, \
             fingerprint_by, requested_at, due_at, uploaded_from, uploaded_to, original) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'requested', \
             ?7, ?8, ?8, ?9, ?10, ?11) RETURNING seq",
        )?
        .query_row(
            params![
                new.id.0,
                new.video.0,
                turn,
                new.owner.map(|owner| owner.0),
                new.request_digest,
                new.reason.as_str(),
                new.fingerprint_by,
                new.requested_at,
                new.uploaded_at.map(|posted| posted.from),
                new.uploaded_at.map(|posted| posted.to),
                new.original,
            ],
            |row| row.get(0),
        )?;
    connection
        .prepare_cached("INSERT INTO deletion_client_data (deletion, sealed) VALUES (?1, ?2)")?
        .execute(params![seq, new.client_data.0])?;
    for (place, copy) in (0..).zip(&new.copies) {
        copies::insert(connection, seq, place, copy, new.requested_at)?;
    }
    retained::insert(connection, seq, new.uploaded_on, &new.engagement)?;
    events::append_plain(connection, seq, new.requested_at, DeletionEventKind::Requested)
}

pub(in crate::store) fn by_seq(
    connection: &Connection,
    seq: DeletionSeq,
) -> rusqlite::Result<Option<Deletion>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM deletions WHERE seq = ?1"))?
        .query_row([seq], deletion)
        .optional()
}

fn latest(connection: &Connection, video: VideoKey) -> rusqlite::Result<Option<Deletion>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM deletions WHERE video = ?1 ORDER BY turn DESC LIMIT 1"
        ))?
        .query_row([video.0], deletion)
        .optional()
}

/// SQL conditions, each followed by ` AND `, and their values.
fn conditions(filter: &DeletionFilter) -> (String, Vec<Value>) {
    let mut clauses = String::new();
    let mut values = Vec::new();
    let mut also = |clause: &str, value: Option<Value>| {
        clauses.push_str(clause);
        clauses.push_str(" AND ");
        values.extend(value);
    };
    if let Some(state) = filter.state {
        let word = || Some(Value::Text(state.as_str().to_owned()));
        match state {
            DeletionState::Stuck => {
                also("stuck_why IS NOT NULL AND stage NOT IN ('complete', 'cancelled')", None);
            }
            DeletionState::Complete | DeletionState::Cancelled => also("stage = ?", word()),
            _ => also("stage = ? AND stuck_why IS NULL", word()),
        }
    }
    if let Some(reason) = filter.reason {
        also("reason = ?", Some(Value::Text(reason.as_str().to_owned())));
    }
    if let Some(owner) = filter.owner {
        also("owner = ?", Some(Value::Blob(owner.0.to_vec())));
    }
    if let Some(video) = filter.video {
        also("video = ?", Some(Value::Blob(video.0.to_vec())));
    }
    if let Some(from) = filter.requested_from {
        also("requested_at >= ?", Some(Value::Integer(from)));
    }
    if let Some(until) = filter.requested_until {
        also("requested_at < ?", Some(Value::Integer(until)));
    }
    (clauses, values)
}

fn deletion(row: &Row<'_>) -> rusqlite::Result<Deletion> {
    Ok(Deletion {
        seq: row.get(0)?,
        id: DeletionId(row.get(1)?),
        video: VideoKey(row.get(2)?),
        turn: row.get(3)?,
        owner: row.get::<_, Option<[u8; 16]>>(4)?.map(OwnerKey),
        reason: columns::parsed(row, 5)?,
        stage: columns::parsed(row, 6)?,
        stuck_why: row.get(7)?,
        last_error: row.get(8)?,
        fingerprint_by: row.get(9)?,
        tombstone: row.get::<_, Option<String>>(10)?.map(TombstoneId),
        requested_at: row.get(11)?,
        hidden_at: row.get(12)?,
        fingerprinted_at: row.get(13)?,
        purging_at: row.get(14)?,
        erased_at: row.get(15)?,
        complete_at: row.get(16)?,
        cancelled_at: row.get(17)?,
        attempts: row.get(18)?,
        failures: row.get(19)?,
        due_at: row.get(20)?,
        retention_until: row.get(21)?,
        uploaded_at: row
            .get::<_, Option<UnixSeconds>>(22)?
            .zip(row.get::<_, Option<UnixSeconds>>(23)?)
            .map(|(from, to)| Posted { from, to }),
        original: row.get(24)?,
    })
}
