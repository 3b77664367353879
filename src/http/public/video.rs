//! `GET /v/{id}`: where the page of a deleted video was.

use axum::extract::State;
use axum::response::Response;

use crate::http::public::dead_end::{Place, answer};
use crate::http::request::extract::Path;
use crate::http::state::App;

/// The page where a deleted video was.
#[utoipa::path(
    get, path = "/v/{id}", tag = "public",
    params(("id" = String, Path, description = "The platform's id of the video")),
    responses(
        (status = 410, description = "A page that says that it was deleted.",
         content_type = "text/html", body = String),
        (status = 404, description = "Nobody has deleted a video of this id; a page.",
         content_type = "text/html", body = String),
    )
)]
pub async fn show(State(app): State<App>, Path(video): Path<String>) -> Response {
    answer(&app, Some(&video), Place::Page)
}
