//! `GET /v1/videos/{id}/visibility`: what the platform may still show of a video.

use axum::extract::State;
use axum::http::{HeaderName, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::visibility::Shown;
use crate::engine::wire;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::Visibility;

/// What may be shown of a video.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Visibility)]
pub struct VisibilityView {
    /// `live`, also for a video that nobody has asked to delete; `pending_deletion`; `deleted`.
    #[schema(schema_with = wire::schema::visibility)]
    visibility: Visibility,
    /// Whether profile, search and recommendations may name it.
    listed: bool,
    /// Hosts of caches that may still serve viewers who had it: not known to be purged yet.
    caches: Vec<String>,
}

/// Answers are of this moment.
pub const NOT_KEPT: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

impl VisibilityView {
    pub fn new(shown: Shown) -> VisibilityView {
        let (visibility, listed) = (shown.visibility, shown.listed());
        VisibilityView { visibility, listed, caches: shown.caches }
    }
}

/// Tells what may be shown of a video.
///
/// Answered from memory: ask for every page. A key with any scope will do, or none where the settings say so.
#[utoipa::path(
    get, path = "/v1/videos/{id}/visibility", tag = "visibility",
    params(("id" = String, Path, description = "The platform's id of the video", max_length = 512)),
    responses((status = 200, description = "As it is now.", body = VisibilityView))
)]
pub async fn show(
    State(app): State<App>,
    Path(video): Path<String>,
) -> Result<([(HeaderName, &'static str); 1], Json<VisibilityView>), Problem> {
    let shown = app.deletions().visibility(&video).await?;
    Ok((NOT_KEPT, Json(VisibilityView::new(shown))))
}
