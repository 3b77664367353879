//! The rules of the review: who may change a case, and how it changes. Pure functions, without store and clock.
//!
//! ```text
//!            claim, release, assign, due, note                 (no change of state)
//! open ──── decide ───▶ decided ─ undo time ends ▶ closed ── appeal ──▶ open, for another moderator
//!   │  ▲                  │ undo
//!   │  └──────────────────┘
//!   └── escalate ──▶ escalated ── decide, by a lead ──▶ decided
//!
//! decided twice: open ── first decides ──▶ open, for another ── second decides ──▶ decided, if both agree,
//!                                                                                 else escalated
//! ```
//!
//! Every change that a decision must take into account raises the version. The first of two blind decisions does not:
//! it would reveal itself to the second moderator.

use crate::engine::triage::Options;
use crate::model::{
    Actor, AuditEntry, Case, CaseChange, CaseClaim, CaseDecision, CaseDecisionSeq, CaseEvent,
    CaseEventKind, CaseHistory, CaseState, DecisionKind, DecisionTurn, Grounds, MatchKind,
    Reviewer, Role, UnixSeconds, rfc3339,
};

/// The current time by the wall clock and by the monotonic clock, seconds.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub at: UnixSeconds,
    pub monotonic: i64,
}

/// A reviewer's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRequest {
    /// The version that the reviewer saw; `None` accepts any.
    pub version: Option<u32>,
    pub kind: DecisionKind,
    pub grounds: Grounds,
    pub note: Option<String>,
    /// The number of uploads that the reviewer saw. Required to authorise a group, and must equal its size.
    pub members: Option<u32>,
    /// Where the owner's permission is on record. Gives the uploader a standing grant.
    pub permission: Option<String>,
}

/// Why an action is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum Refusal {
    /// Someone else has claimed the case.
    Claimed {
        by: Actor,
        left_s: i64,
    },
    /// The case has changed since the reviewer saw it.
    Changed,
    /// The number of uploads differs from what the reviewer saw.
    Grown {
        members: u32,
    },
    /// The time to undo the decision is over.
    TooLate,
    NotAllowed(&'static str),
    Invalid {
        what: &'static str,
        why: String,
    },
}

type Ruled = Result<CaseChange, Refusal>;

const OWN: &str = "you made the first decision; someone else must make the second";
const HEARD: &str = "you decided this case before the appeal; someone else must decide it now";
const ESCALATED: &str = "only leads may claim or decide an escalated case";
const ASSIGNED: &str = "this case is assigned to someone else";

pub(in crate::engine) fn claim(
    case: Case,
    history: &CaseHistory,
    reviewer: Reviewer,
    now: Moment,
    options: &Options,
) -> Ruled {
    may_work_on(&case, history, reviewer, now)?;
    let again = case.claim.is_some_and(|claim| claim.by == reviewer.actor);
    let until_monotonic = now.monotonic + options.lease_s;
    let mut change = unchanged(case);
    change.case.claim = Some(CaseClaim { by: reviewer.actor, until_monotonic });
    if !again {
        change.events.push(event(CaseEventKind::Claimed, reviewer.actor, now, None));
    }
    Ok(change)
}

pub(in crate::engine) fn release(case: Case, reviewer: Reviewer, now: Moment) -> Ruled {
    let claim = live_claim(&case, now);
    match claim {
        Some(claim) if claim.by != reviewer.actor && !reviewer.is(Role::Lead) => {
            return Err(claimed(claim, now));
        }
        _ => {}
    }
    let mut change = unchanged(case);
    if change.case.claim.take().is_some() {
        change.events.push(event(CaseEventKind::Released, reviewer.actor, now, None));
    }
    Ok(change)
}

pub(in crate::engine) fn assign(
    case: Case,
    reviewer: Reviewer,
    to: Option<Actor>,
    now: Moment,
) -> Ruled {
    only_leads(reviewer)?;
    undecided(&case)?;
    let mut change = unchanged(case);
    change.case.assigned_to = to;
    let name = to.map_or_else(|| "nobody".to_owned(), |to| to.to_string());
    change.audit = Some(audit(&change.case, "case.assign", reviewer, now, Some(name.clone())));
    change.events.push(event(CaseEventKind::Assigned, reviewer.actor, now, Some(name)));
    Ok(change)
}

pub(in crate::engine) fn set_due(
    case: Case,
    reviewer: Reviewer,
    due_at: Option<UnixSeconds>,
    now: Moment,
) -> Ruled {
    only_leads(reviewer)?;
    undecided(&case)?;
    let mut change = unchanged(case);
    change.case.due_at = due_at;
    let when = due_at.map_or_else(|| "none".to_owned(), rfc3339);
    change.audit = Some(audit(&change.case, "case.due", reviewer, now, Some(when.clone())));
    change.events.push(event(CaseEventKind::Due, reviewer.actor, now, Some(when)));
    Ok(change)
}

