//! Views of a case: in a queue, in full, and in events.
//!
//! Moderators see scores; programs need the scope `scores`, as for uploads.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{
    Actor, CaseDecision, CaseEvent, CaseEventKind, CaseState, DecisionKind, DecisionTurn, Grounds,
    MatchKind, Reason, Reviewer, UnixSeconds, UploadClientData, VerdictKind, rfc3339,
};
use crate::store;
use crate::store::{CaseMember, CaseOccurrence, CasePlace, CaseRow, EarlierCase, Tombstone};
use crate::wire::{self, BytesState, Redact, UploadBytes, UploadView, round};

/// The current times, to convert monotonic times for readers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaseTimes {
    pub now: UnixSeconds,
    pub monotonic: i64,
    /// Seconds from the end of the undo time of a first decision to the time it takes effect without a second.
    pub first_lasts_s: i64,
}

impl CaseTimes {
    fn left_s(&self, until_monotonic: i64) -> Option<u32> {
        u32::try_from(until_monotonic - self.monotonic).ok().filter(|left| *left > 0)
    }

    fn clock(&self, monotonic: i64) -> String {
        rfc3339(self.now + (monotonic - self.monotonic))
    }
}

/// Looks up the display name of an actor.
pub(crate) type Names<'n> = &'n dyn Fn(Actor) -> store::Result<String>;

/// A user or a program that acts on cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// `usr_…` for users, `key_…` for API keys, `local` for the command line, `policy` for the service itself.
    pub id: String,
    /// Display name.
    pub name: String,
}

impl Person {
    pub(crate) fn new(actor: Actor, names: Names<'_>) -> store::Result<Person> {
        Ok(Person { id: actor.to_string(), name: names(actor)? })
    }
}

/// The current claim on a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Claim {
    /// Who has claimed the case.
    pub by: Person,
    /// Whether the caller has claimed it.
    pub mine: bool,
    /// When the claim expires, RFC 3339.
    pub until: String,
    /// Seconds until the claim expires.
    pub left_s: u32,
}

/// A case as a queue lists it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Case)]
pub struct CaseView {
    /// Id, `cas_…`.
    pub id: String,
    /// `open`, `escalated`, `decided` (can still be undone) or `closed` (has taken effect).
    #[schema(schema_with = wire::schema::case_state)]
    pub state: CaseState,
    /// Rises when the case changes; send it with a decision or an escalation to detect conflicts.
    pub version: u32,
    /// Verdict of the check of the first upload.
    #[schema(schema_with = wire::schema::verdict)]
    pub verdict: VerdictKind,
    /// Why the check gave this verdict.
    #[schema(schema_with = wire::schema::reason)]
    pub reason: Reason,
    /// Kind of the best match.
    #[schema(schema_with = wire::schema::match_kind)]
    pub kind: MatchKind,
    /// Id of the tombstone of the best match; null without a match.
    #[schema(required)]
    pub tombstone: Option<String>,
    /// Highest score among the uploads of the case. Only with the scope `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Number of uploads in the case; a decision applies to all of them.
    pub members: u32,
    /// Id of the first upload, `upl_…`; null once its record is erased.
    #[schema(required)]
    pub upload: Option<String>,
    /// The platform's id of the first upload; null when it was not sent or is erased.
    #[schema(required)]
    pub reference: Option<String>,
    /// Duration of the first upload, seconds; null when unknown.
    #[schema(required)]
    pub duration_s: Option<f64>,
    /// Whether the metadata of the first upload has `"sensitive": true`.
    pub sensitive: bool,
    /// When the case was opened, RFC 3339.
    pub opened_at: String,
    /// When the case is due, RFC 3339; null without a due time.
    #[schema(required)]
    pub due_at: Option<String>,
    /// Whether the case is undecided past its due time.
    pub overdue: bool,
    /// Whether the uploader has appealed.
    pub appealed: bool,
    /// Who the case is assigned to; null when anyone may claim it.
    #[schema(required)]
    pub assigned_to: Option<Person>,
    /// The current claim; null when the case is unclaimed.
    #[schema(required)]
    pub claim: Option<Claim>,
    /// Seconds left to undo the last decision; null when it can no longer be undone.
    #[schema(required)]
    pub undo_left_s: Option<u32>,
    /// The case's position in its queue, for cursors; `None` outside a queue.
    #[serde(skip)]
    #[schema(ignore)]
    pub place: Option<CasePlace>,
}

