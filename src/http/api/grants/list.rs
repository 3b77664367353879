//! `GET /v1/tombstones/{id}/grants`: the grants of a tombstone.

use axum::extract::State;

use crate::http::api::grants::create::GrantView;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path, Query};
use crate::http::request::paging::{Page, PageQuery, bad_cursor};
use crate::http::state::App;
use crate::model::TombstoneId;

/// List the grants of a tombstone, oldest first.
#[utoipa::path(
    get, path = "/v1/tombstones/{id}/grants", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id"), PageQuery),
    responses((status = 200, description = "A page of grants.", body = Page<GrantView>))
)]
pub async fn list(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<GrantView>>, Problem> {
    let limit = query.limit()?;
    let after = query.cursor.map(|id| id.parse()).transpose().map_err(|_| bad_cursor())?;
    let id = TombstoneId(id);
    let found = app.ask(move |engine, _| engine.grants(&id, after, limit + 1)).await?;
    let grants = found.ok_or_else(|| Problem::not_found("tombstone"))?;
    Ok(Json(Page::cut(grants, limit, |grant| grant.id.to_string(), GrantView::new)))
}
