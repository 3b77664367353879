//! `POST /v1/tombstones/{id}/reversals`: reverse the verdicts that a retired tombstone caused.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::{TombstoneId, UploadId};

/// The verdicts to reverse.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReversalRequest {
    /// Ids of uploads; all uploads when absent.
    uploads: Option<Vec<String>>,
    /// A note for the audit log. Do not name people or videos: the log is never erased.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// The outcome of a reversal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reversals {
    /// Uploads whose verdict is milder now. An event `upload.verdict` is sent for each.
    pub reversed: Vec<String>,
    /// Uploads whose other matches lead to the same verdict.
    pub unchanged: Vec<String>,
    /// There may be more uploads: repeat the request.
    pub more: bool,
}

/// Reverse the verdicts that a retired tombstone caused.
///
/// Each upload gets the verdict of its remaining matches.
#[utoipa::path(
    post, path = "/v1/tombstones/{id}/reversals", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id")),
    request_body = ReversalRequest,
    responses((status = 200, description = "The outcome, upload by upload.", body = Reversals))
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
