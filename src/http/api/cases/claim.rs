//! `POST` and `DELETE /v1/cases/{id}/claim`: nobody else works on a case for a while; `POST /v1/cases/claims`: the next
//! one that is free.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::engine::CaseAction;
use crate::engine::wire::CaseLine;
use crate::http::api::cases::list::CaseSelection;
use crate::http::api::cases::show::{case_id, missing};
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::Scope;

/// Does something to a case, and answers with the case as it is then.
///
/// # Errors
/// What the engine refused, and 404.
pub async fn act(
    app: &App,
    caller: &Caller,
    id: &str,
    action: CaseAction,
) -> Result<Json<CaseLine>, Problem> {
    let (id, reviewer) = (case_id(id)?, caller.reviewer());
    let line = app.ask_cases(move |cases| cases.act(id, action, reviewer)).await?;
    Ok(Json(line.ok_or_else(missing)?.for_caller(caller.may(Scope::Scores))))
}

/// Claims a case: for ten minutes nobody else claims or decides it. Again prolongs that.
#[utoipa::path(
    post, path = "/v1/cases/{id}/claim", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    responses(
        (status = 200, description = "It is the caller's.", body = CaseLine),
        (status = 409, description = "Somebody else works on it, or it was decided.")
    )
)]
pub async fn claim(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseLine>, Problem> {
    act(&app, &caller, &id, CaseAction::Claim).await
}

/// Gives a claimed case back.
#[utoipa::path(
    delete, path = "/v1/cases/{id}/claim", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    responses(
        (status = 200, description = "It is anybody's.", body = CaseLine),
        (status = 409, description = "Somebody else works on it.")
    )
)]
pub async fn release(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseLine>, Problem> {
    act(&app, &caller, &id, CaseAction::Release).await
}

/// Claims the next case of a queue that nobody works on.
#[utoipa::path(
    post, path = "/v1/cases/claims", tag = "cases", request_body = CaseSelection,
    responses(
        (status = 200, description = "It is the caller's.", body = CaseLine),
        (status = 204, description = "There is none.")
    )
)]
pub async fn claim_next(
    State(app): State<App>,
    caller: Caller,
    Json(selection): Json<CaseSelection>,
) -> Result<Response, Problem> {
    let (query, reviewer) = (selection.query()?, caller.reviewer());
    let line = app.ask_cases(move |cases| cases.claim_next(&query, reviewer)).await?;
    let scores = caller.may(Scope::Scores);
    Ok(match line {
        Some(line) => Json(line.for_caller(scores)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