pub(in crate::engine) fn note(case: Case, reviewer: Reviewer, text: String, now: Moment) -> Ruled {
    let mut change = unchanged(case);
    change.events.push(event(CaseEventKind::Noted, reviewer.actor, now, Some(text)));
    Ok(change)
}

pub(in crate::engine) fn escalate(
    case: Case,
    history: &CaseHistory,
    reviewer: Reviewer,
    version: Option<u32>,
    note: Option<String>,
    now: Moment,
) -> Ruled {
    if is_stale(&case, version) || case.state != CaseState::Open {
        return Err(Refusal::Changed);
    }
    may_work_on(&case, history, reviewer, now)?;
    let mut change = moved(case, CaseState::Escalated);
    // Leads see the first decision, so the case is no longer blind.
    (change.case.first_by, change.case.settle_at_monotonic) = (None, None);
    change.audit = Some(audit(&change.case, "case.escalate", reviewer, now, None));
    change.events.push(event(CaseEventKind::Escalated, reviewer.actor, now, note));
    change.no_more_joining = true;
    Ok(change)
}

pub(in crate::engine) fn decide(
    case: Case,
    history: &CaseHistory,
    reviewer: Reviewer,
    request: &DecisionRequest,
    now: Moment,
    options: &Options,
) -> Ruled {
    if is_stale(&case, request.version) {
        return Err(Refusal::Changed);
    }
    undecided(&case)?;
    may_work_on(&case, history, reviewer, now)?;
    is_sound(&case, request)?;
    let turn = turn(&case);
    let first = history.live().find(|d| d.turn == DecisionTurn::First).map(|d| d.kind);
    let decision = CaseDecision {
        seq: CaseDecisionSeq(0),
        turn,
        actor: reviewer.actor,
        kind: request.kind,
        grounds: request.grounds,
        note: request.note.clone(),
        permission: request.permission.clone(),
        at: now.at,
        undo_until_monotonic: now.monotonic + options.undo_s,
        undone_at: None,
    };
    let mut change = match turn {
        DecisionTurn::First => {
            let mut change = unchanged(case);
            change.case.first_by = Some(reviewer.actor);
            change.case.settle_at_monotonic = Some(now.monotonic + options.second_s);
            change.case.claim = None;
            change
        }
        DecisionTurn::Second if first != Some(request.kind) => {
            let mut change = moved(case, CaseState::Escalated);
            (change.case.first_by, change.case.settle_at_monotonic) = (None, None);
            change
        }
        _ => {
            let mut change = moved(case, CaseState::Decided);
            change.case.settle_at_monotonic = Some(decision.undo_until_monotonic);
            change
        }
    };
    let what = Some(request.kind.to_string());
    change.events.push(event(CaseEventKind::Decided, reviewer.actor, now, what.clone()));
    if turn == DecisionTurn::Second && change.case.state == CaseState::Escalated {
        change.events.push(event(CaseEventKind::Disagreed, Actor::Policy, now, None));
    }
    change.audit = Some(audit(&change.case, "case.decide", reviewer, now, what));
    change.decision = Some(decision);
    change.no_more_joining = true;
    Ok(change)
}

pub(in crate::engine) fn undo(
    case: Case,
    history: &CaseHistory,
    reviewer: Reviewer,
    now: Moment,
    options: &Options,
) -> Ruled {
    let Some(last) = history.live().last().cloned() else { return Err(Refusal::Changed) };
    if case.state == CaseState::Closed || now.monotonic >= last.undo_until_monotonic {
        return Err(Refusal::TooLate);
    }
    if last.actor != reviewer.actor && !reviewer.is(Role::Lead) {
        return Err(Refusal::NotAllowed("only the author of a decision or a lead may undo it"));
    }
    let disagreed = last.turn == DecisionTurn::Second && case.state == CaseState::Escalated;
    if case.state != CaseState::Decided && last.turn != DecisionTurn::First && !disagreed {
        return Err(Refusal::Changed);
    }
    let back = if last.turn == DecisionTurn::Lead { CaseState::Escalated } else { CaseState::Open };
    let mut change = moved(case, back);
    (change.case.first_by, change.case.settle_at_monotonic) = (None, None);
    if last.turn == DecisionTurn::Second {
        let first = history.live().find(|d| d.turn == DecisionTurn::First);
        change.case.first_by = first.map(|d| d.actor);
        change.case.settle_at_monotonic = first.map(|_| now.monotonic + options.second_s);
    }
    if last.actor == reviewer.actor {
        let until_monotonic = now.monotonic + options.lease_s;
        change.case.claim = Some(CaseClaim { by: reviewer.actor, until_monotonic });
    }
    change.undone = Some((last.seq, now.at));
    change.audit = Some(audit(&change.case, "case.undo", reviewer, now, None));
    change.events.push(event(CaseEventKind::Undone, reviewer.actor, now, None));
    Ok(change)
}

