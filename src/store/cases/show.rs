//! One case in full: members, history, plots, and the uploader's other cases.

use rusqlite::{OptionalExtension, Row, params};

use crate::model::{
    Case, CaseDecision, CaseEvent, CaseId, CaseSeq, CaseState, DecisionKind, OwnerKey, UnixSeconds,
    Upload, UploadId, UploadMatch, UploadSeq,
};
use crate::store::cases::case;
use crate::store::database::columns;
use crate::store::uploads::upload;
use crate::store::{Result, Store};

/// A member of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseMember {
    pub joined_at: UnixSeconds,
    pub upload: Upload,
    pub content: Option<Vec<u8>>,
}

/// A case with its history.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFile {
    pub case: Case,
    /// Oldest first, undone ones included.
    pub decisions: Vec<CaseDecision>,
    pub events: Vec<CaseEvent>,
    /// Its first upload and its matches; `None` if it has been erased.
    pub upload: Option<(Upload, Vec<UploadMatch>)>,
    /// Time plots by the rank of the match.
    pub plots: Vec<(u32, Vec<u8>)>,
}

/// Another case with an upload of the same uploader.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierCase {
    pub id: CaseId,
    pub state: CaseState,
    pub opened_at: UnixSeconds,
    pub score: f64,
    /// The final decision, once it is closed.
    pub decision: Option<DecisionKind>,
}

/// Number of events, the newest, that a case shows.
const EVENTS_MAX: i64 = 500;

impl Store {
    /// A case with its history and its first upload, from one snapshot.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case_file(&self, id: CaseId) -> Result<Option<CaseFile>> {
        self.read(|c| {
            let Some(case) = case::by_id(c, id)? else { return Ok(None) };
            let upload = upload::by_seq(c, case.upload)?;
            let upload = upload.map(|upload| upload::with_matches(c, upload)).transpose()?;
            let plots = c
                .prepare_cached(
                    "SELECT rank, plot FROM case_plots WHERE upload = ?1 ORDER BY rank",
                )?
                .query_map([case.upload], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let mut events: Vec<CaseEvent> = c
                .prepare_cached(
                    "SELECT at, actor, kind, note FROM case_events WHERE case_seq = ?1 \
                     ORDER BY seq DESC LIMIT ?2",
                )?
                .query_map(params![case.seq, EVENTS_MAX], event)?
                .collect::<rusqlite::Result<_>>()?;
            events.reverse();
            let decisions = case::decisions(c, case.seq)?;
            Ok(Some(CaseFile { case, decisions, events, upload, plots }))
        })
    }

    /// Up to `limit` members of a case after `after`, in the order of acceptance.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case_members(
        &self,
        case: CaseSeq,
        after: UploadSeq,
        limit: usize,
    ) -> Result<Vec<CaseMember>> {
        self.read(|c| {
            let upload_columns: Vec<String> =
                upload::COLUMNS.split(", ").map(|name| format!("u.{}", name.trim())).collect();
            let (joined_at, content) = (upload_columns.len(), upload_columns.len() + 1);
            c.prepare_cached(&format!(
                "SELECT {}, m.joined_at, m.content FROM case_members m \
                 JOIN uploads u ON u.seq = m.upload \
                 WHERE m.case_seq = ?1 AND m.upload > ?2 ORDER BY m.upload LIMIT ?3",
                upload_columns.join(", ")
            ))?
            .query_map(params![case, after, columns::row_limit(limit)], move |row| {
                Ok(CaseMember {
                    upload: upload::upload(row)?,
                    joined_at: row.get(joined_at)?,
                    content: row.get(content)?,
                })
            })?
            .collect()
        })
    }

    /// The case of which an upload is a member.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case_of_upload(&self, upload: UploadId) -> Result<Option<Case>> {
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {} FROM uploads u JOIN case_members m ON m.upload = u.seq \
                 JOIN cases c ON c.seq = m.case_seq WHERE u.id = ?1",
                case::COLUMNS
            ))?
            .query_row([upload.0], case::case)
            .optional()
        })
    }

    /// Up to `limit` other cases with uploads of this uploader, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn earlier_cases(
        &self,
        uploader: OwnerKey,
        but: CaseSeq,
        limit: usize,
    ) -> Result<Vec<EarlierCase>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT c.id, c.state, c.opened_at, c.score, CASE WHEN c.state = 'closed' THEN \
                 (SELECT kind FROM case_decisions WHERE case_seq = c.seq AND undone_at IS NULL \
                 ORDER BY seq DESC LIMIT 1) END FROM cases c WHERE c.seq IN (SELECT case_seq \
                 FROM case_members WHERE uploader = ?1) AND c.seq <> ?2 \
                 ORDER BY c.seq DESC LIMIT ?3",
            )?
            .query_map(params![uploader.0, but, columns::row_limit(limit)], earlier)?
            .collect()
        })
    }
}

fn event(row: &Row<'_>) -> rusqlite::Result<CaseEvent> {
    Ok(CaseEvent {
        at: row.get(0)?,
        actor: columns::parsed(row, 1)?,
        kind: columns::parsed(row, 2)?,
        note: row.get(3)?,
    })
}

fn earlier(row: &Row<'_>) -> rusqlite::Result<EarlierCase> {
    let is_decided = row.get_ref(4)? != rusqlite::types::ValueRef::Null;
    Ok(EarlierCase {
        id: CaseId(row.get(0)?),
        state: columns::parsed(row, 1)?,
        opened_at: row.get(2)?,
        score: row.get(3)?,
        decision: if is_decided { Some(columns::parsed(row, 4)?) } else { None },
    })
}
