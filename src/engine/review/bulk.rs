//! Bulk actions by leads, on all cases that match a filter or on a list of cases.

use crate::engine::error::{Error, Result};
use crate::engine::review::Cases;
use crate::engine::review::rules::{self, DecisionRequest, Refusal};
use crate::engine::review::{CaseAction, CaseQuery};
use crate::model::{Case, CaseId, CaseState, Reviewer, Role};

/// Cases changed at once: concurrent commits share a sync of the disk.
const AT_ONCE: usize = 16;

/// The cases of a bulk action. One call changes at most
/// [`Options::bulk_max`](crate::engine::triage::Options::bulk_max), the first in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkTarget {
    /// All that match a query.
    Query(CaseQuery),
    /// These, in whatever version they are now.
    These(Vec<CaseId>),
    /// These, each only in the version that was seen.
    Seen(Vec<SeenCase>),
}

/// The version of a case that the caller saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenCase {
    pub id: CaseId,
    pub version: u32,
    pub members: u32,
}

/// A dry run of a bulk action.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BulkSurvey {
    /// Undecided cases, which the action can change.
    pub seen: Vec<SeenCase>,
    /// Uploads of these cases.
    pub uploads: u64,
    /// How many of these cases are open and not escalated.
    pub open: usize,
    /// How many of these cases someone else has claimed.
    pub claimed: usize,
    /// Targeted cases that are decided or no longer exist.
    pub settled: usize,
    /// The target has more cases: repeat the request.
    pub more: bool,
}

/// The result of a bulk action.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BulkOutcome {
    pub changed: Vec<CaseId>,
    /// How many of these now wait for a second, blind decision.
    pub half_decided: usize,
    /// Cases left unchanged.
    pub refused: Vec<BulkRefusal>,
    /// The target has more cases: repeat the request.
    pub more: bool,
}

/// A case left unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRefusal {
    pub case: CaseId,
    pub kind: RefusalKind,
    /// A sentence for the reader.
    pub why: String,
}

/// Why a case was left unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Someone else has claimed it.
    Claimed,
    /// It is already decided.
    Decided,
    /// It has changed since the caller saw it.
    Changed,
    /// The rules forbid the action.
    NotAllowed,
    /// It does not exist.
    Gone,
}

/// A case, and the version that the caller saw if the target names one.
type Targeted = (CaseId, Option<SeenCase>);

impl Cases {
    /// Counts the cases that a bulk action would change. Leads only.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the reviewer is no lead; [`Error::Store`] when the store cannot be read.
    pub fn survey(&self, target: &BulkTarget, reviewer: Reviewer) -> Result<BulkSurvey> {
        only_leads(reviewer)?;
        let (ids, more) = self.targeted(target, reviewer)?;
        let mut survey = BulkSurvey { more, ..BulkSurvey::default() };
        let now = self.moment();
        for (id, _) in ids {
            let waits = |case: &Case| matches!(case.state, CaseState::Open | CaseState::Escalated);
            let Some(case) = self.engine.store().case(id)?.filter(waits) else {
                survey.settled += 1;
                continue;
            };
            let claim = rules::live_claim(&case, now);
            survey.claimed += usize::from(claim.is_some_and(|claim| claim.by != reviewer.actor));
            survey.open += usize::from(case.state == CaseState::Open);
            survey.uploads += u64::from(case.members);
            survey.seen.push(SeenCase { id, version: case.version, members: case.members });
        }
        Ok(survey)
    }

