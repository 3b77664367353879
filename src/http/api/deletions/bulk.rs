//! `POST /v1/deletions`: delete all videos of an account.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::engine;
use crate::engine::{DeletionRequest, Requested};
use crate::http::api::deletions::body::{self, CopyBody, EngagementBody, Metadata};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Object};
use crate::http::request::times::parse_posted;
use crate::http::state::App;
use crate::model::DeletionReason;
use crate::wire;

/// The videos of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountDeletion)]
pub struct AccountBody {
    /// The owner's id on the platform.
    #[schema(min_length = 1, max_length = 512)]
    owner: Option<String>,
    #[schema(schema_with = wire::schema::deletion_reason)]
    reason: DeletionReason,
    /// At most 1000 videos; split a larger account into several requests.
    #[schema(value_type = Vec<AccountVideo>)]
    videos: Vec<Object<AccountVideo>>,
}

/// One video of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountVideo {
    /// The video's id on the platform.
    #[schema(min_length = 1, max_length = 512)]
    id: String,
    /// When the video was uploaded: an RFC 3339 time, or a day, such as 2026-01-31, if only that is known. Who posted
    /// something first may post it again.
    uploaded_at: Option<String>,
    /// True if the owner is known to be the author, no matter who posted it first.
    #[serde(default)]
    original: bool,
    #[serde(default)]
    #[schema(value_type = EngagementBody)]
    engagement: Object<EngagementBody>,
    /// Every stored copy of the video.
    #[schema(value_type = Vec<CopyBody>)]
    copies: Vec<Object<CopyBody>>,
    /// Returned in responses, events and callbacks.
    #[schema(value_type = Option<Object>)]
    metadata: Metadata,
}

/// The outcome for each video.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountAnswer {
    /// In the order of the request.
    items: Vec<AccountItem>,
    /// Number of new deletions.
    accepted: usize,
    /// Number of deletions that the same request had already created.
    existing: usize,
    /// Number of videos that were refused.
    refused: usize,
}

/// The outcome for one video.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountItem {
    /// `accepted`; `existing` when the same request had already created the deletion; `conflict` when a different
    /// deletion of the video is in progress; `invalid`.
    outcome: &'static str,
    /// Id of the deletion, if there is one.
    #[schema(required)]
    deletion: Option<String>,
    /// Why the video was refused.
    #[schema(required)]
    detail: Option<String>,
}

/// Delete all videos of an account.
///
/// Videos are handled independently: an invalid one does not stop the others. When the response arrives, the accepted
/// deletions are on disk and their videos are hidden. Idempotent: repeating the request returns the same deletions.
#[utoipa::path(
    post, path = "/v1/deletions", tag = "deletions", request_body = AccountBody,
    responses(
        (status = 202, description = "All videos were accepted, now or earlier.",
         body = AccountAnswer),
        (status = 207, description = "Some videos were refused; `detail` says why.",
         body = AccountAnswer),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<AccountBody>,
) -> Result<(StatusCode, Json<AccountAnswer>), Problem> {
    let AccountBody { owner, reason, videos } = body;
    let videos = videos.into_iter().map(|Object(video)| request(video, owner.clone(), reason));
    let requests = videos.collect::<Result<Vec<_>, Problem>>()?;
    let by = caller.actor();
    let answers = app.ask_deletions(move |deletions| deletions.request_many(&requests, by)).await?;
    let items = answers.into_iter().map(item).collect::<Result<Vec<_>, Problem>>()?;
    let count = |outcome| items.iter().filter(|item| item.outcome == outcome).count();
    let (accepted, existing) = (count("accepted"), count("existing"));
    let refused = items.len() - accepted - existing;
    let status = if refused == 0 { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS };
    Ok((status, Json(AccountAnswer { items, accepted, existing, refused })))
}

fn request(
    video: AccountVideo,
    owner: Option<String>,
    reason: DeletionReason,
) -> Result<DeletionRequest, Problem> {
    let uploaded_at = video.uploaded_at.map(|at| parse_posted("uploaded_at", &at)).transpose()?;
    Ok(DeletionRequest {
        video: video.id,
        owner,
        reason,
        uploaded_at,
        original: video.original,
        engagement: body::engagement(video.engagement.0),
        copies: body::copies(video.copies)?,
        metadata: video.metadata.map(Value::Object),
    })
}

fn item(answer: engine::Result<Requested>) -> Result<AccountItem, Problem> {
    let (outcome, deletion, detail) = match answer {
        Ok(Requested { id, is_new: true }) => ("accepted", Some(id), None),
        Ok(Requested { id, is_new: false }) => ("existing", Some(id), None),
        Err(engine::Error::DeletionConflict { id }) => {
            let detail = "A different deletion of this video is in progress.";
            ("conflict", Some(id), Some(detail.to_owned()))
        }
        Err(error) => {
            let problem = Problem::from(error);
            if problem.kind != Kind::Invalid {
                return Err(problem);
            }
            ("invalid", None, Some(problem.detail))
        }
    };
    Ok(AccountItem { outcome, deletion: deletion.map(|id| id.to_string()), detail })
}
