//! `POST /v1/videos/{id}/deletion`: delete one video.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::engine::DeletionRequest;
use crate::http::api::deletions::body::{self, CopyBody, EngagementBody, Metadata};
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Object, Path};
use crate::http::request::times::parse_posted;
use crate::http::state::App;
use crate::model::{DeletionId, DeletionReason};
use crate::wire;
use crate::wire::DeletionView;

/// A request to delete a video.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDeletion)]
pub struct DeletionBody {
    /// The owner's id on the platform; owners may re-upload their own deleted videos. Stored as plain text until the
    /// retention period ends, then as a keyed hash.
    #[schema(min_length = 1, max_length = 512)]
    owner: Option<String>,
    /// When the video was uploaded: an RFC 3339 time, or a day, such as 2026-01-31, if only that is known. Who posted
    /// something first may post it again.
    uploaded_at: Option<String>,
    /// True if the owner is known to be the author, no matter who posted it first.
    #[serde(default)]
    original: bool,
    #[schema(schema_with = wire::schema::deletion_reason)]
    reason: DeletionReason,
    #[serde(default)]
    #[schema(value_type = EngagementBody)]
    engagement: Object<EngagementBody>,
    /// Every stored copy of the video, at most 100.
    #[schema(value_type = Vec<CopyBody>)]
    copies: Vec<Object<CopyBody>>,
    /// Returned in responses, events and callbacks. At most 16 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Metadata,
}

/// Delete a video permanently.
///
/// When the response arrives, the deletion is on disk and the video is hidden from visibility, gate and public pages.
/// The video is fingerprinted before any byte is erased; then every copy is erased and its absence verified.
/// Idempotent: repeating the request returns the same deletion. The deletion can be cancelled until the first copy is
/// erased; after that the video cannot be restored. After completion the id may be reused, which makes a new deletion.
#[utoipa::path(
    post, path = "/v1/videos/{id}/deletion", tag = "deletions", request_body = DeletionBody,
    params(("id" = String, Path, description = "The video's id on the platform", max_length = 512)),
    responses(
        (status = 202, description = "The deletion, accepted now or earlier.", body = DeletionView,
         headers(("Location" = String, description = "Address of the deletion"))),
        (status = 409, description = "A different deletion of this video is in progress",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(video): Path<String>,
    Json(body): Json<DeletionBody>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<DeletionView>), Problem> {
    let request = request(video, body)?;
    let by = caller.actor();
    let line = app.ask_deletions(move |deletions| deletions.request_shown(&request, by)).await?;
    let id = line.deletion.id;
    Ok((StatusCode::ACCEPTED, location(id), Json(DeletionView::new(line))))
}

fn request(video: String, body: DeletionBody) -> Result<DeletionRequest, Problem> {
    let uploaded_at = body.uploaded_at.map(|at| parse_posted("uploaded_at", &at)).transpose()?;
    Ok(DeletionRequest {
        video,
        owner: body.owner,
        reason: body.reason,
        uploaded_at,
        original: body.original,
        engagement: body::engagement(body.engagement.0),
        copies: body::copies(body.copies)?,
        metadata: body.metadata.map(Value::Object),
    })
}

pub fn location(id: DeletionId) -> [(HeaderName, String); 1] {
    [(header::LOCATION, format!("/v1/deletions/{id}"))]
}
