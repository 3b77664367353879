//! The same done to many cases, by leads: to all that a filter finds, or to those that are named.

use crate::engine::review::Cases;
use crate::engine::review::rules::{self, DecisionRequest, Refusal};
use crate::engine::{CaseAction, CaseQuery, Error, Result};
use crate::model::{Case, CaseId, CaseState, Reviewer, Role};

/// Cases worked on at once, which share the disk's syncs.
const AT_ONCE: usize = 16;

/// Which cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkTarget {
    /// As many as are allowed at once, from the beginning of the order on.
    Query(CaseQuery),
    These(Vec<CaseId>),
    /// These, each only as it was seen.
    Seen(Vec<SeenCase>),
}

/// A case as somebody saw it who acts on many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenCase {
    pub id: CaseId,
    pub version: u32,
    pub members: u32,
}

/// What it would be done to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BulkSurvey {
    /// Those that something can be done to.
    pub seen: Vec<SeenCase>,
    /// Uploads of all of them.
    pub uploads: u64,
    /// How many of them wait for no lead yet.
    pub open: usize,
    /// How many of them somebody else works on at present.
    pub claimed: usize,
    /// Others that were named and are decided, or gone.
    pub settled: usize,
    /// The target has more: do it again.
    pub more: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BulkOutcome {
    pub changed: Vec<CaseId>,
    /// How many of these wait for another moderator's decision now.
    pub half_decided: usize,
    /// The others are as they were.
    pub refused: Vec<BulkRefusal>,
    /// There are more: do it again.
    pub more: bool,
}

/// A case that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRefusal {
    pub case: CaseId,
    pub kind: RefusalKind,
    /// In words.
    pub why: String,
}

/// Why a case was left as it is, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Somebody else works on it.
    Claimed,
    /// It was decided meanwhile.
    Decided,
    /// Something else happened to it meanwhile.
    Changed,
    /// The rules do not allow it.
    NotAllowed,
    /// There is no such case any more.
    Gone,
}

/// A case with how it was seen, where that matters.
type Targeted = (CaseId, Option<SeenCase>);

impl Cases {
    /// What an action on many cases would be about, before it is taken; leads only.
    ///
    /// # Errors
    /// `NotAllowed` for anybody but leads; the store's refusal.
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

    /// Does the same to many cases. Decisions and escalations are about the versions that were seen, or where the target
    /// does not say so, that are there now.
    ///
    /// # Errors
    /// `NotAllowed` for anybody but leads; `Invalid`; the store's refusal.
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
        // Even when a part failed, the others may have changed something.
        self.changed();
        for part in done {
            let part = part?;
            outcome.changed.extend(part.changed);
            outcome.half_decided += part.half_decided;
            outcome.refused.extend(part.refused);
        }
        Ok(outcome)
    }

    /// The cases with how they were seen, as many as are allowed at once, and whether there are more.
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
                why: "there is no such case, or no longer".to_owned(),
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
    let why = || "only leads act on many cases at once".to_owned();
    if reviewer.is(Role::Lead) { Ok(()) } else { Err(Error::NotAllowed { why: why() }) }
}

/// The action as it is about a case as it was seen.
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
