//! Passing a case on: `POST /v1/cases/{id}/escalation` to the leads, `PUT …/assignment` to somebody, `PUT …/due` until when;
//! and `POST …/notes`, what the next one should know.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::CaseAction;
use crate::engine::wire::CaseLine;
use crate::http::api::cases::claim::act;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::model::{Actor, UnixSeconds};

/// Why a case is handed to the leads.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationRequest {
    /// The version of the case that was seen.
    version: u32,
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// Who is to do it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentRequest {
    /// `usr_…` or `key_…`; null: anybody.
    #[schema(required)]
    assigned_to: Option<String>,
}

/// Until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DueRequest {
    /// Such as `2026-11-24T12:00:00Z`; null: no due time.
    #[schema(required)]
    due_at: Option<String>,
}

/// What should be known of a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRequest {
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

/// Somebody by their id.
///
/// # Errors
/// 422 for what is none.
pub fn assignee(id: Option<&str>) -> Result<Option<Actor>, Problem> {
    let parsed = id.map(str::parse::<Actor>).transpose();
    parsed.map_err(|_| Problem::new(Kind::Invalid, "`assigned_to`: it is no id of somebody."))
}

/// # Errors
/// 422 for what is no time.
pub fn due(due_at: Option<&str>) -> Result<Option<UnixSeconds>, Problem> {
    due_at.map(|text| parse_time("due_at", text)).transpose()
}

/// Hands a case to the leads.
#[utoipa::path(
    post, path = "/v1/cases/{id}/escalation", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = EscalationRequest,
    responses(
        (status = 200, description = "It waits for a lead.", body = CaseLine),
        (status = 409, description = "The case is not as the caller saw it; `detail` says what happened.")
    )
)]
pub async fn escalate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(EscalationRequest { version, note }): Json<EscalationRequest>,
) -> Result<Json<CaseLine>, Problem> {
    act(&app, &caller, &id, CaseAction::Escalate { version, note }).await
}

/// Gives a case to somebody to do; leads only.
#[utoipa::path(
    put, path = "/v1/cases/{id}/assignment", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = AssignmentRequest,
    responses(
        (status = 200, description = "It is theirs to do.", body = CaseLine),
        (status = 409, description = "It is decided already.")
    )
)]
pub async fn assign(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<AssignmentRequest>,
) -> Result<Json<CaseLine>, Problem> {
    let to = assignee(request.assigned_to.as_deref())?;
    act(&app, &caller, &id, CaseAction::Assign(to)).await
}

/// Says until when a case should be done; leads only.
#[utoipa::path(
    put, path = "/v1/cases/{id}/due", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = DueRequest,
    responses(
        (status = 200, description = "It is due then.", body = CaseLine),
        (status = 409, description = "It is decided already.")
    )
)]
pub async fn set_due(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<DueRequest>,
) -> Result<Json<CaseLine>, Problem> {
    let due_at = due(request.due_at.as_deref())?;
    act(&app, &caller, &id, CaseAction::Due(due_at)).await
}

/// Adds a note to a case.
#[utoipa::path(
    post, path = "/v1/cases/{id}/notes", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = NoteRequest,
    responses((status = 200, description = "It is in the case's history.", body = CaseLine))
)]
pub async fn note(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(NoteRequest { note }): Json<NoteRequest>,
) -> Result<Json<CaseLine>, Problem> {
    act(&app, &caller, &id, CaseAction::Note(note)).await
}
