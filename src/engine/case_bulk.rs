//! The same done to many cases, by leads: to all that a filter finds, or to those that are named.

use crate::engine::case_rules::DecisionRequest;
use crate::engine::cases::Cases;
use crate::engine::{CaseAction, CaseQuery, Error, Result};
use crate::model::{CaseId, Reviewer, Role};
use crate::store::Case;

/// Cases worked on at once, which share the disk's syncs.
const AT_ONCE: usize = 16;

/// Which cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkTarget {
    /// As many as are allowed at once, from the beginning of the order on.
    Query(CaseQuery),
    These(Vec<CaseId>),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BulkOutcome {
    pub changed: Vec<CaseId>,
    /// Why each of the others was left as it is.
    pub refused: Vec<(CaseId, String)>,
    /// There are more: do it again.
    pub more: bool,
}

impl Cases {
    /// Does the same to many cases. Decisions and escalations are about the versions that are there now.
    ///
    /// # Errors
    /// `NotAllowed` for anybody but leads; `Invalid`; the store's refusal.
    pub fn act_on_many(
        &self,
        target: &BulkTarget,
        action: &CaseAction,
        reviewer: Reviewer,
    ) -> Result<BulkOutcome> {
        if !reviewer.is(Role::Lead) {
            return Err(Error::NotAllowed { why: "only leads act on many cases at once".into() });
        }
        let cases_max = self.options.bulk_max;
        let mut outcome = BulkOutcome::default();
        let mut ids = match target {
            BulkTarget::Query(query) => {
                let filter = self.filter(query, reviewer);
                self.engine.store.case_ids(&filter, cases_max + 1)?
            }
            BulkTarget::These(ids) => ids.clone(),
        };
        outcome.more = ids.len() > cases_max;
        ids.truncate(cases_max);
        let size = ids.len().div_ceil(AT_ONCE).max(1);
        let done: Vec<Result<BulkOutcome>> = std::thread::scope(|scope| {
            let part = |ids: &[CaseId]| {
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
            outcome.refused.extend(part.refused);
        }
        Ok(outcome)
    }

    fn act_on_part(
        &self,
        ids: &[CaseId],
        action: &CaseAction,
        reviewer: Reviewer,
    ) -> Result<BulkOutcome> {
        let mut outcome = BulkOutcome::default();
        for id in ids {
            let gone = || (*id, "there is no such case, or no longer".to_owned());
            let Some(case) = self.engine.store.case(*id)? else {
                outcome.refused.push(gone());
                continue;
            };
            match self.try_act(*id, at_present(action, &case), reviewer)? {
                Some(Ok(_)) => outcome.changed.push(*id),
                Some(Err(refusal)) => {
                    let why = self.explain(*id, refusal, reviewer)?;
                    outcome.refused.push((*id, why.to_string()));
                }
                None => outcome.refused.push(gone()),
            }
        }
        Ok(outcome)
    }
}

/// The action as it is about a case as it is now.
fn at_present(action: &CaseAction, case: &Case) -> CaseAction {
    match action.clone() {
        CaseAction::Decide(request) => CaseAction::Decide(DecisionRequest {
            version: case.version,
            members: Some(case.members),
            ..request
        }),
        CaseAction::Escalate { note, .. } => CaseAction::Escalate { version: case.version, note },
        other => other,
    }
}
