//! `POST` and `DELETE /v1/cases/{id}/claim`: lease a case, and release it; `POST /v1/cases/claims`: lease the next free
//! case of a queue.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::engine::CaseAction;
use crate::http::api::cases::list::CaseSelection;
use crate::http::api::cases::show::{case_id, missing};
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::Scope;
use crate::wire::{Audience, CaseView};

/// Applies an action to a case and responds with the changed case.
///
/// # Errors
/// [`Kind::NotFound`](crate::http::error::Kind::NotFound) for an unknown case; otherwise the engine's error: a
/// conflict, a missing permission, or an invalid value.
pub async fn act(
    app: &App,
    caller: &Caller,
    id: &str,
    action: CaseAction,
) -> Result<Json<CaseView>, Problem> {
    let (id, reviewer) = (case_id(id)?, caller.reviewer());
    let line = app.ask_cases(move |cases| cases.act(id, action, reviewer)).await?;
    Ok(Json(
        line.ok_or_else(missing)?.for_audience(Audience::with_scope(caller.may(Scope::Scores))),
    ))
}

/// Claim a case.
///
/// For ten minutes nobody else can claim or decide the case. Claiming it again renews the lease.
#[utoipa::path(
    post, path = "/v1/cases/{id}/claim", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    responses(
        (status = 200, description = "The case, claimed by the caller.", body = CaseView),
        (status = 409, description = "The case is claimed by another moderator, or decided.")
    )
)]
pub async fn claim(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseView>, Problem> {
    act(&app, &caller, &id, CaseAction::Claim).await
}

/// Release a claimed case.
#[utoipa::path(
    delete, path = "/v1/cases/{id}/claim", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    responses(
        (status = 200, description = "The case, free to be claimed.", body = CaseView),
        (status = 409, description = "The case is claimed by another moderator.")
    )
)]
pub async fn release(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseView>, Problem> {
    act(&app, &caller, &id, CaseAction::Release).await
}

/// Claim the next free case of a queue.
#[utoipa::path(
    post, path = "/v1/cases/claims", tag = "cases", request_body = CaseSelection,
    responses(
        (status = 200, description = "The case, claimed by the caller.", body = CaseView),
        (status = 204, description = "No free case matches the filters.")
    )
)]
pub async fn claim_next(
    State(app): State<App>,
    caller: Caller,
    Json(selection): Json<CaseSelection>,
) -> Result<Response, Problem> {
    let (query, reviewer) = (selection.query()?, caller.reviewer());
    let line = app.ask_cases(move |cases| cases.claim_next(&query, reviewer)).await?;
    let audience = Audience::with_scope(caller.may(Scope::Scores));
    Ok(match line {
        Some(line) => Json(line.for_audience(audience)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
