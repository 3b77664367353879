//! `POST /v1/deletions`: all videos of an account.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::engine;
use crate::engine::wire;
use crate::engine::{DeletionRequest, Requested};
use crate::http::api::deletions::body::{self, CopyBody, EngagementBody, Metadata};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Object};
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::model::DeletionReason;

/// The videos of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountDeletion)]
pub struct AccountBody {
    /// Whose they are, as the platform calls that person.
    #[schema(min_length = 1, max_length = 512)]
    owner: Option<String>,
    #[schema(schema_with = wire::schema::deletion_reason)]
    reason: DeletionReason,
    /// At most 1000; a larger account goes in several requests.
    #[schema(value_type = Vec<AccountVideo>)]
    videos: Vec<Object<AccountVideo>>,
}

/// One video of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountVideo {
    /// The platform's id of it.
    #[schema(min_length = 1, max_length = 512)]
    id: String,
    /// When it was uploaded, by RFC 3339.
    #[schema(format = DateTime)]
    uploaded_at: Option<String>,
    #[serde(default)]
    #[schema(value_type = EngagementBody)]
    engagement: Object<EngagementBody>,
    /// Where it is, everywhere.
    #[schema(value_type = Vec<CopyBody>)]
    copies: Vec<Object<CopyBody>>,
    /// Given back in answers, events and callbacks.
    #[schema(value_type = Option<Object>)]
    metadata: Metadata,
}

/// What became of each video.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountAnswer {
    /// In the request's order.
    items: Vec<AccountItem>,
    /// How many were accepted now, had been before, and were refused.
    accepted: usize,
    known: usize,
    refused: usize,
}

/// What became of one video.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountItem {
    /// `accepted`; `known`, when the same had been asked before; `conflict`, when something else is under way for it;
    /// `invalid`.
    outcome: &'static str,
    /// The deletion, where there is one.
    #[schema(required)]
    deletion: Option<String>,
    /// What is wrong with a video that was refused.
    #[schema(required)]
    detail: Option<String>,
}

/// Deletes all videos of an account.
///
/// Each is judged by itself: what is wrong with one does not keep the others. All that were accepted are on the disk
/// and hidden when this is answered. The same request again is the same deletions.
#[utoipa::path(
    post, path = "/v1/deletions", tag = "deletions", request_body = AccountBody,
    responses(
        (status = 202, description = "All were accepted, now or before.", body = AccountAnswer),
        (status = 207, description = "Some were refused; each says why.", body = AccountAnswer),
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
    let (accepted, known) = (count("accepted"), count("known"));
    let refused = items.len() - accepted - known;
    let status = if refused == 0 { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS };
    Ok((status, Json(AccountAnswer { items, accepted, known, refused })))
}

fn request(
    video: AccountVideo,
    owner: Option<String>,
    reason: DeletionReason,
) -> Result<DeletionRequest, Problem> {
    let uploaded_at = video.uploaded_at.map(|at| parse_time("uploaded_at", &at)).transpose()?;
    Ok(DeletionRequest {
        video: video.id,
        owner,
        reason,
        uploaded_at,
        engagement: body::engagement(video.engagement.0),
        copies: body::copies(video.copies)?,
        metadata: video.metadata.map(Value::Object),
    })
}

fn item(answer: engine::Result<Requested>) -> Result<AccountItem, Problem> {
    let (outcome, deletion, detail) = match answer {
        Ok(Requested { id, is_new: true }) => ("accepted", Some(id), None),
        Ok(Requested { id, is_new: false }) => ("known", Some(id), None),
        Err(engine::Error::DeletionConflict { id }) => {
            let detail = "Another deletion of this video is under way.";
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
