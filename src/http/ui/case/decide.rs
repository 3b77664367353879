//! Handles the forms of a case: decide, undo, claim, skip, assign, due time. A decision opens the next case.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use crate::engine;
use crate::engine::CaseAction;
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::http::ui::case::choices::{action, assignee, due_hours, named};
use crate::http::ui::case::page::{claimed, refused};
use crate::http::ui::page::form::Form;
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::queue::query::QueueQuery;
use crate::model::CaseId;
use crate::wire::{CaseView, Unredacted};

/// Cases of the queue that a skip looks at.
const SKIP_WITHIN: usize = 200;

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
        // A conflict or an invalid field: the page says so and keeps the draft.
        Err(problem)
            if matches!(problem.kind, Kind::Conflict | Kind::Invalid | Kind::Forbidden) =>
        {
            refused(&app, &visitor, id, &from, &problem).await
        }
        Err(problem) => Err(problem),
    }
}

/// Claims the next free case of the queue and redirects to it; to the queue if there is none.
async fn next(
    app: &App,
    visitor: &Visitor,
    from: &str,
    decided: Option<CaseId>,
) -> Result<Response, Problem> {
    let query = QueueQuery::parse(from).of_engine(app.environment().now());
    let reviewer = visitor.reviewer();
    let found = app.ask_cases(move |cases| cases.claim_next(&query, reviewer)).await?;
    Ok(forward(from, found.and_then(|case| case.whole().id.parse().ok()), decided))
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

/// `POST /review/next`: releases a case, claims the next free one of its queue, and redirects to it.
pub async fn skip(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Problem> {
    let query = QueueQuery::parse(form.text("from")).of_engine(app.environment().now());
    let (reviewer, skipped) = (visitor.reviewer(), form.text("after").parse::<CaseId>().ok());
    let found = app.ask_cases(move |cases| {
        let lines = cases.list(&query, None, SKIP_WITHIN, reviewer)?;
        let at =
            skipped.and_then(|id| lines.iter().position(|line| line.whole().id == id.to_string()));
        let behind =
            lines.iter().skip(at.map_or(0, |at| at + 1)).chain(lines.iter().take(at.unwrap_or(0)));
        let free = behind.filter(|line| line.whole().claim.as_ref().is_none_or(|claim| claim.mine));
        if let Some(skipped) = skipped {
            // A refusal means that someone else has claimed it since: there is nothing to release.
            unless_refused(cases.act(skipped, CaseAction::Release, reviewer))?;
        }
        for id in free.filter_map(|line| line.whole().id.parse().ok()) {
            if unless_refused(cases.act(id, CaseAction::Claim, reviewer))?.is_some() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    });
    Ok(forward(form.text("from"), found.await?, None))
}

/// `None` for a case that is gone, or that the reviewer cannot work on at present.
fn unless_refused(
    done: engine::Result<Option<Unredacted<CaseView>>>,
) -> engine::Result<Option<Unredacted<CaseView>>> {
    match done {
        Err(engine::Error::CaseConflict { .. } | engine::Error::NotAllowed { .. }) => Ok(None),
        other => other,
    }
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

/// `POST /review/cases/{id}/claim` and `…/release`: JSON for scripts, otherwise back to the page of the case.
pub async fn claim(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, way)): Path<(String, String)>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let (id, reviewer) = (named(&id)?, visitor.reviewer());
    let by_script = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json");
    let (action, with) = match way.as_str() {
        "claim" => (CaseAction::Claim, "you"),
        "release" => (CaseAction::Release, ""),
        _ => return Err(Problem::not_found("page")),
    };
    let case = match app.ask_cases(move |cases| cases.act(id, action, reviewer)).await {
        Err(problem) if !by_script && problem.kind == Kind::Conflict => {
            return refused(&app, &visitor, id, form.text("from"), &problem).await;
        }
        case => case?.ok_or_else(|| Problem::not_found("case"))?,
    };
    if !by_script {
        return Ok(forward(form.text("from"), Some(id), None));
    }
    let says = claimed(case.whole()).1;
    let answer = json!({ "with": with, "says": says, "version": case.whole().version });
    Ok(Json(answer).into_response())
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
