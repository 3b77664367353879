//! The queues: lists of cases by filter and order.

use crate::engine::error::Result;
use crate::engine::review::Cases;
use crate::model::{
    CaseId, CaseOrder, CaseState, MatchKind, Reviewer, TombstoneId, UnixSeconds, VerdictKind,
};
use crate::store::{CaseFilter, CasePlace, CaseRow};
use crate::wire::{CaseTimes, CaseView, Unredacted};

/// Filters and order of a queue; `None` matches all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseQuery {
    pub state: CaseState,
    pub verdict: Option<VerdictKind>,
    pub kind: Option<MatchKind>,
    pub tombstone: Option<TombstoneId>,
    pub opened_before: Option<UnixSeconds>,
    pub opened_after: Option<UnixSeconds>,
    /// Smallest number of uploads in the case.
    pub members_min: Option<u32>,
    pub whose: Whose,
    pub appealed: Option<bool>,
    pub order: CaseOrder,
}

/// Filter by claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    #[default]
    All,
    /// Claimed by or assigned to the reviewer.
    Mine,
    /// Unclaimed.
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
    /// Up to `limit` cases after a position in the queue. Open cases that wait for the second of two blind decisions
    /// are hidden from the author of the first.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read;
    /// [`Error::Sealed`](crate::engine::Error::Sealed) when client data does not open under this key.
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

    /// The number of cases that match a query, up to 10 000.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read.
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
            free_at: (query.whose == Whose::Free).then(|| self.monotonic.now()),
            not_first_by: (query.state == CaseState::Open).then_some(reviewer.actor),
            order: query.order,
            ..CaseFilter::of_state(query.state)
        }
    }

    /// A case as a queue lists it; `None` when it does not exist.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read;
    /// [`Error::Sealed`](crate::engine::Error::Sealed) when client data does not open under this key.
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
            monotonic: self.monotonic.now(),
            first_lasts_s: self.options.second_s - self.options.undo_s,
        };
        Ok(CaseView::new(row, &client_data, &times, reviewer, &names)?)
    }
}
