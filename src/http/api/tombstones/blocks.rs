//! `GET /v1/tombstones/{id}/blocks`: the uploads that a tombstone blocked or sent to review.

use axum::extract::State;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path, Query};
use crate::http::request::paging::{Page, PageQuery, bad_cursor};
use crate::http::state::App;
use crate::model::{Scope, TombstoneId, UploadId};
use crate::wire::{Audience, UploadView};

/// List the uploads that a tombstone blocked or sent to review, newest first.
///
/// Also works for a tombstone that has been retired since.
#[utoipa::path(
    get, path = "/v1/tombstones/{id}/blocks", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id"), PageQuery),
    responses((status = 200, description = "A page of uploads.", body = Page<UploadView>))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<UploadView>>, Problem> {
    let limit = query.limit()?;
    let before = query.cursor.map(|id| id.parse::<UploadId>()).transpose();
    let before = before.map_err(|_| bad_cursor())?;
    let id = TombstoneId(id);
    let found = app.ask_uploads(move |uploads| uploads.blocks(&id, before, limit + 1)).await?;
    let lines = found.ok_or_else(|| Problem::not_found("tombstone"))?;
    let audience = Audience::with_scope(caller.may(Scope::Scores));
    Ok(Json(Page::cut(
        lines,
        limit,
        |line| line.whole().id.clone(),
        |line| line.for_audience(audience),
    )))
}
