//! A case as a queue shows it, as it is shown whole, and as events tell what was decided.
//!
//! Moderators see scores; programs do with the scope `scores`, as with uploads.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{
    Actor, CaseDecision, CaseEvent, CaseEventKind, CaseState, DecisionKind, DecisionTurn, Grounds,
    MatchKind, Reason, Reviewer, UnixSeconds, UploadClientData, VerdictKind, rfc3339,
};
use crate::store;
use crate::store::{CaseMember, CaseOccurrence, CasePlace, CaseRow, EarlierCase, Tombstone};
use crate::wire::{self, BytesState, Redact, UploadBytes, UploadView, round};

/// What time it is where a case is told of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaseTimes {
    pub now: UnixSeconds,
    pub steady: i64,
    /// How much longer a first decision that can be replaced by a second lasts than it can be undone.
    pub first_lasts_s: i64,
}

impl CaseTimes {
    fn left_s(&self, until_monotonic: i64) -> Option<u32> {
        u32::try_from(until_monotonic - self.steady).ok().filter(|left| *left > 0)
    }

    fn clock(&self, steady: i64) -> String {
        rfc3339(self.now + (steady - self.steady))
    }
}

/// Looks up what colleagues call somebody.
pub(crate) type Names<'n> = &'n dyn Fn(Actor) -> store::Result<String>;

/// Somebody who works on cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// `usr_…`, `key_…`, `local` or `policy`.
    pub id: String,
    pub name: String,
}

impl Person {
    pub(crate) fn new(actor: Actor, names: Names<'_>) -> store::Result<Person> {
        Ok(Person { id: actor.to_string(), name: names(actor)? })
    }
}

/// Who works on a case at present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Claim {
    pub by: Person,
    /// Whether that is whoever asks.
    pub mine: bool,
    pub until: String,
    /// Seconds until somebody else may claim it.
    pub left_s: u32,
}

