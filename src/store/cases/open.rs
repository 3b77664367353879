//! An upload that needs review opens a case or joins one of near-identical uploads, in the transaction that records its
//! verdict.

use rusqlite::{Connection, params};

use crate::model::{
    Actor, CaseEvent, CaseEventKind, CaseId, CaseSeq, Likeness, MatchKind, Reason, TombstoneId,
    UnixSeconds, Upload, VerdictKind,
};
use crate::store::cases::case::add_event;
use crate::store::cases::plots;

/// Number of open cases of one tombstone, newest first, that a new upload is compared with.
const COMPARED_MAX: i64 = 500;

/// The case that an upload opens if it does not join another.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCase {
    /// Its id if it is opened.
    pub id: CaseId,
    pub verdict: VerdictKind,
    pub reason: Reason,
    pub kind: MatchKind,
    pub tombstone: Option<TombstoneId>,
    pub score: f64,
    pub opened_at: UnixSeconds,
    pub due_at: Option<UnixSeconds>,
    /// Whether two moderators decide it, blind.
    pub twice: bool,
    /// `None` if it neither joins another case nor can be joined.
    pub joining: Option<Joining>,
    /// The upload's content key.
    pub content: Option<Vec<u8>>,
    /// Time plots of the matches.
    pub plots: Vec<(u32, Vec<u8>)>,
}

/// How an upload finds the case that it joins.
#[derive(Debug, Clone, PartialEq)]
pub struct Joining {
    pub likeness: Likeness,
    /// Until when other uploads can join a new case.
    pub until: UnixSeconds,
    /// Largest number of uploads in a case.
    pub members_max: u32,
}

/// Opens or joins a case; returns its row number and whether it is new.
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

/// The case to join: of the same tombstone, with the same bytes or a near-identical likeness.
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
