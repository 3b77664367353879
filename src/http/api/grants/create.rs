//! `POST /v1/tombstones/{id}/grants`: let an uploader re-upload a deleted video.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::{TombstoneId, rfc3339};
use crate::store::Grant;

/// A new grant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// The uploader's id on the platform. Stored as a keyed hash.
    #[schema(min_length = 1, max_length = 1024)]
    pub uploader: String,
}

/// A standing permission to re-upload a deleted video. The uploader's id is stored as a keyed hash only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub struct GrantView {
    pub id: String,
    pub created_at: String,
}

impl GrantView {
    pub fn new(grant: Grant) -> GrantView {
        GrantView { id: grant.id.to_string(), created_at: rfc3339(grant.created_at) }
    }
}

/// Let an uploader re-upload the video of a tombstone.
///
/// Only for videos that were deleted at their owner's request. Idempotent: repeating the request returns the same
/// grant.
#[utoipa::path(
    post, path = "/v1/tombstones/{id}/grants", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id")),
    request_body = GrantRequest,
    responses((status = 201, description = "The grant.", body = GrantView))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<GrantRequest>,
) -> Result<(StatusCode, Json<GrantView>), Problem> {
    let (id, actor) = (TombstoneId(id), caller.actor());
    let made = app
        .ask(move |engine, environment| engine.grant(&id, &request.uploader, actor, environment));
    let grant = made.await?.ok_or_else(|| Problem::not_found("tombstone"))?;
    Ok((StatusCode::CREATED, Json(GrantView::new(grant))))
}
