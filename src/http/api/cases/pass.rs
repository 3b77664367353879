//! Handing a case over: `POST /v1/cases/{id}/escalation`, `PUT …/assignment`, `PUT …/due`, `POST …/notes`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::CaseAction;
use crate::http::api::cases::claim::act;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::model::{Actor, UnixSeconds};
use crate::wire::CaseView;

/// An escalation to the leads.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationRequest {
    /// The version of the case that the moderator saw; a newer version is a conflict.
    version: u32,
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// The assignee of a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentRequest {
    /// `usr_…` or `key_…`; null removes the assignment.
    #[schema(required)]
    assigned_to: Option<String>,
}

/// The due time of a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DueRequest {
    /// An RFC 3339 time, such as `2026-11-24T12:00:00Z`; null removes the due time.
    #[schema(required)]
    due_at: Option<String>,
}

/// A note on a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRequest {
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

/// Parses the id of an assignee.
///
/// # Errors
/// [`Kind::Invalid`] for anything but the id of a user or key.
pub fn assignee(id: Option<&str>) -> Result<Option<Actor>, Problem> {
    let parsed = id.map(str::parse::<Actor>).transpose();
    parsed.map_err(|_| {
        Problem::new(Kind::Invalid, "`assigned_to`: expected the id of a user or an API key.")
    })
}

/// Parses a due time.
///
/// # Errors
/// [`Kind::Invalid`] for a malformed time.
pub fn due(due_at: Option<&str>) -> Result<Option<UnixSeconds>, Problem> {
    due_at.map(|text| parse_time("due_at", text)).transpose()
}

/// Escalate a case to the leads.
#[utoipa::path(
    post, path = "/v1/cases/{id}/escalation", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = EscalationRequest,
    responses(
        (status = 200, description = "The escalated case.", body = CaseView),
        (status = 409, description = "The case has changed; `detail` says how.")
    )
)]
pub async fn escalate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(EscalationRequest { version, note }): Json<EscalationRequest>,
) -> Result<Json<CaseView>, Problem> {
    act(&app, &caller, &id, CaseAction::Escalate { version: Some(version), note }).await
}

/// Assign a case to a moderator. Leads only.
#[utoipa::path(
    put, path = "/v1/cases/{id}/assignment", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = AssignmentRequest,
    responses(
        (status = 200, description = "The assigned case.", body = CaseView),
        (status = 409, description = "The case is already decided.")
    )
)]
pub async fn assign(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<AssignmentRequest>,
) -> Result<Json<CaseView>, Problem> {
    let to = assignee(request.assigned_to.as_deref())?;
    act(&app, &caller, &id, CaseAction::Assign(to)).await
}

/// Set the due time of a case. Leads only.
#[utoipa::path(
    put, path = "/v1/cases/{id}/due", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = DueRequest,
    responses(
        (status = 200, description = "The case with its due time.", body = CaseView),
        (status = 409, description = "The case is already decided.")
    )
)]
pub async fn set_due(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<DueRequest>,
) -> Result<Json<CaseView>, Problem> {
    let due_at = due(request.due_at.as_deref())?;
    act(&app, &caller, &id, CaseAction::Due(due_at)).await
}

/// Add a note to a case.
#[utoipa::path(
    post, path = "/v1/cases/{id}/notes", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = NoteRequest,
    responses((status = 200, description = "The case; its history has the note.", body = CaseView))
)]
pub async fn note(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(NoteRequest { note }): Json<NoteRequest>,
) -> Result<Json<CaseView>, Problem> {
    act(&app, &caller, &id, CaseAction::Note(note)).await
}
