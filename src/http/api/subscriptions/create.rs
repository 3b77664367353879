//! `POST /v1/subscriptions`: subscribe to events.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{NewSubscription, SubscriptionShown};
use crate::http::document::shapes;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::Json;
use crate::http::state::App;
use crate::model::{Scope, Topic, rfc3339};

/// A new subscription.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionRequest {
    /// Address that receives the messages by POST. Private addresses must be allowed in the settings.
    #[schema(max_length = 2048)]
    url: String,
    /// `upload.verdict`, `case.decided`, `appeal.decided`, `deletion.complete`, `deletion.stuck`.
    #[schema(schema_with = shapes::topics)]
    events: Vec<String>,
    /// Include scores, evidence and weak matches. Requires a key with the scope `scores`.
    #[serde(default)]
    scores: bool,
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub struct SubscriptionView {
    /// `sub_…`
    pub id: String,
    pub url: String,
    pub events: Vec<String>,
    pub scores: bool,
    pub created_at: String,
    /// When delivery was paused; null while it is active.
    #[schema(required)]
    pub paused_at: Option<String>,
}

/// A new subscription with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedSubscription {
    #[serde(flatten)]
    pub subscription: SubscriptionView,
    /// Secret that signs the messages, as Standard Webhooks specifies. Shown only here and when it is rotated.
    pub secret: String,
}

impl SubscriptionView {
    pub fn new(one: SubscriptionShown) -> SubscriptionView {
        SubscriptionView {
            id: one.id.to_string(),
            url: one.url,
            events: one.topics.iter().map(ToString::to_string).collect(),
            scores: one.scores,
            created_at: rfc3339(one.created_at),
            paused_at: one.paused_at.map(rfc3339),
        }
    }
}

/// Parses the names of events.
///
/// # Errors
/// [`Kind::Invalid`] for an unknown name.
pub fn topics(names: &[String]) -> Result<BTreeSet<Topic>, Problem> {
    let topics: Result<BTreeSet<Topic>, _> = names.iter().map(|name| name.parse()).collect();
    topics.map_err(|e| Problem::new(Kind::Invalid, format!("`events`: {e}.")))
}

/// Checks that the caller may subscribe to scores.
///
/// # Errors
/// [`Kind::Forbidden`] without the scope `scores`.
pub fn require_scores(caller: &Caller) -> Result<(), Problem> {
    if !caller.may(Scope::Scores) {
        let detail = "Subscribing to scores requires a key with the scope scores.";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    Ok(())
}

/// Subscribe to events.
///
/// Messages are `{"type", "timestamp", "data"}`, signed as Standard Webhooks specifies (`webhook-id`,
/// `webhook-timestamp`, `webhook-signature`). A message that is not acknowledged with a 2xx status is retried with
/// exponential backoff for a day and a half, then becomes dead. A 410 response pauses the subscription.
#[utoipa::path(
    post, path = "/v1/subscriptions", tag = "webhooks", request_body = SubscriptionRequest,
    responses((status = 201, description = "The subscription and its secret.",
               body = CreatedSubscription))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<SubscriptionRequest>,
) -> Result<(StatusCode, [(header::HeaderName, &'static str); 1], Json<CreatedSubscription>), Problem>
{
    let SubscriptionRequest { url, events, scores } = request;
    if scores {
        require_scores(&caller)?;
    }
    let new = NewSubscription { url, topics: topics(&events)?, scores };
    let actor = caller.actor();
    let (made, secret) = app.ask_outbox(move |outbox| outbox.subscribe(&new, actor)).await?;
    let made =
        CreatedSubscription { subscription: SubscriptionView::new(made), secret: secret.text() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made)))
}
