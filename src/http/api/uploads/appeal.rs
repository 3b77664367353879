//! `POST /v1/uploads/{id}/appeal`: appeal against a block.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::UploadId;

/// An uploader's appeal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealRequest {
    /// The uploader's statement, shown to the moderator. Stored encrypted, and erased after the retention period.
    #[schema(max_length = 4000)]
    statement: Option<String>,
}

/// An accepted appeal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Appeal {
    /// Id of the case that another moderator will decide. The outcome is sent as the event `appeal.decided`.
    pub case: String,
}

/// Appeal against the block of an upload.
///
/// Another moderator decides the appeal. Idempotent: repeating the request returns the same appeal.
#[utoipa::path(
    post, path = "/v1/uploads/{id}/appeal", tag = "uploads",
    params(("id" = String, Path, description = "The upload's id, `upl_…`")),
    request_body = AppealRequest,
    responses(
        (status = 202, description = "The appeal, accepted now or earlier.", body = Appeal),
        (status = 409, description = "The upload cannot be appealed; `detail` says why.")
    )
)]
pub async fn appeal(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<AppealRequest>,
) -> Result<(StatusCode, Json<Appeal>), Problem> {
    let missing = || Problem::not_found("upload");
    let id: UploadId = id.parse().map_err(|_| missing())?;
    let (statement, actor) = (request.statement, caller.actor());
    let made = app.ask_cases(move |cases| cases.appeal(id, statement.as_deref(), actor)).await?;
    let appeal = Appeal { case: made.ok_or_else(missing)?.case.to_string() };
    Ok((StatusCode::ACCEPTED, Json(appeal)))
}
