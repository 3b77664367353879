//! `POST /v1/videos/{id}/deletion`: the platform's delete button.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::engine::DeletionRequest;
use crate::engine::wire;
use crate::engine::wire::DeletionLine;
use crate::http::api::deletions::body::{self, CopyBody, EngagementBody, Metadata};
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Object, Path};
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::model::{DeletionId, DeletionReason};

/// What is to be deleted, and where it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDeletion)]
pub struct DeletionBody {
    /// Whose it is, as the platform calls that person; the owner may post it again. Kept in plain until the retention
    /// ends, as a keyed hash afterwards.
    #[schema(min_length = 1, max_length = 512)]
    owner: Option<String>,
    /// When it was uploaded, by RFC 3339.
    #[schema(format = DateTime)]
    uploaded_at: Option<String>,
    #[schema(schema_with = wire::schema::deletion_reason)]
    reason: DeletionReason,
    #[serde(default)]
    #[schema(value_type = EngagementBody)]
    engagement: Object<EngagementBody>,
    /// Where it is, everywhere. At most 100.
    #[schema(value_type = Vec<CopyBody>)]
    copies: Vec<Object<CopyBody>>,
    /// Given back in answers, events and callbacks. At most 16 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Metadata,
}

/// Deletes a video for good.
///
/// When this is answered, the deletion is on the disk and the video is hidden: visibility, gate and public pages say so.
/// It is fingerprinted before any byte of it goes, then every copy is erased and looked for again. The same request
/// again is the same deletion. Nothing brings the video back, but until copies are being erased the deletion can be
/// cancelled. An id may be used again after completion; that is a new deletion.
#[utoipa::path(
    post, path = "/v1/videos/{id}/deletion", tag = "deletions", request_body = DeletionBody,
    params(("id" = String, Path, description = "The platform's id of the video", max_length = 512)),
    responses(
        (status = 202, description = "It was accepted, now or before.", body = DeletionLine,
         headers(("Location" = String, description = "Where it says how far it has come"))),
        (status = 409, description = "Another request for this video is under way",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(video): Path<String>,
    Json(body): Json<DeletionBody>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<DeletionLine>), Problem> {
    let request = request(video, body)?;
    let by = caller.actor();
    let line = app.ask_deletions(move |deletions| deletions.request_shown(&request, by)).await?;
    let id = line.deletion.id;
    Ok((StatusCode::ACCEPTED, location(id), Json(DeletionLine::new(line))))
}

fn request(video: String, body: DeletionBody) -> Result<DeletionRequest, Problem> {
    let uploaded_at = body.uploaded_at.map(|at| parse_time("uploaded_at", &at)).transpose()?;
    Ok(DeletionRequest {
        video,
        owner: body.owner,
        reason: body.reason,
        uploaded_at,
        engagement: body::engagement(body.engagement.0),
        copies: body::copies(body.copies)?,
        metadata: body.metadata.map(Value::Object),
    })
}

pub fn location(id: DeletionId) -> [(HeaderName, String); 1] {
    [(header::LOCATION, format!("/v1/deletions/{id}"))]
}
