//! `GET /v1/uploads/{id}/bytes`: the file of an upload, until its case is closed.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::Path;
use crate::http::response::ranged::ranged;
use crate::http::state::App;
use crate::model::UploadId;

/// Download an upload's file for review.
///
/// Available until the case is closed. The audit log records each download.
#[utoipa::path(
    get, path = "/v1/uploads/{id}/bytes", tag = "cases",
    params(
        ("id" = String, Path, description = "The upload's id, `upl_…`"),
        ("range" = Option<String>, Header, description = "A byte range, such as `bytes=0-1023`")
    ),
    responses(
        (status = 200, description = "The file.", content_type = "application/octet-stream"),
        (status = 206, description = "The requested range of the file.",
         content_type = "application/octet-stream"),
        (status = 416, description = "The range starts beyond the end of the file.")
    )
)]
pub async fn bytes(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("upload with a file to review");
    let (id, reviewer): (UploadId, _) = (id.parse().map_err(|_| missing())?, caller.reviewer());
    let viewing = app.ask_cases(move |cases| cases.view(id, reviewer)).await?;
    ranged(viewing.ok_or_else(missing)?, &headers).await
}