/// A case as a queue shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Case)]
pub struct CaseView {
    /// `cas_…`
    pub id: String,
    /// `open`, `escalated`, `decided` (it can still be undone) or `closed`.
    #[schema(schema_with = wire::schema::case_state)]
    pub state: CaseState,
    /// A decision names the version that it saw.
    pub version: u32,
    /// What was made of the first upload when it was checked.
    #[schema(schema_with = wire::schema::verdict)]
    pub verdict: VerdictKind,
    #[schema(schema_with = wire::schema::reason)]
    pub reason: Reason,
    /// What kind of agreement it is about.
    #[schema(schema_with = wire::schema::match_kind)]
    pub kind: MatchKind,
    /// Of the best match; null when there is none.
    #[schema(required)]
    pub tombstone: Option<String>,
    /// Of the best match of all its uploads. Only for keys with the scope `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Uploads that the decision is about.
    pub members: u32,
    /// Id of the first upload; null once it is forgotten.
    #[schema(required)]
    pub upload: Option<String>,
    /// What the platform calls the first upload.
    #[schema(required)]
    pub reference: Option<String>,
    #[schema(required)]
    pub duration_s: Option<f64>,
    /// The platform flagged it so: its metadata says `"sensitive": true`.
    pub sensitive: bool,
    pub opened_at: String,
    #[schema(required)]
    pub due_at: Option<String>,
    /// Its due time is past.
    pub overdue: bool,
    /// Its uploader has appealed.
    pub appealed: bool,
    #[schema(required)]
    pub assigned_to: Option<Person>,
    #[schema(required)]
    pub claim: Option<Claim>,
    /// For so many seconds the last decision can still be undone; null when it cannot.
    #[schema(required)]
    pub undo_left_s: Option<u32>,
    /// Behind it the queue goes on; `None` where it was not asked of a queue.
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

/// A case with all that is needed to decide it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = CaseDetail)]
pub struct CaseDetail {
    #[serde(flatten)]
    pub case: CaseView,
    /// The first upload, whose matches stand for all of them; null once it is forgotten.
    #[schema(required)]
    pub first: Option<UploadView>,
    /// The first hundred uploads of the case; `GET …/members` has all.
    pub group: Vec<CaseMemberView>,
    /// What is known of the deleted videos that matched, as far as their tombstones are still there.
    pub deleted: Vec<DeletedVideo>,
    /// Where upload and deleted video agree in time, to be drawn; in the order of the first upload's matches. Only for
    /// keys with the scope `scores`.
    pub plots: Vec<MatchPlot>,
    /// Whether the drawings are still to be made.
    #[serde(skip)]
    #[schema(ignore)]
    pub is_being_drawn: bool,
    pub decisions: Vec<CaseDecisionView>,
    pub history: Vec<CaseEventView>,
    /// Other cases with uploads of the same uploader, the latest first.
    pub earlier: Vec<EarlierCaseView>,
    /// What the uploader said in their appeal.
    #[schema(required)]
    pub appeal: Option<String>,
    /// The case that this upload was taken out of when its uploader appealed.
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
    /// `upl_…`
    pub upload: String,
    pub joined_at: String,
    #[schema(required)]
    pub uploader: Option<String>,
    #[schema(required)]
    pub reference: Option<String>,
    #[schema(required, schema_with = wire::schema::maybe_verdict)]
    pub verdict: Option<VerdictKind>,
    #[schema(required)]
    pub duration_s: Option<f64>,
    pub sensitive: bool,
    /// Whether its bytes are still there to be looked at.
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

/// What is known of a deleted video. There is no picture of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeletedVideo {
    pub tombstone: String,
    pub duration_s: f64,
    /// Why it was deleted: `owner_request`, `legal` or `moderation`.
    pub reason: String,
    pub created_at: String,
    /// Whether its owner is known, who may allow others to post it.
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

/// Moments of an upload and of a deleted video that agree.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MatchPlot {
    pub tombstone: String,
    /// Keypoints: seconds in the upload, seconds in the deleted video, and how much it says, 0 to 1.
    pub keypoints: Vec<[f64; 3]>,
    /// Whole frames, the same way.
    pub frames: Vec<[f64; 3]>,
}

/// What somebody ruled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CaseDecision)]
pub struct CaseDecisionView {
    pub at: String,
    pub by: Person,
    /// `only`, `first` or `second` of two, `lead`, or `appeal`.
    #[schema(schema_with = wire::schema::decision_turn)]
    pub turn: DecisionTurn,
    #[schema(schema_with = wire::schema::decision_kind)]
    pub decision: DecisionKind,
    #[schema(schema_with = wire::schema::grounds)]
    pub grounds: Grounds,
    #[schema(required)]
    pub note: Option<String>,
    /// Where the owner's leave is on record.
    #[schema(required)]
    pub permission: Option<String>,
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

/// Something that happened to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CaseEvent)]
pub struct CaseEventView {
    pub at: String,
    pub by: Person,
    #[schema(schema_with = wire::schema::case_event)]
    pub event: CaseEventKind,
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

/// Something that happened to a case, for those who follow all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CaseNews)]
pub struct CaseNewsView {
    /// `cas_…`
    pub case: String,
    /// How the case is now, which may be later than the event.
    #[schema(schema_with = wire::schema::case_state)]
    pub state: CaseState,
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

/// Another case with an upload of the same uploader.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = EarlierCase)]
pub struct EarlierCaseView {
    pub id: String,
    #[schema(schema_with = wire::schema::case_state)]
    pub state: CaseState,
    pub opened_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What was decided; null until it is closed.
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

/// What subscribers are told of each upload of a case when a decision has taken effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CaseDecided {
    /// `cas_…`
    pub case: String,
    #[schema(schema_with = wire::schema::decision_kind)]
    pub decision: DecisionKind,
    #[schema(schema_with = wire::schema::grounds)]
    pub grounds: Grounds,
    pub decided_at: String,
    /// The upload with its new verdict.
    pub upload: UploadView,
}

impl Redact for CaseDecided {
    fn redact(&mut self) {
        self.upload.redact();
    }
}
