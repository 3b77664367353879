//! `POST /v1/tombstones/{id}/retirement`: a tombstone that should not have been there goes.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::auth::Caller;
use crate::http::error::Problem;
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::model::TombstoneId;

/// Why it goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetirementRequest {
    /// For the audit log. It names no person and no video.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// A tombstone that was retired.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retirement {
    /// Uploads that it counted against; see `…/blocks`.
    pub uploads_against: u64,
}

/// Retires a tombstone: it is erased, and nothing is recognised by it any more.
///
/// What it counted against stays as it is until it is reversed (`POST …/reversals`).
#[utoipa::path(
    post, path = "/v1/tombstones/{id}/retirement", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id")),
    request_body = RetirementRequest,
    responses((status = 200, description = "It was retired.", body = Retirement))
)]
pub async fn retire(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<RetirementRequest>,
) -> Result<Json<Retirement>, Problem> {
    let (id, actor, note) = (TombstoneId(id), caller.actor(), request.note);
    let retired =
        app.ask(move |engine, environment| engine.retire_tombstone(&id, note, actor, environment));
    let uploads_against = retired.await?.ok_or_else(|| Problem::not_found("tombstone"))?;
    Ok(Json(Retirement { uploads_against }))
}
