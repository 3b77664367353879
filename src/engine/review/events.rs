//! The feed of case events, for programs that follow it.

use crate::engine::error::{Error, Result};
use crate::engine::review::Cases;
use crate::model::{Actor, CaseEventSeq, CaseState, Reviewer};
use crate::store::CaseOccurrence;
use crate::wire::CaseNewsView;

/// A page of case events.
#[derive(Debug, Clone, Default)]
pub struct CaseNews {
    /// Events with their cursors, oldest first.
    pub lines: Vec<(CaseEventSeq, CaseNewsView)>,
    /// The cursor of the next page.
    pub after: CaseEventSeq,
    /// More events may be available now.
    pub more: bool,
}

impl Cases {
    /// Up to `limit` events after a cursor. Without a cursor: no events, and the cursor of the latest one. Leaves out
    /// the first of two blind decisions for everyone but its author.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the reviewer's API key is revoked; [`Error::Store`] when the store cannot be read.
    pub fn news(
        &self,
        after: Option<CaseEventSeq>,
        limit: usize,
        reviewer: Reviewer,
    ) -> Result<CaseNews> {
        if let Actor::Key(key) = reviewer.actor
            && !self.engine.api_key_is_good(key)?
        {
            return Err(Error::NotAllowed { why: "the API key is revoked".into() });
        }
        let Some(after) = after else {
            let after = self.engine.store().last_case_occurrence()?;
            return Ok(CaseNews { after, ..CaseNews::default() });
        };
        let found = self.engine.store().case_occurrences(after, limit)?;
        let (last, more) = (found.last().map_or(after, |one| one.seq), found.len() == limit);
        let names = |actor| self.engine.store().actor_name(actor);
        let told = found.iter().filter(|one| !is_secret(one, reviewer));
        let line = |one: &CaseOccurrence| Ok((one.seq, CaseNewsView::new(one, &names)?));
        Ok(CaseNews { lines: told.map(line).collect::<Result<_>>()?, after: last, more })
    }
}

/// Same rule as `act::blindfold`.
fn is_secret(one: &CaseOccurrence, reviewer: Reviewer) -> bool {
    let by_first = one.first_by == Some(one.event.actor);
    by_first && one.event.actor != reviewer.actor && one.state != CaseState::Closed
}
