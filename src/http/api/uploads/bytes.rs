//! `GET /v1/uploads/{id}/bytes`: an upload to be looked at, while its case is not closed.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::Path;
use crate::http::response::ranged::ranged;
use crate::http::state::App;
use crate::model::UploadId;

/// Gives an upload's bytes to whoever works on its case. It is remembered in the audit log.
#[utoipa::path(
    get, path = "/v1/uploads/{id}/bytes", tag = "cases",
    params(
        ("id" = String, Path, description = "The upload's id, `upl_…`"),
        ("range" = Option<String>, Header, description = "Such as `bytes=0-1023`")
    ),
    responses(
        (status = 200, description = "The bytes.", content_type = "application/octet-stream"),
        (status = 206, description = "A part of them.", content_type = "application/octet-stream"),
        (status = 416, description = "The range lies behind the end.")
    )
)]
pub async fn bytes(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("upload whose bytes are kept for a moderator");
    let (id, reviewer): (UploadId, _) = (id.parse().map_err(|_| missing())?, caller.reviewer());
    let viewing = app.ask_cases(move |cases| cases.view(id, reviewer)).await?;
    ranged(viewing.ok_or_else(missing)?, &headers).await
}
