//! `DELETE /v1/tombstones/{id}/grants`: revoke a grant.

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::api::grants::create::GrantRequest;
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::TombstoneId;

/// Revoke an uploader's grant.
///
/// Uploads that it allowed stay allowed.
#[utoipa::path(
    delete, path = "/v1/tombstones/{id}/grants", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id")),
    request_body = GrantRequest,
    responses((status = 204, description = "The grant was revoked."))
)]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<GrantRequest>,
) -> Result<StatusCode, Problem> {
    let (id, actor) = (TombstoneId(id), caller.actor());
    let gone = app.ask(move |engine, environment| {
        engine.revoke_grant(&id, &request.uploader, actor, environment)
    });
    if gone.await? { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("grant")) }
}
