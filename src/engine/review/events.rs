//! What happens to cases, as it happens, for programs that follow it.

use crate::engine::review::Cases;
use crate::engine::{Error, Result};
use crate::model::{Actor, CaseEventSeq, CaseState, Reviewer};
use crate::store::CaseOccurrence;
use crate::wire::CaseNewsView;

/// What is new behind a place.
#[derive(Debug, Clone, Default)]
pub struct CaseNews {
    /// With the place of each.
    pub lines: Vec<(CaseEventSeq, CaseNewsView)>,
    /// Behind it nothing was read.
    pub after: CaseEventSeq,
    /// There may be more there already.
    pub more: bool,
}

impl Cases {
    /// At most `limit` of what happened behind a place; without a place, none, and where the present is. What somebody
    /// decided first of two who shall not know of each other is left out for everybody else.
    ///
    /// # Errors
    /// `NotAllowed` once the listener's key is no longer good; the store's refusal.
    pub fn news(
        &self,
        after: Option<CaseEventSeq>,
        limit: usize,
        reviewer: Reviewer,
    ) -> Result<CaseNews> {
        if let Actor::Key(key) = reviewer.actor
            && !self.engine.api_key_is_good(key)?
        {
            return Err(Error::NotAllowed { why: "the key was revoked".into() });
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

/// As `blindfold` has it of one case.
fn is_secret(one: &CaseOccurrence, reviewer: Reviewer) -> bool {
    let by_first = one.first_by == Some(one.event.actor);
    by_first && one.event.actor != reviewer.actor && one.state != CaseState::Closed
}
