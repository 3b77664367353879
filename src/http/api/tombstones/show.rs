//! `GET /v1/tombstones/{id}`: a tombstone.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::tombstones::list::TombstoneView;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::TombstoneId;

/// A tombstone with the size of its fingerprint.
#[derive(Debug, Serialize, ToSchema)]
pub struct TombstoneDetail {
    #[serde(flatten)]
    pub tombstone: TombstoneView,
    pub keypoints: usize,
    pub frames: usize,
}

/// A tombstone.
#[utoipa::path(
    get, path = "/v1/tombstones/{id}", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id")),
    responses((status = 200, description = "The tombstone.", body = TombstoneDetail))
)]
pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<TombstoneDetail>, Problem> {
    let id = TombstoneId(id);
    let found = app.ask(move |engine, _| engine.tombstone_with_counts(&id)).await?;
    let (one, (keypoints, frames)) = found.ok_or_else(|| Problem::not_found("tombstone"))?;
    let tombstone = TombstoneView::new(one, app.engine().expiry());
    Ok(Json(TombstoneDetail { tombstone, keypoints, frames }))
}
