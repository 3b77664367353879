//! A moderator's action on one case: runs the rules in a store transaction, and words refusals for the moderator.

use crate::engine::error::{Error, Result};
use crate::engine::review::Cases;
use crate::engine::review::rules::{self, DecisionRequest, Moment, Refusal};
use crate::model::{
    Actor, Case, CaseChange, CaseEvent, CaseEventKind, CaseHistory, CaseId, CaseState,
    DecisionKind, DeletionReason, Reviewer, UnixSeconds, rfc3339,
};
use crate::store::CaseFile;
use crate::wire::{CaseView, Unredacted};

/// Longest note, bytes.
const NOTE_BYTES_MAX: usize = 2000;

/// An action on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseAction {
    /// Claims the case, or renews the reviewer's own claim.
    Claim,
    Release,
    /// Assigns the case; `None` opens it to everyone. Leads only.
    Assign(Option<Actor>),
    /// Sets or clears the due time. Leads only.
    Due(Option<UnixSeconds>),
    /// Adds a note to the history.
    Note(String),
    /// Hands the case to the leads.
    Escalate {
        /// The version that the reviewer saw; `None` accepts any.
        version: Option<u32>,
        note: Option<String>,
    },
    Decide(DecisionRequest),
    /// Takes back the last decision before it takes effect. Its author and leads only.
    Undo,
}

impl Cases {
    /// Performs an action and returns the case as changed; `None` when the case does not exist.
    ///
    /// # Errors
    /// [`Error::CaseConflict`] when the case has changed or someone else has claimed it, with a sentence on what
    /// happened; [`Error::NotAllowed`] when the rules forbid it to this reviewer; [`Error::Invalid`] names the invalid
    /// field; [`Error::Store`] when the store cannot be read or written.
    pub fn act(
        &self,
        id: CaseId,
        action: CaseAction,
        reviewer: Reviewer,
    ) -> Result<Option<Unredacted<CaseView>>> {
        let Some(outcome) = self.try_act(id, action, reviewer)? else { return Ok(None) };
        match outcome {
            Ok(case) => {
                self.changed();
                self.line(case.id, reviewer)
            }
            Err(refusal) => Err(self.explain(id, refusal, reviewer)?),
        }
    }

    /// As [`Cases::act`], but notifies nobody and returns a refusal as a value.
    pub(in crate::engine) fn try_act(
        &self,
        id: CaseId,
        action: CaseAction,
        reviewer: Reviewer,
    ) -> Result<Option<std::result::Result<Case, Refusal>>> {
        let action = tidy(action)?;
        if let CaseAction::Assign(Some(to)) = &action {
            self.check_assignee(*to)?;
        }
        if let CaseAction::Decide(request) = &action
            && request.permission.is_some()
            && let Some(refusal) = self.check_permission(id, request)?
        {
            return Ok(Some(Err(refusal)));
        }
        let now = self.moment();
        let options = self.options.clone();
        let rule = move |case: Case, history: &CaseHistory| {
            judge(case, history, action, reviewer, now, &options)
        };
        Ok(self.engine.store().change_case(id, rule)?)
    }

    /// Claims the first unclaimed open case of a queue; `None` when the queue has none.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read or written; [`Error::Sealed`] when client data does not open
    /// under this key.
    pub fn claim_next(
        &self,
        query: &crate::engine::CaseQuery,
        reviewer: Reviewer,
    ) -> Result<Option<Unredacted<CaseView>>> {
        /// Cases tried before giving up: others claim at the same time.
        const TRIED: usize = 20;
        let mut filter = self.filter(query, reviewer);
        filter.free_at = Some(self.monotonic.now());
        for id in self.engine.store().case_ids(&filter, TRIED)? {
            if let Some(Ok(case)) = self.try_act(id, CaseAction::Claim, reviewer)? {
                self.changed();
                return self.line(case.id, reviewer);
            }
        }
        Ok(None)
    }

    pub(in crate::engine) fn moment(&self) -> Moment {
        Moment { at: self.environment.now(), monotonic: self.monotonic.now() }
    }

    /// Words a refusal for the reviewer.
    pub(in crate::engine) fn explain(
        &self,
        id: CaseId,
        refusal: Refusal,
        reviewer: Reviewer,
    ) -> Result<Error> {
        let conflict = |happened: String| Error::CaseConflict { id, happened };
        Ok(match refusal {
            Refusal::Claimed { by, left_s } => {
                let name = self.engine.store().actor_name(by)?;
                let minutes = (left_s + 59) / 60;
                let s = if minutes == 1 { "" } else { "s" };
                conflict(format!("{name} has claimed this case for {minutes} more minute{s}"))
            }
            Refusal::Changed => conflict(self.what_happened(id, reviewer)?),
            Refusal::Grown { members } => {
                let s = if members == 1 { "" } else { "s" };
                conflict(format!("this case now has {members} upload{s}"))
            }
            Refusal::TooLate => conflict("this decision can no longer be undone".into()),
            Refusal::NotAllowed(why) => Error::NotAllowed { why: why.to_owned() },
            Refusal::Invalid { what, why } => Error::Invalid { what, why },
        })
    }

