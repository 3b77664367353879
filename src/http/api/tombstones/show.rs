//! `GET /v1/tombstones/{id}`: a tombstone.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::EarlierPoster;
use crate::http::api::tombstones::list::TombstoneView;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::{Posted, TombstoneId, UnixSeconds, rfc3339};

/// A tombstone with the size of its fingerprint.
#[derive(Debug, Serialize, ToSchema)]
pub struct TombstoneDetail {
    #[serde(flatten)]
    pub tombstone: TombstoneView,
    pub keypoints: usize,
    pub frames: usize,
    /// Others who posted a part of the video before its owner did, as far as the service knows.
    pub earlier_posters: Vec<EarlierPosterView>,
}

/// A user who posted a part of a deleted video before it was posted. Only a keyed hash of the id is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EarlierPoster)]
pub struct EarlierPosterView {
    /// The earliest and the latest time of posting, RFC 3339; the earliest is null when it is not known.
    #[schema(value_type = [Option<String>; 2])]
    pub posted_at: [Option<String>; 2],
    /// Seconds of the deleted video.
    pub seconds: f64,
}

impl EarlierPosterView {
    fn new(one: EarlierPoster) -> EarlierPosterView {
        let Posted { from, to } = one.posted;
        let known = Some(from).filter(|from| *from > UnixSeconds::MIN);
        let posted_at = [known.map(rfc3339), Some(rfc3339(to))];
        EarlierPosterView { posted_at, seconds: one.seconds }
    }
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
    let found = app.ask(move |engine, _| engine.tombstone_with_posters(&id)).await?;
    let (one, (keypoints, frames), posters) =
        found.ok_or_else(|| Problem::not_found("tombstone"))?;
    let tombstone = TombstoneView::new(one, app.engine().expiry());
    let earlier_posters = posters.into_iter().map(EarlierPosterView::new).collect();
    Ok(Json(TombstoneDetail { tombstone, keypoints, frames, earlier_posters }))
}