impl CaseView {
    pub(crate) fn new(
        row: &CaseRow,
        client_data: &UploadClientData,
        times: &CaseTimes,
        reviewer: Reviewer,
        names: Names<'_>,
    ) -> store::Result<CaseView> {
        let CaseRow { case, upload, duration_s, .. } = row;
        let claim =
            case.claim.and_then(|claim| Some((claim, times.left_s(claim.until_monotonic)?)));
        let claim = match claim {
            Some((claim, left_s)) => Some(Claim {
                by: Person::new(claim.by, names)?,
                mine: claim.by == reviewer.actor,
                until: times.clock(claim.until_monotonic),
                left_s,
            }),
            None => None,
        };
        let waits = matches!(case.state, CaseState::Open | CaseState::Escalated);
        let own_first = case.first_by == Some(reviewer.actor);
        let undo = case.settle_at_monotonic.and_then(|settle| match case.state {
            CaseState::Decided => Some(settle),
            CaseState::Open if own_first => Some(settle - times.first_lasts_s),
            _ => None,
        });
        Ok(CaseView {
            id: case.id.to_string(),
            state: case.state,
            version: case.version,
            verdict: case.verdict,
            reason: case.reason,
            kind: case.kind,
            tombstone: case.tombstone.as_ref().map(|id| id.0.clone()),
            score: Some(round(case.score, 2)),
            members: case.members,
            upload: upload.map(|id| id.to_string()),
            reference: client_data.reference.clone(),
            duration_s: duration_s.map(|s| round(s, 2)),
            sensitive: is_sensitive(client_data),
            opened_at: rfc3339(case.opened_at),
            due_at: case.due_at.map(rfc3339),
            overdue: waits && case.due_at.is_some_and(|due_at| due_at < times.now),
            appealed: case.appealed_at.is_some(),
            assigned_to: case.assigned_to.map(|to| Person::new(to, names)).transpose()?,
            claim,
            undo_left_s: undo.and_then(|until| times.left_s(until)),
            place: None,
        })
    }
}

impl Redact for CaseView {
    fn redact(&mut self) {
        self.score = None;
    }
}

fn is_sensitive(client_data: &UploadClientData) -> bool {
    let said = client_data.metadata.as_ref().and_then(|metadata| metadata.get("sensitive"));
    said.and_then(serde_json::Value::as_bool).unwrap_or(false)
}

/// A case with everything that a moderator needs to decide it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = CaseDetail)]
pub struct CaseDetail {
    #[serde(flatten)]
    pub case: CaseView,
    /// The first upload, whose matches represent the case; null once its record is erased.
    #[schema(required)]
    pub first: Option<UploadView>,
    /// The first 100 uploads of the case; `GET …/members` returns all.
    pub group: Vec<CaseMemberView>,
    /// The matched deleted videos whose tombstones still exist.
    pub deleted: Vec<DeletedVideo>,
    /// Agreeing moments of upload and deleted video, in the order of the first upload's matches. Empty without the
    /// scope `scores`.
    pub plots: Vec<MatchPlot>,
    /// Whether the plots are still being computed.
    #[serde(skip)]
    #[schema(ignore)]
    pub is_being_drawn: bool,
    /// Decisions, oldest first, including undone ones.
    pub decisions: Vec<CaseDecisionView>,
    /// The latest events, oldest first.
    pub history: Vec<CaseEventView>,
    /// Other cases of the same uploader, newest first, up to 20.
    pub earlier: Vec<EarlierCaseView>,
    /// The uploader's statement in the appeal; null when there is none.
    #[schema(required)]
    pub appeal: Option<String>,
    /// Id of the case that the upload left when its uploader appealed; null otherwise.
    #[schema(required)]
    pub parted_from: Option<String>,
}

