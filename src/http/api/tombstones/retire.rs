//! `POST /v1/tombstones/{id}/retirement`: retire a tombstone that was made by mistake.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::TombstoneId;

/// The retirement of a tombstone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetirementRequest {
    /// A note for the audit log. Do not name people or videos: the log is never erased.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// A retired tombstone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retirement {
    /// Number of uploads that it blocked or sent to review; see `…/blocks`.
    pub uploads_affected: u64,
}

/// Retire a tombstone.
///
/// The tombstone is erased and no longer matches uploads. Verdicts that it caused stay until they are reversed
/// (`POST …/reversals`).
#[utoipa::path(
    post, path = "/v1/tombstones/{id}/retirement", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id")),
    request_body = RetirementRequest,
    responses((status = 200, description = "The tombstone was retired.", body = Retirement))
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
    let uploads_affected = retired.await?.ok_or_else(|| Problem::not_found("tombstone"))?;
    Ok(Json(Retirement { uploads_affected }))
}
