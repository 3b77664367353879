//! `GET /v/{id}`: the page in place of a deleted video.

use axum::extract::State;
use axum::response::Response;

use crate::http::public::dead_end::{Place, answer};
use crate::http::request::extract::Path;
use crate::http::state::App;

/// Page in place of a deleted video.
#[utoipa::path(
    get, path = "/v/{id}", tag = "public",
    params(("id" = String, Path, description = "The video's id on the platform")),
    responses(
        (status = 410, description = "A page saying that the video was deleted.",
         content_type = "text/html", body = String),
        (status = 404, description = "A page: no deleted video has this id.",
         content_type = "text/html", body = String),
    )
)]
pub async fn show(State(app): State<App>, Path(video): Path<String>) -> Response {
    answer(&app, Some(&video), Place::Page)
}
