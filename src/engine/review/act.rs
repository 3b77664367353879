//! What moderators do to a case. The rules are in `case_rules`; here they meet the store, and a refusal is put in words.

use crate::engine::review::Cases;
use crate::engine::review::rules::{self, DecisionRequest, Moment, Refusal};
use crate::engine::{Error, Result};
use crate::model::{
    Actor, Case, CaseChange, CaseEvent, CaseEventKind, CaseHistory, CaseId, CaseState,
    DecisionKind, DeletionReason, Reviewer, UnixSeconds, rfc3339,
};
use crate::store::CaseFile;
use crate::wire::{CaseView, Unredacted};

/// Longest note, bytes.
const NOTE_BYTES_MAX: usize = 2000;

/// What is done to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseAction {
    /// Nobody else works on it for a while; again prolongs that.
    Claim,
    Release,
    /// By leads: who is to do it; `None`: anybody.
    Assign(Option<Actor>),
    /// By leads: until when it should be done.
    Due(Option<UnixSeconds>),
    /// Something to be remembered with it.
    Note(String),
    /// It becomes a lead's.
    Escalate {
        /// The version of the case that the reviewer saw; `None` for any.
        version: Option<u32>,
        note: Option<String>,
    },
    Decide(DecisionRequest),
    /// The last decision, by whoever made it or a lead, while nobody was told of it.
    Undo,
}

impl Cases {
    /// Does something to a case; the answer is the case as it is then, `None` when there is none of this id.
    ///
    /// # Errors
    /// `CaseConflict` when somebody else was faster, and says what happened; `NotAllowed`; `Invalid` names the field;
    /// the store's refusal.
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

    /// The same without telling whoever listens, and with what refused it.
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
            && let Some(refusal) = self.check_leave(id, request)?
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

    /// The next open case that nobody works on, in the order and with the filters of a queue, claimed; `None` when there
    /// is none.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn claim_next(
        &self,
        query: &crate::engine::CaseQuery,
        reviewer: Reviewer,
    ) -> Result<Option<Unredacted<CaseView>>> {
        /// Cases tried: others claim meanwhile.
        const TRIED: usize = 20;
        let mut filter = self.filter(query, reviewer);
        filter.free_at = Some(self.steady.now());
        for id in self.engine.store().case_ids(&filter, TRIED)? {
            if let Some(Ok(case)) = self.try_act(id, CaseAction::Claim, reviewer)? {
                self.changed();
                return self.line(case.id, reviewer);
            }
        }
        Ok(None)
    }

    pub(in crate::engine) fn moment(&self) -> Moment {
        Moment { at: self.environment.now(), steady: self.steady.now() }
    }

    /// A refusal in words.
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
                conflict(format!("{name} works on this case, for {minutes} more minute{s}"))
            }
            Refusal::Changed => conflict(self.what_happened(id, reviewer)?),
            Refusal::Grown { members } => {
                conflict(format!("more uploads have joined this case: it has {members} now"))
            }
            Refusal::TooLate => conflict("this decision cannot be undone any more".into()),
            Refusal::NotAllowed(why) => Error::NotAllowed { why: why.to_owned() },
            Refusal::Invalid { what, why } => Error::Invalid { what, why },
        })
    }

    /// What last happened to a case that a decision must not overlook.
    fn what_happened(&self, id: CaseId, reviewer: Reviewer) -> Result<String> {
        let Some(mut file) = self.engine.store().case_file(id)? else {
            return Ok("this case is forgotten".into());
        };
        blindfold(&mut file, reviewer);
        let telling = |event: &&CaseEvent| {
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
        let last = file.events.iter().rev().filter(telling).find(of_decision);
        let Some(event) = last else { return Ok("this case has changed meanwhile".into()) };
        let name = self.engine.store().actor_name(event.actor)?;
        let when = rfc3339(event.at);
        let what = event.note.as_deref().unwrap_or_default();
        Ok(match event.kind {
            CaseEventKind::Decided => format!("{name} decided `{what}` at {when}"),
            CaseEventKind::Undone => format!("{name} undid the decision at {when}"),
            CaseEventKind::Escalated => format!("{name} handed it to the leads at {when}"),
            CaseEventKind::Disagreed => format!("two moderators disagreed at {when}"),
            CaseEventKind::Appealed => format!("the uploader appealed at {when}"),
            CaseEventKind::Parted => format!("an upload was taken out of the group at {when}"),
            _ => format!("it was closed at {when}"),
        })
    }

    /// A case can be given to somebody who signs in, or to a program whose key is good.
    fn check_assignee(&self, to: Actor) -> Result<()> {
        let known = match to {
            Actor::User(id) => {
                self.engine.store().user(id)?.is_some_and(|user| user.disabled_at.is_none())
            }
            Actor::Key(id) => self.engine.api_key_is_good(id)?,
            Actor::Local | Actor::Policy => false,
        };
        let why = "there is nobody of this id who could do it".to_owned();
        if known { Ok(()) } else { Err(Error::Invalid { what: "assigned_to", why }) }
    }

    /// Whether the owner of the deleted video can have given leave at all, and somebody can have got it.
    fn check_leave(&self, id: CaseId, request: &DecisionRequest) -> Result<Option<Refusal>> {
        if request.kind != DecisionKind::Authorised {
            return Ok(None);
        }
        let Some(file) = self.engine.store().case_file(id)? else { return Ok(None) };
        let tombstone = match &file.case.tombstone {
            Some(tombstone) => self.engine.store().get_by_id(tombstone)?,
            None => None,
        };
        let why = match &tombstone {
            None => "the tombstone is gone",
            Some(one) if one.owner.is_none() => "the deleted video has no owner who could give it",
            Some(one) if one.reason != DeletionReason::OwnerRequest => {
                "the video was not deleted by its owner: nobody can allow anybody to post it"
            }
            Some(_) if file.upload.is_none_or(|(upload, _)| upload.uploader.is_none()) => {
                "the platform did not say who the uploader is"
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

/// What was written is trimmed; empty text is none, and too long text is refused.
fn tidy(action: CaseAction) -> Result<CaseAction> {
    let tidied = |what: &'static str, text: Option<String>| -> Result<Option<String>> {
        let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| text.len() > NOTE_BYTES_MAX) {
            let why = format!("it has more than {NOTE_BYTES_MAX} bytes");
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

/// Takes out what whoever decides a case for the second time shall not know. Once it is closed everybody may.
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