    /// Performs an action on many cases, each in its own transaction. Decisions and escalations name the version that
    /// the caller saw, or the current version if the target names none. Leads only.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the reviewer is no lead; [`Error::Invalid`] names the invalid field of the action;
    /// [`Error::Store`] when the store cannot be read or written. Cases changed before the error stay changed.
    pub fn act_on_many(
        &self,
        target: &BulkTarget,
        action: &CaseAction,
        reviewer: Reviewer,
    ) -> Result<BulkOutcome> {
        only_leads(reviewer)?;
        let (ids, more) = self.targeted(target, reviewer)?;
        let mut outcome = BulkOutcome { more, ..BulkOutcome::default() };
        let size = ids.len().div_ceil(AT_ONCE).max(1);
        let done: Vec<Result<BulkOutcome>> = std::thread::scope(|scope| {
            let part = |ids: &[Targeted]| {
                let ids = ids.to_vec();
                scope.spawn(move || self.act_on_part(&ids, action, reviewer))
            };
            let parts: Vec<_> = ids.chunks(size).map(part).collect();
            let joined = parts.into_iter().map(|part| part.join());
            joined
                .map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        // Notify even when a part failed: other parts may have changed cases.
        self.changed();
        for part in done {
            let part = part?;
            outcome.changed.extend(part.changed);
            outcome.half_decided += part.half_decided;
            outcome.refused.extend(part.refused);
        }
        Ok(outcome)
    }

    /// The first cases of the target up to the limit, and whether it has more.
    fn targeted(&self, target: &BulkTarget, reviewer: Reviewer) -> Result<(Vec<Targeted>, bool)> {
        let cases_max = self.options.bulk_max;
        let unseen = |id: &CaseId| (*id, None);
        let mut ids: Vec<_> = match target {
            BulkTarget::Query(query) => {
                let filter = self.filter(query, reviewer);
                self.engine.store().case_ids(&filter, cases_max + 1)?.iter().map(unseen).collect()
            }
            BulkTarget::These(ids) => ids.iter().map(unseen).collect(),
            BulkTarget::Seen(cases) => cases.iter().map(|seen| (seen.id, Some(*seen))).collect(),
        };
        let more = ids.len() > cases_max;
        ids.truncate(cases_max);
        Ok((ids, more))
    }

    fn act_on_part(
        &self,
        ids: &[Targeted],
        action: &CaseAction,
        reviewer: Reviewer,
    ) -> Result<BulkOutcome> {
        let mut outcome = BulkOutcome::default();
        for (id, seen) in ids {
            let gone = || BulkRefusal {
                case: *id,
                kind: RefusalKind::Gone,
                why: "this case does not exist".to_owned(),
            };
            let Some(case) = self.engine.store().case(*id)? else {
                outcome.refused.push(gone());
                continue;
            };
            let present = SeenCase { id: *id, version: case.version, members: case.members };
            let about = about(action, seen.as_ref().unwrap_or(&present));
            match self.try_act(*id, about, reviewer)? {
                Some(Ok(after)) => {
                    let half =
                        matches!(action, CaseAction::Decide(_)) && after.state == CaseState::Open;
                    outcome.half_decided += usize::from(half);
                    outcome.changed.push(*id);
                }
                Some(Err(refusal)) => {
                    let kind = kind(&refusal, case.state);
                    let why = self.explain(*id, refusal, reviewer)?.to_string();
                    outcome.refused.push(BulkRefusal { case: *id, kind, why });
                }
                None => outcome.refused.push(gone()),
            }
        }
        Ok(outcome)
    }
}

fn only_leads(reviewer: Reviewer) -> Result<()> {
    let why = || "only leads may change many cases at once".to_owned();
    if reviewer.is(Role::Lead) { Ok(()) } else { Err(Error::NotAllowed { why: why() }) }
}

/// The action with the version and size of a case filled in.
fn about(action: &CaseAction, seen: &SeenCase) -> CaseAction {
    let version = Some(seen.version);
    match action.clone() {
        CaseAction::Decide(request) => {
            CaseAction::Decide(DecisionRequest { version, members: Some(seen.members), ..request })
        }
        CaseAction::Escalate { note, .. } => CaseAction::Escalate { version, note },
        other => other,
    }
}

fn kind(refusal: &Refusal, state: CaseState) -> RefusalKind {
    match (refusal, state) {
        (Refusal::Claimed { .. }, _) => RefusalKind::Claimed,
        (Refusal::NotAllowed(_) | Refusal::Invalid { .. }, _) => RefusalKind::NotAllowed,
        (_, CaseState::Decided | CaseState::Closed) => RefusalKind::Decided,
        (Refusal::Changed | Refusal::Grown { .. } | Refusal::TooLate, _) => RefusalKind::Changed,
    }
}
