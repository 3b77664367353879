//! `POST /v1/uploads/{id}/appeal`: an uploader appeals against a block.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::UploadId;

/// What the uploader says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealRequest {
    /// In their own words; shown to the moderator. Kept sealed, and not for ever.
    #[schema(max_length = 4000)]
    statement: Option<String>,
}

/// An appeal that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Appeal {
    /// The case that another moderator decides now. The outcome is told as the event `appeal.decided`.
    pub case: String,
}

/// Appeals against the block of an upload: another moderator looks at it.
#[utoipa::path(
    post, path = "/v1/uploads/{id}/appeal", tag = "uploads",
    params(("id" = String, Path, description = "The upload's id, `upl_…`")),
    request_body = AppealRequest,
    responses(
        (status = 202, description = "It will be heard; the same again is the same appeal.", body = Appeal),
        (status = 409, description = "There is nothing to appeal against, or no longer; `detail` says why.")
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
