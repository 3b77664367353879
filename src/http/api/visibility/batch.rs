//! `POST /v1/videos/visibility`: visibility of several videos.

use axum::extract::State;
use axum::http::HeaderName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::api::visibility::show::{NO_STORE, VisibilityView};
use crate::http::error::Problem;
use crate::http::request::extract::Json;
use crate::http::state::App;

/// The videos of a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisibilityBatch {
    /// The videos' ids on the platform, at most 500.
    #[schema(max_items = 500)]
    ids: Vec<String>,
}

/// The visibility of each video.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisibilityBatchAnswer {
    /// In the order of the request.
    items: Vec<VisibilityItem>,
}

/// The visibility of one video.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisibilityItem {
    id: String,
    #[serde(flatten)]
    shown: VisibilityView,
}

/// Visibility of several videos.
#[utoipa::path(
    post, path = "/v1/videos/visibility", tag = "visibility", request_body = VisibilityBatch,
    responses((status = 200, description = "The current visibility of each.",
               body = VisibilityBatchAnswer))
)]
pub async fn show(
    State(app): State<App>,
    Json(VisibilityBatch { ids }): Json<VisibilityBatch>,
) -> Result<([(HeaderName, &'static str); 1], Json<VisibilityBatchAnswer>), Problem> {
    let shown = app.deletions().visibilities(&ids).await?;
    let item = |(id, shown)| VisibilityItem { id, shown: VisibilityView::new(shown) };
    let items = ids.into_iter().zip(shown).map(item).collect();
    Ok((NO_STORE, Json(VisibilityBatchAnswer { items })))
}