/// Whether the case has changed since the reviewer saw it.
fn is_stale(case: &Case, seen: Option<u32>) -> bool {
    seen.is_some_and(|version| version != case.version)
}

/// Whether the reviewer may claim and decide the case: it is undecided, and neither a role, an assignment, a claim nor
/// an earlier decision prevents it.
fn may_work_on(
    case: &Case,
    history: &CaseHistory,
    reviewer: Reviewer,
    now: Moment,
) -> Result<(), Refusal> {
    undecided(case)?;
    let not_allowed = |why| Err(Refusal::NotAllowed(why));
    if case.state == CaseState::Escalated && !reviewer.is(Role::Lead) {
        return not_allowed(ESCALATED);
    }
    if case.first_by == Some(reviewer.actor) {
        return not_allowed(OWN);
    }
    if case.appealed_at.is_some() && history.deciders_before_appeal.contains(&reviewer.actor) {
        return not_allowed(HEARD);
    }
    if case.assigned_to.is_some_and(|to| to != reviewer.actor) && !reviewer.is(Role::Lead) {
        return not_allowed(ASSIGNED);
    }
    match live_claim(case, now) {
        Some(claim) if claim.by != reviewer.actor => Err(claimed(claim, now)),
        _ => Ok(()),
    }
}

fn is_sound(case: &Case, request: &DecisionRequest) -> Result<(), Refusal> {
    let invalid = |what, why: &str| Err(Refusal::Invalid { what, why: why.to_owned() });
    if !request.kind.may_rest_on(request.grounds) {
        let of: Vec<&str> = request.kind.grounds().iter().map(|g| g.as_str()).collect();
        let why = format!("`{}` needs one of: {}", request.kind, of.join(", "));
        return Err(Refusal::Invalid { what: "grounds", why });
    }
    let authorised = request.kind == DecisionKind::Authorised;
    if authorised && case.kind == MatchKind::None {
        return invalid("decision", "there is no match to authorise");
    }
    if request.permission.is_some() && !authorised {
        return invalid("permission", "it is only allowed with the decision `authorised`");
    }
    if request.permission.is_some() && case.members > 1 {
        return invalid(
            "permission",
            "a group of uploads cannot get a standing grant; decide one upload alone",
        );
    }
    let seen = request.members.or(authorised.then_some(1));
    match seen {
        Some(seen) if seen != case.members => Err(Refusal::Grown { members: case.members }),
        _ => Ok(()),
    }
}

fn turn(case: &Case) -> DecisionTurn {
    if case.appealed_at.is_some() {
        DecisionTurn::Appeal
    } else if case.state == CaseState::Escalated {
        DecisionTurn::Lead
    } else if !case.twice {
        DecisionTurn::Only
    } else if case.first_by.is_none() {
        DecisionTurn::First
    } else {
        DecisionTurn::Second
    }
}

fn undecided(case: &Case) -> Result<(), Refusal> {
    match case.state {
        CaseState::Open | CaseState::Escalated => Ok(()),
        CaseState::Decided | CaseState::Closed => Err(Refusal::Changed),
    }
}

fn only_leads(reviewer: Reviewer) -> Result<(), Refusal> {
    let why = "only leads may do this";
    if reviewer.is(Role::Lead) { Ok(()) } else { Err(Refusal::NotAllowed(why)) }
}

/// The claim, unless its lease has expired.
pub(in crate::engine) fn live_claim(case: &Case, now: Moment) -> Option<CaseClaim> {
    case.claim.filter(|claim| claim.until_monotonic > now.monotonic)
}

fn claimed(claim: CaseClaim, now: Moment) -> Refusal {
    Refusal::Claimed { by: claim.by, left_s: claim.until_monotonic - now.monotonic }
}

fn unchanged(case: Case) -> CaseChange {
    CaseChange {
        case,
        events: Vec::new(),
        decision: None,
        undone: None,
        no_more_joining: false,
        audit: None,
    }
}

fn moved(case: Case, state: CaseState) -> CaseChange {
    let version = case.version + 1;
    unchanged(Case { state, version, claim: None, ..case })
}

fn event(kind: CaseEventKind, actor: Actor, now: Moment, note: Option<String>) -> CaseEvent {
    CaseEvent { at: now.at, actor, kind, note }
}

fn audit(
    case: &Case,
    action: &'static str,
    reviewer: Reviewer,
    now: Moment,
    note: Option<String>,
) -> AuditEntry {
    AuditEntry { at: now.at, actor: reviewer.actor, action, subject: case.id.to_string(), note }
}

#[cfg(test)]
mod tests;
