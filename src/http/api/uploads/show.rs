//! `GET /v1/uploads/{id}`: an upload and its verdict.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path, Query};
use crate::http::request::times::wait_for;
use crate::http::state::App;
use crate::model::{Scope, UploadId};
use crate::wire::{Audience, UploadView};

/// Parameters of the request.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShowQuery {
    /// Seconds to wait for the verdict, 0 to 60; 0 when absent.
    #[param(minimum = 0, maximum = 60)]
    wait: Option<u64>,
}

/// An upload and its verdict.
#[utoipa::path(
    get, path = "/v1/uploads/{id}", tag = "uploads",
    params(("id" = String, Path, description = "The upload's id, `upl_…`"), ShowQuery),
    responses((status = 200,
               description = "The upload; `verdict` is null until the upload has been checked.",
               body = UploadView))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Json<UploadView>, Problem> {
    let missing = || Problem::not_found("upload");
    let id: UploadId = id.parse().map_err(|_| missing())?;
    let wait = wait_for(query.wait)?;
    app.wait_for_verdict(id, wait).await;
    let line = app.ask_uploads(move |uploads| uploads.show(id)).await?;
    Ok(Json(
        line.ok_or_else(missing)?.for_audience(Audience::with_scope(caller.may(Scope::Scores))),
    ))
}
