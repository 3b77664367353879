//! `GET /v1/deletions/{id}`: how far a deletion has come.

use axum::extract::State;

use crate::engine::wire::DeletionLine;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::DeletionId;

/// Shows a deletion with its copies.
#[utoipa::path(
    get, path = "/v1/deletions/{id}", tag = "deletions",
    params(("id" = String, Path, description = "The deletion")),
    responses((status = 200, description = "The deletion as it is now.", body = DeletionLine))
)]
pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<DeletionLine>, Problem> {
    line(&app, named(&id)?).await
}

/// The deletion that a path names.
///
/// # Errors
/// 404.
pub fn named(id: &str) -> Result<DeletionId, Problem> {
    id.parse().map_err(|_| unknown())
}

pub fn unknown() -> Problem {
    Problem::not_found("deletion")
}

/// A deletion as it is now.
///
/// # Errors
/// 404.
pub async fn line(app: &App, id: DeletionId) -> Result<Json<DeletionLine>, Problem> {
    let view = app.ask_deletions(move |deletions| deletions.show(id)).await?;
    view.map(|view| Json(DeletionLine::new(view))).ok_or_else(unknown)
}
