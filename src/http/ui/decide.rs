//! Deciding a case, undoing that, and what leads set; after a decision the next case opens by itself.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use crate::engine::wire::{CaseDetail, CaseLine};
use crate::engine::{CaseAction, DecisionRequest};
use crate::http::error::{Kind, Problem};
use crate::http::extract::{Json, Path, Query};
use crate::http::state::App;
use crate::http::ui::bulk::{assignee, due_hours};
use crate::http::ui::case::{named, refused};
use crate::http::ui::form::Form;
use crate::http::ui::history::grounds_words;
use crate::http::ui::queue_query::QueueQuery;
use crate::http::ui::visitor::Visitor;
use crate::http::ui::words;
use crate::http::wire::parse_time;
use crate::model::{CaseId, CaseState, DecisionKind, Role, UnixSeconds};

/// Cases of the queue among which the one behind a skipped case is looked for.
const SKIP_WITHIN: usize = 200;

/// The grounds of a kind of decision, each with its words.
pub struct Grounds {
    pub kind: &'static str,
    pub all: Vec<(&'static str, &'static str)>,
}

/// Grounds to choose from, by kind of decision.
pub fn grounds() -> Vec<Grounds> {
    let of = |kind: &DecisionKind| Grounds {
        kind: kind.as_str(),
        all: kind.grounds().iter().map(|one| (one.as_str(), grounds_words(*one))).collect(),
    };
    DecisionKind::ALL.iter().map(of).collect()
}

/// What the form to decide needs.
pub struct Decide {
    pub legend: String,
    /// What a decision is about: `it`, or `all 4`.
    pub them: String,
    pub members: u32,
    pub may_escalate: bool,
    pub may_grant: bool,
    pub grounds: Vec<Grounds>,
}

