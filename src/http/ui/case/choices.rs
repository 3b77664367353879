//! The forms of a case: the choices that they offer, and how a submitted form becomes an action.

use crate::engine::{CaseAction, DecisionRequest};
use crate::http::error::{Kind, Problem};
use crate::http::request::times::parse_time;
use crate::http::ui::case::history::grounds_words;
use crate::http::ui::page::form::Form;
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::model::{Actor, CaseId, CaseState, DecisionKind, Role, UnixSeconds};
use crate::wire::{CaseDetail, CaseView};

/// Latest due time that a lead can set, hours from now.
const DUE_H_MAX: i64 = 24 * 365;

/// Parses the case id of an address.
///
/// # Errors
/// [`Kind::NotFound`] for a malformed id.
pub fn named(id: &str) -> Result<CaseId, Problem> {
    id.parse().map_err(|_| Problem::not_found("case"))
}

/// The grounds of a kind of decision, each with its label.
pub struct Grounds {
    pub kind: &'static str,
    pub all: Vec<(&'static str, &'static str)>,
}

/// All grounds, by kind of decision.
pub fn grounds() -> Vec<Grounds> {
    let of = |kind: &DecisionKind| Grounds {
        kind: kind.as_str(),
        all: kind.grounds().iter().map(|one| (one.as_str(), grounds_words(*one))).collect(),
    };
    DecisionKind::ALL.iter().map(of).collect()
}

/// The form that decides a case.
pub struct Decide {
    pub legend: String,
    /// The object of a decision: `it`, or `all 4`.
    pub them: String,
    pub members: u32,
    pub may_escalate: bool,
    pub may_grant: bool,
    pub grounds: Vec<Grounds>,
}

impl Decide {
    /// `None` if the visitor cannot decide the case.
    pub fn of(detail: &CaseDetail, visitor: &Visitor) -> Option<Decide> {
        let line = &detail.case;
        let theirs = match line.state {
            CaseState::Open => true,
            CaseState::Escalated => visitor.is(Role::Lead),
            CaseState::Decided | CaseState::Closed => false,
        };
        let free = line.claim.as_ref().is_none_or(|claim| claim.mine);
        // Someone else makes the second of two blind decisions; the engine shows only the visitor's own.
        let own = visitor.user.id.to_string();
        let done = |one: &crate::wire::CaseDecisionView| {
            one.undone_at.is_none()
                && one.by.id == own
                && line.state == CaseState::Open
                && !line.appealed
        };
        if !theirs || !free || detail.decisions.iter().any(done) {
            return None;
        }
        let group = line.members > 1;
        let owned = detail.deleted.iter().any(|deleted| {
            Some(&deleted.tombstone) == line.tombstone.as_ref()
                && deleted.owned
                && deleted.reason == "owner_request"
        });
        Some(Decide {
            legend: match (group, line.appealed) {
                (true, _) => format!("Decide for all {} uploads", line.members),
                (false, true) => "Decide on the appeal".to_owned(),
                (false, false) => "Decide".to_owned(),
            },
            them: if group { format!("all {}", line.members) } else { "it".to_owned() },
            members: line.members,
            may_escalate: line.state == CaseState::Open,
            may_grant: owned && !group,
            grounds: grounds(),
        })
    }
}

/// The form for leads: assignee and due time.
pub struct LeadForm {
    /// Id, name, and whether the case is assigned to them.
    pub people: Vec<(String, String, bool)>,
    pub due: String,
}

impl LeadForm {
    /// `None` without possible assignees: the visitor is not a lead.
    pub fn of(
        line: &CaseView,
        people: Vec<(String, String)>,
        now: UnixSeconds,
    ) -> Option<LeadForm> {
        if people.is_empty() || matches!(line.state, CaseState::Closed | CaseState::Decided) {
            return None;
        }
        let own = line.assigned_to.as_ref().map(|to| to.id.clone());
        let due = line.due_at.as_deref().and_then(|at| parse_time("due", at).ok());
        let people = people.into_iter().map(|(id, name)| {
            let is = own.as_ref() == Some(&id);
            (id, name, is)
        });
        let due = due.map(|at| match words::span(at - now) {
            Some(span) => format!("in {span}"),
            None => "now".to_owned(),
        });
        Some(LeadForm { people: people.collect(), due: due.unwrap_or_default() })
    }
}

/// The decision or escalation in the form of a case.
///
/// # Errors
/// [`Kind::Invalid`] without a decision, its grounds, or the version.
pub fn action(form: &Form) -> Result<CaseAction, Problem> {
    let version = form.text("version").parse();
    let version = version.map_err(|_| {
        Problem::new(Kind::Invalid, "The page is out of date. Reload it and try again.")
    })?;
    action_about(form, Some(version), form.text("members").parse().ok())
}

/// The decision or escalation in a form, on this version of a case with this number of uploads. Without a version, it
/// applies to the version of each case that is acted on.
///
/// # Errors
/// [`Kind::Invalid`] without a decision or its grounds.
pub fn action_about(
    form: &Form,
    version: Option<u32>,
    members: Option<u32>,
) -> Result<CaseAction, Problem> {
    let invalid = |detail: &str| Problem::new(Kind::Invalid, detail);
    let (kind, note) = (form.text("decision"), form.maybe("note"));
    if kind == "escalate" {
        return Ok(CaseAction::Escalate { version, note });
    }
    let kind: DecisionKind = kind.parse().map_err(|_| invalid("Choose a decision first."))?;
    let grounds = form.text(&format!("grounds_{kind}")).parse();
    let grounds = grounds.map_err(|_| invalid("Choose the grounds of the decision."))?;
    let permission = form.maybe("permission").filter(|_| kind == DecisionKind::Authorised);
    Ok(CaseAction::Decide(DecisionRequest { version, kind, grounds, note, members, permission }))
}

/// The assignee in a form.
///
/// # Errors
/// [`Kind::Invalid`] for anything but an id.
pub fn assignee(form: &Form) -> Result<Option<Actor>, Problem> {
    let to = form.maybe("assign").map(|to| to.parse()).transpose();
    to.map_err(|_| Problem::new(Kind::Invalid, "Unknown user."))
}

/// The due time in a form, hours from now.
///
/// # Errors
/// [`Kind::Invalid`] outside a year from now.
pub fn due_hours(form: &Form) -> Result<i64, Problem> {
    let hours = form.text("due").parse().ok().filter(|hours| (0..=DUE_H_MAX).contains(hours));
    hours.ok_or_else(|| Problem::new(Kind::Invalid, "The due time must be within a year from now."))
}
