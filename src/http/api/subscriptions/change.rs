//! `PATCH /v1/subscriptions/{id}`: change or pause a subscription.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::SubscriptionPatch;
use crate::http::api::subscriptions::create::{SubscriptionView, require_scores, topics};
use crate::http::document::shapes;
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::SubscriptionId;

/// Fields to change; absent fields keep their value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionChange {
    #[schema(max_length = 2048)]
    url: Option<String>,
    #[schema(schema_with = shapes::topics)]
    events: Option<Vec<String>>,
    /// Include scores, evidence and weak matches. Requires a key with the scope `scores`.
    scores: Option<bool>,
    /// True pauses delivery; events queue until it is set to false.
    paused: Option<bool>,
}

/// Change a subscription.
#[utoipa::path(
    patch, path = "/v1/subscriptions/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The subscription's id, `sub_…`")),
    request_body = SubscriptionChange,
    responses((status = 200, description = "The changed subscription.", body = SubscriptionView))
)]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<SubscriptionChange>,
) -> Result<Json<SubscriptionView>, Problem> {
    let missing = || Problem::not_found("subscription");
    let id: SubscriptionId = id.parse().map_err(|_| missing())?;
    let SubscriptionChange { url, events, scores, paused } = request;
    if scores == Some(true) {
        require_scores(&caller)?;
    }
    let topics = events.as_deref().map(topics).transpose()?;
    let (patch, actor) = (SubscriptionPatch { url, topics, scores, paused }, caller.actor());
    let changed = app.ask_outbox(move |outbox| outbox.change(id, &patch, actor)).await?;
    Ok(Json(SubscriptionView::new(changed.ok_or_else(missing)?)))
}
