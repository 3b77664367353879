//! `POST /v1/videos/visibility`: what may be shown of all videos of a page.

use axum::extract::State;
use axum::http::HeaderName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::api::visibility::show::{NOT_KEPT, VisibilityView};
use crate::http::error::Problem;
use crate::http::request::extract::Json;
use crate::http::state::App;

/// Which videos.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisibilityBatch {
    /// The platform's ids, at most 500.
    #[schema(max_items = 500)]
    ids: Vec<String>,
}

/// What may be shown of each.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisibilityBatchAnswer {
    /// In the request's order.
    items: Vec<VisibilityItem>,
}

/// What may be shown of one of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisibilityItem {
    id: String,
    #[serde(flatten)]
    shown: VisibilityView,
}

/// Tells what may be shown of several videos.
#[utoipa::path(
    post, path = "/v1/videos/visibility", tag = "visibility", request_body = VisibilityBatch,
    responses((status = 200, description = "As it is now.", body = VisibilityBatchAnswer))
)]
pub async fn show(
    State(app): State<App>,
    Json(VisibilityBatch { ids }): Json<VisibilityBatch>,
) -> Result<([(HeaderName, &'static str); 1], Json<VisibilityBatchAnswer>), Problem> {
    let shown = app.deletions().visibilities(&ids).await?;
    let item = |(id, shown)| VisibilityItem { id, shown: VisibilityView::new(shown) };
    let items = ids.into_iter().zip(shown).map(item).collect();
    Ok((NOT_KEPT, Json(VisibilityBatchAnswer { items })))
}
