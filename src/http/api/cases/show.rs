//! `GET /v1/cases/{id}`: a case; `…/history`: its decisions and events; `…/members`: its uploads.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path, Query};
use crate::http::request::paging::{Page, PageQuery, bad_cursor};
use crate::http::state::App;
use crate::model::{CaseId, Scope, UploadSeq};
use crate::wire::{Audience, CaseDecisionView, CaseDetail, CaseEventView, CaseMemberView};

/// Parses the case id of a path.
///
/// # Errors
/// [`Kind::NotFound`](crate::http::error::Kind::NotFound) for a malformed id.
pub fn case_id(id: &str) -> Result<CaseId, Problem> {
    id.parse().map_err(|_| missing())
}

/// The problem for an unknown case.
pub fn missing() -> Problem {
    Problem::not_found("case")
}

/// A case with everything that a decision needs.
///
/// The first of two blind decisions is hidden from the moderator who makes the second.
#[utoipa::path(
    get, path = "/v1/cases/{id}", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    responses((status = 200, description = "The case.", body = CaseDetail))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseDetail>, Problem> {
    let (id, reviewer) = (case_id(&id)?, caller.reviewer());
    let found = app.ask_cases(move |cases| cases.show(id, reviewer)).await?;
    Ok(Json(
        found.ok_or_else(missing)?.for_audience(Audience::with_scope(caller.may(Scope::Scores))),
    ))
}

/// The decisions and events of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseHistory {
    /// All decisions, including undone ones.
    pub decisions: Vec<CaseDecisionView>,
    pub events: Vec<CaseEventView>,
}

/// History of a case, oldest first.
#[utoipa::path(
    get, path = "/v1/cases/{id}/history", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    responses((status = 200, description = "The decisions and events.", body = CaseHistory))
)]
pub async fn history(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseHistory>, Problem> {
    let (id, reviewer) = (case_id(&id)?, caller.reviewer());
    let found = app.ask_cases(move |cases| cases.show(id, reviewer)).await?.ok_or_else(missing)?;
    let found = found.for_audience(Audience::with_scope(caller.may(Scope::Scores)));
    Ok(Json(CaseHistory { decisions: found.decisions, events: found.history }))
}

/// List the uploads of a case, oldest first.
#[utoipa::path(
    get, path = "/v1/cases/{id}/members", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`"), PageQuery),
    responses((status = 200, description = "A page of uploads.", body = Page<CaseMemberView>))
)]
pub async fn members(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<CaseMemberView>>, Problem> {
    let (id, limit) = (case_id(&id)?, query.limit()?);
    let after =
        query.cursor.map(|seq| seq.parse::<UploadSeq>()).transpose().map_err(|_| bad_cursor())?;
    let after = after.unwrap_or_default();
    let found = app.ask_cases(move |cases| cases.members(id, after, limit + 1)).await?;
    let found = found.ok_or_else(missing)?;
    Ok(Json(Page::cut(found, limit, |(place, _)| place.to_string(), |(_, member)| member)))
}