impl Decide {
    /// `None` when it is not for this visitor to decide, or not any more.
    pub fn of(detail: &CaseDetail, visitor: &Visitor) -> Option<Decide> {
        let line = &detail.case;
        let theirs = match line.state {
            CaseState::Open => true,
            CaseState::Escalated => visitor.is(Role::Lead),
            CaseState::Decided | CaseState::Closed => false,
        };
        let free = line.claim.as_ref().is_none_or(|claim| claim.mine);
        // Of two blind decisions the other one is somebody else's; the engine shows one's own only.
        let own = visitor.user.id.to_string();
        let done = |one: &crate::engine::wire::CaseDecisionLine| {
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

/// What leads set.
pub struct LeadForm {
    /// Id, name, and whether it is whose case it is.
    pub people: Vec<(String, String, bool)>,
    pub due: String,
}

impl LeadForm {
    /// `None` without people to choose from: the visitor is no lead.
    pub fn of(
        line: &CaseLine,
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

/// `POST /review/cases/{id}/decision`
pub async fn decide(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = named(&id)?;
    let action = action(&form)?;
    let (reviewer, from) = (visitor.reviewer(), form.text("from").to_owned());
    match app.ask_cases(move |cases| cases.act(id, action, reviewer)).await {
        Ok(Some(_)) => next(&app, &visitor, &from, Some(id)).await,
        Ok(None) => Err(Problem::not_found("case")),
        // Somebody was faster, or a field makes no sense: the page says so, and keeps what was written.
        Err(problem)
            if matches!(problem.kind, Kind::Conflict | Kind::Invalid | Kind::Forbidden) =>
        {
            refused(&app, &visitor, id, &from, &problem).await
        }
        Err(problem) => Err(problem),
    }
}

fn action(form: &Form) -> Result<CaseAction, Problem> {
    let version = form.text("version").parse();
    let version = version.map_err(|_| Problem::new(Kind::Invalid, "The page is too old."))?;
    action_about(form, version, form.text("members").parse().ok())
}

/// The decision or escalation that a form says, about this version of a case with so many uploads.
///
/// # Errors
/// 422 when it says none, or no grounds.
pub fn action_about(
    form: &Form,
    version: u32,
    members: Option<u32>,
) -> Result<CaseAction, Problem> {
    let invalid = |detail: &str| Problem::new(Kind::Invalid, detail);
    let (kind, note) = (form.text("decision"), form.maybe("note"));
    if kind == "escalate" {
        return Ok(CaseAction::Escalate { version, note });
    }
    let kind: DecisionKind = kind.parse().map_err(|_| invalid("Choose a decision first."))?;
    let grounds = form.text(&format!("grounds_{kind}")).parse();
    let grounds = grounds.map_err(|_| invalid("Choose what the decision rests on."))?;
    let leave = form.maybe("leave").filter(|_| kind == DecisionKind::Authorised);
    Ok(CaseAction::Decide(DecisionRequest { version, kind, grounds, note, members, leave }))
}

/// The next free case of the queue that one came from, claimed; or the queue when there is none.
async fn next(
    app: &App,
    visitor: &Visitor,
    from: &str,
    decided: Option<CaseId>,
) -> Result<Response, Problem> {
    let query = QueueQuery::parse(from).of_engine(app.environment().now());
    let reviewer = visitor.reviewer();
    let found = app.ask_cases(move |cases| cases.claim_next(&query, reviewer)).await?;
    Ok(forward(from, found.and_then(|case| case.id.parse().ok()), decided))
}

fn forward(from: &str, to: Option<CaseId>, decided: Option<CaseId>) -> Response {
    let undo = decided.map(|id| format!("undo={id}"));
    let carried: String = url::form_urlencoded::byte_serialize(from.as_bytes()).collect();
    let (path, own) = match to {
        Some(case) if from.is_empty() => (format!("/review/cases/{case}"), String::new()),
        Some(case) => (format!("/review/cases/{case}"), format!("from={carried}")),
        None => ("/review".to_owned(), QueueQuery::parse(from).filter_text()),
    };
    let query: Vec<String> =
        [Some(own), undo].into_iter().flatten().filter(|q| !q.is_empty()).collect();
    let and = if query.is_empty() { "" } else { "?" };
    Redirect::to(&format!("{path}{and}{}", query.join("&"))).into_response()
}

/// Which case is skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NextQuery {
    after: String,
    from: String,
}

/// `GET /review/next`: the free case behind one in its queue; that one is let go.
pub async fn skip(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<NextQuery>,
) -> Result<Response, Problem> {
    let query = QueueQuery::parse(&asked.from).of_engine(app.environment().now());
    let (reviewer, skipped) = (visitor.reviewer(), asked.after.parse::<CaseId>().ok());
    let found = app.ask_cases(move |cases| {
        let lines = cases.list(&query, None, SKIP_WITHIN, reviewer)?;
        let at = skipped.and_then(|id| lines.iter().position(|line| line.id == id.to_string()));
        let behind =
            lines.iter().skip(at.map_or(0, |at| at + 1)).chain(lines.iter().take(at.unwrap_or(0)));
        let mut free = behind.filter(|line| line.claim.as_ref().is_none_or(|claim| claim.mine));
        let next = free.next().and_then(|line| line.id.parse().ok());
        if let Some(skipped) = skipped {
            // It may be nobody's, or somebody else's by now: then there is nothing to let go.
            let _ = cases.act(skipped, CaseAction::Release, reviewer);
        }
        Ok(next)
    });
    Ok(forward(&asked.from, found.await?, None))
}

/// `POST /review/cases/{id}/undo`
pub async fn undo(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let (id, reviewer) = (named(&id)?, visitor.reviewer());
    match app.ask_cases(move |cases| cases.act(id, CaseAction::Undo, reviewer)).await {
        Ok(Some(_)) => Ok(forward(form.text("from"), Some(id), None)),
        Ok(None) => Err(Problem::not_found("case")),
        Err(problem) if matches!(problem.kind, Kind::Conflict | Kind::Forbidden) => {
            refused(&app, &visitor, id, form.text("from"), &problem).await
        }
        Err(problem) => Err(problem),
    }
}

/// `POST /review/cases/{id}/claim` and `…/release`, by scripts of the queue.
pub async fn claim(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, way)): Path<(String, String)>,
    _: Form,
) -> Result<Json<serde_json::Value>, Problem> {
    let (id, reviewer) = (named(&id)?, visitor.reviewer());
    let (action, with) = match way.as_str() {
        "claim" => (CaseAction::Claim, "you"),
        "release" => (CaseAction::Release, ""),
        _ => return Err(Problem::not_found("way")),
    };
    let case = app.ask_cases(move |cases| cases.act(id, action, reviewer)).await?;
    let case = case.ok_or_else(|| Problem::not_found("case"))?;
    Ok(Json(json!({ "with": with, "version": case.version })))
}

/// `POST /review/cases/{id}/assign`, by leads.
pub async fn assign(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let action = CaseAction::Assign(assignee(&form)?);
    set(&app, &visitor, &id, action).await
}

/// `POST /review/cases/{id}/due`, by leads.
pub async fn due(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let at = match form.maybe("due") {
        Some(_) => Some(app.environment().now() + due_hours(&form)? * 3600),
        None => None,
    };
    set(&app, &visitor, &id, CaseAction::Due(at)).await
}

async fn set(
    app: &App,
    visitor: &Visitor,
    id: &str,
    action: CaseAction,
) -> Result<Response, Problem> {
    let (id, reviewer) = (named(id)?, visitor.reviewer());
    let done = app.ask_cases(move |cases| cases.act(id, action, reviewer)).await?;
    done.ok_or_else(|| Problem::not_found("case"))?;
    Ok(forward("", Some(id), None))
}
