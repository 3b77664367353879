//! `GET /v1/videos/{id}/visibility`: visibility of a video.

use axum::extract::State;
use axum::http::{HeaderName, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::deletions::Shown;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::Visibility;
use crate::wire;

/// The visibility of a video.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Visibility)]
pub struct VisibilityView {
    /// `live` (also for unknown videos), `pending_deletion` or `deleted`.
    #[schema(schema_with = wire::schema::visibility)]
    visibility: Visibility,
    /// Whether profiles, search and recommendations may list the video.
    listed: bool,
    /// Hosts of caches that have not confirmed a purge and may still serve the video.
    caches: Vec<String>,
}

/// Visibility can change at any moment, so no response may be cached.
pub const NO_STORE: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

impl VisibilityView {
    pub fn new(shown: Shown) -> VisibilityView {
        let (visibility, listed) = (shown.visibility, shown.listed());
        VisibilityView { visibility, listed, caches: shown.caches }
    }
}

/// Visibility of a video.
///
/// Answered from memory, fast enough to check on every page view. Any scope is enough; the settings can open this to
/// callers without a key.
#[utoipa::path(
    get, path = "/v1/videos/{id}/visibility", tag = "visibility",
    params(("id" = String, Path, description = "The video's id on the platform", max_length = 512)),
    responses((status = 200, description = "The current visibility.", body = VisibilityView))
)]
pub async fn show(
    State(app): State<App>,
    Path(video): Path<String>,
) -> Result<([(HeaderName, &'static str); 1], Json<VisibilityView>), Problem> {
    let shown = app.deletions().visibility(&video).await?;
    Ok((NO_STORE, Json(VisibilityView::new(shown))))
}
