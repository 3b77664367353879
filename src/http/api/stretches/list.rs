//! `GET /v1/tombstones/{id}/stretches`: the common stretches of a deleted video.

use axum::extract::State;

use crate::http::api::stretches::create::StretchView;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path, Query};
use crate::http::request::paging::{Page, PageQuery, bad_cursor};
use crate::http::state::App;
use crate::model::TombstoneId;

/// List the stretches of a deleted video that were ruled common, undone ones included, oldest first.
#[utoipa::path(
    get, path = "/v1/tombstones/{id}/stretches", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id"), PageQuery),
    responses((status = 200, description = "A page of stretches.", body = Page<StretchView>))
)]
pub async fn list(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<StretchView>>, Problem> {
    let limit = query.limit()?;
    let after = query.cursor.map(|id| id.parse()).transpose().map_err(|_| bad_cursor())?;
    let id = TombstoneId(id);
    let found = app.ask(move |engine, _| engine.stretches(&id, after, limit + 1)).await?;
    let found = found.ok_or_else(|| Problem::not_found("tombstone"))?;
    Ok(Json(Page::cut(found, limit, |one| one.id.to_string(), StretchView::new)))
}