impl Redact for CaseDetail {
    fn redact(&mut self) {
        self.case.redact();
        if let Some(first) = &mut self.first {
            first.redact();
        }
        self.plots.clear();
        self.earlier.iter_mut().for_each(|case| case.score = None);
    }
}

/// One upload of a case.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = CaseMember)]
pub struct CaseMemberView {
    /// Id, `upl_…`.
    pub upload: String,
    /// When the upload joined the case, RFC 3339.
    pub joined_at: String,
    /// The platform's id of the uploader; null when it was not sent or is erased.
    #[schema(required)]
    pub uploader: Option<String>,
    /// The platform's id of the upload; null when it was not sent or is erased.
    #[schema(required)]
    pub reference: Option<String>,
    /// Current verdict of the upload; null until it is decided.
    #[schema(required, schema_with = wire::schema::maybe_verdict)]
    pub verdict: Option<VerdictKind>,
    /// Duration, seconds; null when unknown.
    #[schema(required)]
    pub duration_s: Option<f64>,
    /// Whether the metadata has `"sensitive": true`.
    pub sensitive: bool,
    /// Whether the bytes are still kept and can be viewed.
    pub kept: bool,
}

impl CaseMemberView {
    pub(crate) fn new(member: &CaseMember, client_data: UploadClientData) -> CaseMemberView {
        let decision = member.upload.decision.as_ref();
        CaseMemberView {
            upload: member.upload.id.to_string(),
            joined_at: rfc3339(member.joined_at),
            sensitive: is_sensitive(&client_data),
            uploader: client_data.uploader,
            reference: client_data.reference,
            verdict: decision.map(|d| d.answer.kind),
            duration_s: decision.and_then(|d| d.duration_s).map(|s| round(s, 2)),
            kept: UploadBytes::new(&member.upload).state == BytesState::Kept,
        }
    }
}

/// A deleted video. No picture of it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeletedVideo {
    /// Id of the tombstone.
    pub tombstone: String,
    /// Duration, seconds.
    pub duration_s: f64,
    /// Why it was deleted: `owner_request`, `legal` or `moderation`.
    pub reason: String,
    /// When the tombstone was created, RFC 3339.
    pub created_at: String,
    /// Whether its owner is known; only a known owner can permit others to post the video.
    pub owned: bool,
}

impl DeletedVideo {
    pub(crate) fn new(tombstone: &Tombstone) -> DeletedVideo {
        DeletedVideo {
            tombstone: tombstone.id.0.clone(),
            duration_s: round(tombstone.duration_s, 2),
            reason: tombstone.reason.to_string(),
            created_at: rfc3339(tombstone.created_at),
            owned: tombstone.owner.is_some(),
        }
    }
}

/// Agreeing moments of an upload and a deleted video.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MatchPlot {
    /// Id of the tombstone.
    pub tombstone: String,
    /// Keypoints as triples: seconds in the upload, seconds in the deleted video, weight from 0 to 1.
    pub keypoints: Vec<[f64; 3]>,
    /// Whole frames, as the same triples.
    pub frames: Vec<[f64; 3]>,
}

/// A decision on a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CaseDecision)]
pub struct CaseDecisionView {
    /// When it was made, RFC 3339.
    pub at: String,
    /// Who made it.
    pub by: Person,
    /// `only`; `first` or `second` of two blind decisions; `lead` on an escalated case; `appeal` after an appeal.
    #[schema(schema_with = wire::schema::decision_turn)]
    pub turn: DecisionTurn,
    /// The decision.
    #[schema(schema_with = wire::schema::decision_kind)]
    pub decision: DecisionKind,
    /// Why the moderator decided so.
    #[schema(schema_with = wire::schema::grounds)]
    pub grounds: Grounds,
    /// The moderator's note; null when there is none.
    #[schema(required)]
    pub note: Option<String>,
    /// Where the owner's permission is on record; null without a standing permission.
    #[schema(required)]
    pub permission: Option<String>,
    /// When it was undone, RFC 3339; null while it stands.
    #[schema(required)]
    pub undone_at: Option<String>,
}

