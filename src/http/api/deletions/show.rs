//! `GET /v1/deletions/{id}`: a deletion and its progress.

use axum::extract::State;

use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::DeletionId;
use crate::wire::DeletionView;

/// A deletion with the state of each copy.
#[utoipa::path(
    get, path = "/v1/deletions/{id}", tag = "deletions",
    params(("id" = String, Path, description = "The deletion's id, `del_…`")),
    responses((status = 200, description = "The deletion.", body = DeletionView))
)]
pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<DeletionView>, Problem> {
    view(&app, named(&id)?).await
}

/// Parses the deletion id of a path.
///
/// # Errors
/// [`Kind::NotFound`](crate::http::error::Kind::NotFound) for a malformed id.
pub fn named(id: &str) -> Result<DeletionId, Problem> {
    id.parse().map_err(|_| unknown())
}

/// The problem for an unknown deletion.
pub fn unknown() -> Problem {
    Problem::not_found("deletion")
}

/// The deletion with this id, as a response.
///
/// # Errors
/// [`Kind::NotFound`](crate::http::error::Kind::NotFound) for an unknown deletion; the store's error.
pub async fn view(app: &App, id: DeletionId) -> Result<Json<DeletionView>, Problem> {
    let view = app.ask_deletions(move |deletions| deletions.show(id)).await?;
    view.map(|view| Json(DeletionView::new(view))).ok_or_else(unknown)
}