    /// A sentence on the last event that a decision must take into account.
    fn what_happened(&self, id: CaseId, reviewer: Reviewer) -> Result<String> {
        let Some(mut file) = self.engine.store().case_file(id)? else {
            return Ok("the record of this case was erased".into());
        };
        blindfold(&mut file, reviewer);
        let is_relevant = |event: &&CaseEvent| {
            use CaseEventKind as Kind;
            matches!(
                event.kind,
                Kind::Escalated
                    | Kind::Decided
                    | Kind::Undone
                    | Kind::Disagreed
                    | Kind::Closed
                    | Kind::Appealed
                    | Kind::Parted
            )
        };
        let decided = matches!(file.case.state, CaseState::Decided | CaseState::Closed);
        let of_decision = |event: &&CaseEvent| !decided || event.kind == CaseEventKind::Decided;
        let last = file.events.iter().rev().filter(is_relevant).find(of_decision);
        let Some(event) = last else { return Ok("this case has changed".into()) };
        let name = self.engine.store().actor_name(event.actor)?;
        let when = rfc3339(event.at);
        let what = event.note.as_deref().unwrap_or_default();
        Ok(match event.kind {
            CaseEventKind::Decided => format!("{name} decided `{what}` at {when}"),
            CaseEventKind::Undone => format!("{name} undid the decision at {when}"),
            CaseEventKind::Escalated => format!("{name} escalated this case at {when}"),
            CaseEventKind::Disagreed => format!("two moderators disagreed at {when}"),
            CaseEventKind::Appealed => format!("the uploader appealed at {when}"),
            CaseEventKind::Parted => format!("an appealed upload left the group at {when}"),
            _ => format!("this case was closed at {when}"),
        })
    }

    /// Cases are assigned to enabled users and to programs with a valid key.
    fn check_assignee(&self, to: Actor) -> Result<()> {
        let known = match to {
            Actor::User(id) => {
                self.engine.store().user(id)?.is_some_and(|user| user.disabled_at.is_none())
            }
            Actor::Key(id) => self.engine.api_key_is_good(id)?,
            Actor::Local | Actor::Policy => false,
        };
        let why = "it must be an enabled user or a valid API key".to_owned();
        if known { Ok(()) } else { Err(Error::Invalid { what: "assigned_to", why }) }
    }

    /// Refuses a standing permission that nobody could have given or received.
    fn check_permission(&self, id: CaseId, request: &DecisionRequest) -> Result<Option<Refusal>> {
        if request.kind != DecisionKind::Authorised {
            return Ok(None);
        }
        let Some(file) = self.engine.store().case_file(id)? else { return Ok(None) };
        let tombstone = match &file.case.tombstone {
            Some(tombstone) => self.engine.store().get_by_id(tombstone)?,
            None => None,
        };
        let why = match &tombstone {
            None => "the tombstone no longer exists",
            Some(one) if one.owner.is_none() => "the deleted video has no known owner",
            Some(one) if one.reason != DeletionReason::OwnerRequest => {
                "its owner did not delete the video, so nobody can permit re-uploads"
            }
            Some(_) if file.upload.is_none_or(|(upload, _)| upload.uploader.is_none()) => {
                "the uploader is unknown"
            }
            Some(_) => return Ok(None),
        };
        Ok(Some(Refusal::Invalid { what: "permission", why: why.to_owned() }))
    }
}

fn judge(
    case: Case,
    history: &CaseHistory,
    action: CaseAction,
    reviewer: Reviewer,
    now: Moment,
    options: &crate::engine::triage::Options,
) -> std::result::Result<CaseChange, Refusal> {
    match action {
        CaseAction::Claim => rules::claim(case, history, reviewer, now, options),
        CaseAction::Release => rules::release(case, reviewer, now),
        CaseAction::Assign(to) => rules::assign(case, reviewer, to, now),
        CaseAction::Due(at) => rules::set_due(case, reviewer, at, now),
        CaseAction::Note(text) => rules::note(case, reviewer, text, now),
        CaseAction::Escalate { version, note } => {
            rules::escalate(case, history, reviewer, version, note, now)
        }
        CaseAction::Decide(request) => {
            rules::decide(case, history, reviewer, &request, now, options)
        }
        CaseAction::Undo => rules::undo(case, history, reviewer, now, options),
    }
}

/// Trims texts, drops empty ones, and rejects those that are too long.
fn tidy(action: CaseAction) -> Result<CaseAction> {
    let tidied = |what: &'static str, text: Option<String>| -> Result<Option<String>> {
        let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| text.len() > NOTE_BYTES_MAX) {
            let why = format!("it is longer than {NOTE_BYTES_MAX} bytes");
            return Err(Error::Invalid { what, why });
        }
        Ok(text)
    };
    Ok(match action {
        CaseAction::Note(text) => {
            let empty = || Error::Invalid { what: "note", why: "it is empty".into() };
            CaseAction::Note(tidied("note", Some(text))?.ok_or_else(empty)?)
        }
        CaseAction::Escalate { version, note } => {
            CaseAction::Escalate { version, note: tidied("note", note)? }
        }
        CaseAction::Decide(request) => {
            let note = tidied("note", request.note)?;
            let permission = tidied("permission", request.permission)?;
            CaseAction::Decide(DecisionRequest { note, permission, ..request })
        }
        other => other,
    })
}

/// Hides the first of two blind decisions from everyone but its author, until the case is closed.
pub(in crate::engine) fn blindfold(file: &mut CaseFile, reviewer: Reviewer) {
    if file.case.state == CaseState::Closed {
        return;
    }
    let Some(first) = file.case.first_by.filter(|first| *first != reviewer.actor) else { return };
    file.events.retain(|event| event.actor != first);
    file.decisions.retain(|decision| decision.actor != first);
    file.case.first_by = None;
    file.case.settle_at_monotonic = None;
}