impl CaseDecisionView {
    pub(crate) fn new(one: &CaseDecision, names: Names<'_>) -> store::Result<CaseDecisionView> {
        Ok(CaseDecisionView {
            at: rfc3339(one.at),
            by: Person::new(one.actor, names)?,
            turn: one.turn,
            decision: one.kind,
            grounds: one.grounds,
            note: one.note.clone(),
            permission: one.permission.clone(),
            undone_at: one.undone_at.map(rfc3339),
        })
    }
}

/// An event in the history of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CaseEvent)]
pub struct CaseEventView {
    /// When it happened, RFC 3339.
    pub at: String,
    /// Who caused it.
    pub by: Person,
    /// Kind of the event.
    #[schema(schema_with = wire::schema::case_event)]
    pub event: CaseEventKind,
    /// The note, decision, assignee or due time that belongs to the event; null when there is none.
    #[schema(required)]
    pub note: Option<String>,
}

impl CaseEventView {
    pub(crate) fn new(one: &CaseEvent, names: Names<'_>) -> store::Result<CaseEventView> {
        let by = Person::new(one.actor, names)?;
        let assigned = one.note.as_deref().filter(|_| one.kind == CaseEventKind::Assigned);
        let note = match assigned.and_then(|to| to.parse().ok()) {
            Some(to) => Some(names(to)?),
            None => one.note.clone(),
        };
        Ok(CaseEventView { at: rfc3339(one.at), by, event: one.kind, note })
    }
}

/// An event in the feed of all cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CaseNews)]
pub struct CaseNewsView {
    /// Id of the case, `cas_…`.
    pub case: String,
    /// Current state of the case, which may be newer than the event.
    #[schema(schema_with = wire::schema::case_state)]
    pub state: CaseState,
    /// Current version of the case.
    pub version: u32,
    #[serde(flatten)]
    pub happened: CaseEventView,
}

impl CaseNewsView {
    pub(crate) fn new(one: &CaseOccurrence, names: Names<'_>) -> store::Result<CaseNewsView> {
        Ok(CaseNewsView {
            case: one.case.to_string(),
            state: one.state,
            version: one.version,
            happened: CaseEventView::new(&one.event, names)?,
        })
    }
}

/// Another case of the same uploader.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = EarlierCase)]
pub struct EarlierCaseView {
    /// Id, `cas_…`.
    pub id: String,
    /// State of the case.
    #[schema(schema_with = wire::schema::case_state)]
    pub state: CaseState,
    /// When the case was opened, RFC 3339.
    pub opened_at: String,
    /// Highest score among the uploads of the case. Only with the scope `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The decision; null until the case is closed.
    #[schema(required, schema_with = wire::schema::maybe_decision_kind)]
    pub decision: Option<DecisionKind>,
}

impl EarlierCaseView {
    pub(crate) fn new(one: EarlierCase) -> EarlierCaseView {
        EarlierCaseView {
            id: one.id.to_string(),
            state: one.state,
            opened_at: rfc3339(one.opened_at),
            score: Some(round(one.score, 2)),
            decision: one.decision,
        }
    }
}

/// The event for each upload of a case when a decision takes effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CaseDecided {
    /// Id of the case, `cas_…`.
    pub case: String,
    /// The decision.
    #[schema(schema_with = wire::schema::decision_kind)]
    pub decision: DecisionKind,
    /// Why the moderator decided so.
    #[schema(schema_with = wire::schema::grounds)]
    pub grounds: Grounds,
    /// When the decision was made, RFC 3339.
    pub decided_at: String,
    /// The upload with its new verdict.
    pub upload: UploadView,
}

impl Redact for CaseDecided {
    fn redact(&mut self) {
        self.upload.redact();
    }
}
