//! `POST /v1/subscriptions`: somebody wants to be told of events.

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
use crate::http::request::times::time;
use crate::http::state::App;
use crate::model::{Scope, Topic};

/// Who wants to be told of what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionRequest {
    /// Where messages are sent, by POST. Private addresses only where the settings allow them.
    #[schema(max_length = 2048)]
    url: String,
    /// `upload.verdict`, `case.decided`, `appeal.decided`, `deletion.complete`, `deletion.stuck`.
    #[schema(schema_with = shapes::topics)]
    events: Vec<String>,
    /// Scores, evidence and weak matches too; takes a key with the scope `scores`.
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
    /// Since when nothing is sent; null while it is.
    #[schema(required)]
    pub paused_at: Option<String>,
}

/// A new subscription with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionMade {
    #[serde(flatten)]
    pub subscription: SubscriptionView,
    /// What messages are signed with, by the Standard Webhooks specification. Shown here, and when it is replaced.
    pub secret: String,
}

impl SubscriptionView {
    pub fn new(one: SubscriptionShown) -> SubscriptionView {
        SubscriptionView {
            id: one.id.to_string(),
            url: one.url,
            events: one.topics.iter().map(ToString::to_string).collect(),
            scores: one.scores,
            created_at: time(one.created_at),
            paused_at: one.paused_at.map(time),
        }
    }
}

/// Names of events as topics.
///
/// # Errors
/// 422 for a name that is none.
pub fn topics(names: &[String]) -> Result<BTreeSet<Topic>, Problem> {
    let topics: Result<BTreeSet<Topic>, _> = names.iter().map(|name| name.parse()).collect();
    topics.map_err(|e| Problem::new(Kind::Invalid, format!("`events`: {e}.")))
}

/// Whether a caller may have scores sent.
///
/// # Errors
/// 403.
pub fn may_see_scores(caller: &Caller, scores: bool) -> Result<(), Problem> {
    if scores && !caller.may(Scope::Scores) {
        let detail = "It takes a key with the scope scores to have scores sent.";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    Ok(())
}

/// Subscribes to events.
///
/// Messages are `{"type", "timestamp", "data"}`, signed by the Standard Webhooks specification (`webhook-id`,
/// `webhook-timestamp`, `webhook-signature`). One that is not answered with 2xx is sent again after growing pauses, for a
/// day and a half. An answer of 410 pauses the subscription.
#[utoipa::path(
    post, path = "/v1/subscriptions", tag = "webhooks", request_body = SubscriptionRequest,
    responses((status = 201, description = "The subscription.", body = SubscriptionMade))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<SubscriptionRequest>,
) -> Result<(StatusCode, [(header::HeaderName, &'static str); 1], Json<SubscriptionMade>), Problem>
{
    let SubscriptionRequest { url, events, scores } = request;
    may_see_scores(&caller, scores)?;
    let new = NewSubscription { url, topics: topics(&events)?, scores };
    let actor = caller.actor();
    let (made, secret) = app.ask_outbox(move |outbox| outbox.subscribe(&new, actor)).await?;
    let made =
        SubscriptionMade { subscription: SubscriptionView::new(made), secret: secret.text() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made)))
}
