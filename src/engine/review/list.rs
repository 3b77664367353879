//! Queues of cases.

use crate::engine::Result;
use crate::engine::review::Cases;
use crate::model::{
    CaseId, CaseOrder, CaseState, MatchKind, Reviewer, TombstoneId, UnixSeconds, VerdictKind,
};
use crate::store::{CaseFilter, CasePlace, CaseRow};
use crate::wire::{CaseTimes, CaseView, Unredacted};

/// Which cases somebody wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseQuery {
    pub state: CaseState,
    pub verdict: Option<VerdictKind>,
    pub kind: Option<MatchKind>,
    pub tombstone: Option<TombstoneId>,
    pub opened_before: Option<UnixSeconds>,
    pub opened_after: Option<UnixSeconds>,
    /// Groups of so many uploads and more.
    pub members_min: Option<u32>,
    pub whose: Whose,
    pub appealed: Option<bool>,
    pub order: CaseOrder,
}

/// Whose cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    #[default]
    All,
    /// Those that the asker has claimed, or is to do.
    Mine,
    /// Those that nobody has claimed.
    Free,
}

impl Default for CaseQuery {
    fn default() -> Self {
        CaseQuery {
            state: CaseState::Open,
            verdict: None,
            kind: None,
            tombstone: None,
            opened_before: None,
            opened_after: None,
            members_min: None,
            whose: Whose::All,
            appealed: None,
            order: CaseOrder::Score,
        }
    }
}

impl Cases {
    /// At most `limit` cases behind a place in the queue. Those that the asker has decided, and another decides too, are
    /// not among the open ones.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn list(
        &self,
        query: &CaseQuery,
        after: Option<CasePlace>,
        limit: usize,
        reviewer: Reviewer,
    ) -> Result<Vec<Unredacted<CaseView>>> {
        let rows = self.engine.store().cases(&self.filter(query, reviewer), after, limit)?;
        let line = |row: CaseRow| {
            let place = Some(row.place(query.order));
            let view = CaseView { place, ..self.view_of(&row, reviewer)? };
            Ok(Unredacted::new(view))
        };
        rows.into_iter().map(line).collect()
    }

    /// How many cases a query finds, up to 10 000.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn count(&self, query: &CaseQuery, reviewer: Reviewer) -> Result<u64> {
        Ok(self.engine.store().count_cases(&self.filter(query, reviewer))?)
    }

    pub(in crate::engine) fn filter(&self, query: &CaseQuery, reviewer: Reviewer) -> CaseFilter {
        CaseFilter {
            verdict: query.verdict,
            kind: query.kind,
            tombstone: query.tombstone.clone(),
            opened_before: query.opened_before,
            opened_after: query.opened_after,
            members_min: query.members_min,
            of: (query.whose == Whose::Mine).then_some(reviewer.actor),
            appealed: query.appealed,
            free_at: (query.whose == Whose::Free).then(|| self.steady.now()),
            not_first_by: (query.state == CaseState::Open).then_some(reviewer.actor),
            order: query.order,
            ..CaseFilter::of_state(query.state)
        }
    }

    /// A case as a queue shows it; `None` when there is none of this id.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn line(&self, id: CaseId, reviewer: Reviewer) -> Result<Option<Unredacted<CaseView>>> {
        let row = self.engine.store().case_row(id)?;
        let view = row.map(|row| self.view_of(&row, reviewer)).transpose()?;
        Ok(view.map(Unredacted::new))
    }

    pub(in crate::engine) fn view_of(&self, row: &CaseRow, reviewer: Reviewer) -> Result<CaseView> {
        let client_data = self.uploads.client_data(row.client_data.as_ref())?;
        let names = |actor| self.engine.store().actor_name(actor);
        let times = CaseTimes {
            now: self.environment.now(),
            steady: self.steady.now(),
            first_lasts_s: self.options.second_s - self.options.undo_s,
        };
        Ok(CaseView::new(row, &client_data, &times, reviewer, &names)?)
    }
}
