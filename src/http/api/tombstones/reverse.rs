//! `POST /v1/tombstones/{id}/reversals`: verdicts that a retired tombstone caused are taken back.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::{TombstoneId, UploadId};

/// Which verdicts, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReversalRequest {
    /// Ids of uploads; all when absent.
    uploads: Option<Vec<String>>,
    /// For the audit log. It names no person and no video.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reversals {
    /// Uploads that have a milder verdict now. Each is told as the event `upload.verdict`.
    pub reversed: Vec<String>,
    /// Uploads that other matches count against as much.
    pub unchanged: Vec<String>,
    /// There may be more: send it again.
    pub more: bool,
}

/// Takes back the verdicts that a retired tombstone caused.
///
/// Each upload is judged again by what else was found in it.
#[utoipa::path(
    post, path = "/v1/tombstones/{id}/reversals", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id")),
    request_body = ReversalRequest,
    responses((status = 200, description = "What came of it.", body = Reversals))
)]
pub async fn reverse(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<ReversalRequest>,
) -> Result<Json<Reversals>, Problem> {
    let only = request.uploads.map(|ids| ids.iter().map(|id| id.parse::<UploadId>()).collect());
    let only: Option<Vec<UploadId>> =
        only.transpose().map_err(|e| Problem::new(Kind::Invalid, format!("`uploads`: {e}.")))?;
    let (id, actor, note) = (TombstoneId(id), caller.actor(), request.note);
    let outcome = app
        .ask_uploads(move |uploads| uploads.reverse(&id, only.as_deref(), note.as_deref(), actor));
    let outcome = outcome.await?.ok_or_else(|| Problem::not_found("tombstone"))?;
    let ids = |ids: Vec<UploadId>| ids.iter().map(ToString::to_string).collect();
    let (reversed, unchanged) = (ids(outcome.reversed), ids(outcome.unchanged));
    Ok(Json(Reversals { reversed, unchanged, more: outcome.more }))
}
