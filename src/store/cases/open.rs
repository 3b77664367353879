//! An upload that is put before a moderator opens a case, or joins one of its kind, in the transaction in which it gets
//! its verdict.

use rusqlite::{Connection, params};

use crate::model::{
    Actor, CaseEvent, CaseEventKind, CaseId, CaseSeq, Likeness, MatchKind, Reason, TombstoneId,
    UnixSeconds, Upload, VerdictKind,
};
use crate::store::cases::case::add_event;
use crate::store::cases::plots;

/// Open cases of one tombstone that a new upload is compared with at most, the latest first.
const COMPARED_MAX: i64 = 500;

/// A case that an upload opens, unless it joins another.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCase {
    /// Its id if it opens.
    pub id: CaseId,
    pub verdict: VerdictKind,
    pub reason: Reason,
    pub kind: MatchKind,
    pub tombstone: Option<TombstoneId>,
    pub score: f64,
    pub opened_at: UnixSeconds,
    pub due_at: Option<UnixSeconds>,
    /// Whether two moderators decide it.
    pub twice: bool,
    /// `None` when it neither joins nor is joined.
    pub joining: Option<Joining>,
    /// What the upload's content is known by.
    pub content: Option<Vec<u8>>,
    /// Where upload and deleted video agree in time, by the rank of the match.
    pub plots: Vec<(u32, Vec<u8>)>,
}

/// How an upload finds its case.
#[derive(Debug, Clone, PartialEq)]
pub struct Joining {
    pub likeness: Likeness,
    /// Until when others join, should it open.
    pub until: UnixSeconds,
    /// Uploads of a case at most.
    pub members_max: u32,
}

/// Opens or joins a case; the answer is its number, and whether it is a new one.
pub(in crate::store) fn open_or_join(
    c: &Connection,
    upload: &Upload,
    new: &NewCase,
) -> rusqlite::Result<(CaseSeq, bool)> {
    let found = new.joining.as_ref().map(|joining| find(c, upload, new, joining)).transpose()?;
    let (seq, is_new) = match found.flatten() {
        Some(seq) => (seq, false),
        None => (open(c, upload, new)?, true),
    };
    c.prepare_cached(
        "INSERT INTO case_members (upload, case_seq, joined_at, uploader, content) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        upload.seq,
        seq,
        new.opened_at,
        upload.uploader.map(|uploader| uploader.0),
        new.content,
    ])?;
    plots::add(c, upload.seq, &new.plots)?;
    if !is_new {
        c.prepare_cached(
            "UPDATE cases SET members = members + 1, score = max(score, ?2) WHERE seq = ?1",
        )?
        .execute(params![seq, new.score])?;
    }
    Ok((seq, is_new))
}

/// The case that the upload belongs to: same tombstone, and the same bytes or the same look.
fn find(
    c: &Connection,
    upload: &Upload,
    new: &NewCase,
    joining: &Joining,
) -> rusqlite::Result<Option<CaseSeq>> {
    let digest = upload.bytes.map(|bytes| bytes.digest.0);
    let mut open = c.prepare_cached(
        "SELECT l.case_seq, l.digest, l.likeness FROM case_likenesses l \
         JOIN cases c ON c.seq = l.case_seq WHERE l.tombstone = ?1 AND l.join_until > ?2 \
         AND c.state = 'open' AND c.members < ?3 ORDER BY l.case_seq DESC LIMIT ?4",
    )?;
    let tombstone = new.tombstone.as_ref().map_or("", |id| &id.0);
    let mut rows =
        open.query(params![tombstone, new.opened_at, joining.members_max, COMPARED_MAX])?;
    while let Some(row) = rows.next()? {
        let same_bytes = digest.is_some() && row.get::<_, Option<[u8; 32]>>(1)? == digest;
        let other: Option<Vec<u8>> = row.get(2)?;
        let other = other.and_then(|bytes| Likeness::from_bytes(&bytes));
        if same_bytes || other.is_some_and(|other| joining.likeness.is_like(&other)) {
            return row.get(0).map(Some);
        }
    }
    Ok(None)
}

fn open(c: &Connection, upload: &Upload, new: &NewCase) -> rusqlite::Result<CaseSeq> {
    let tombstone = new.tombstone.as_ref().map_or("", |id| &id.0);
    let seq: CaseSeq = c
        .prepare_cached(
            "INSERT INTO cases (id, state, upload, verdict, reason, kind, tombstone, score, \
             members, opened_at, due_at, twice) \
             VALUES (?1, 'open', ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10) RETURNING seq",
        )?
        .query_row(
            params![
                new.id.0,
                upload.seq,
                new.verdict.as_str(),
                new.reason.as_str(),
                new.kind.as_str(),
                tombstone,
                new.score,
                new.opened_at,
                new.due_at,
                new.twice,
            ],
            |row| row.get(0),
        )?;
    let (at, actor, kind) = (new.opened_at, Actor::Policy, CaseEventKind::Opened);
    add_event(c, seq, &CaseEvent { at, actor, kind, note: None })?;
    if let Some(Joining { likeness, until, .. }) = &new.joining {
        c.prepare_cached(
            "INSERT INTO case_likenesses (case_seq, tombstone, join_until, digest, likeness) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            seq,
            tombstone,
            until,
            upload.bytes.map(|bytes| bytes.digest.0),
            likeness.to_bytes()
        ])?;
    }
    Ok(seq)
}
