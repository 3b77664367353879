//! `POST /v1/subscriptions/{id}/secret`: a new secret.

use axum::extract::State;
use axum::http::header;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::SubscriptionId;

/// A subscription's new secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewSecret {
    /// What messages are signed with from now on.
    pub secret: String,
}

/// Replaces a subscription's secret. For a day, messages are signed with the old one too.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/secret", tag = "webhooks",
    params(("id" = String, Path, description = "The subscription's id, `sub_…`")),
    responses((status = 200, description = "The new secret.", body = NewSecret))
)]
pub async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<([(header::HeaderName, &'static str); 1], Json<NewSecret>), Problem> {
    let missing = || Problem::not_found("subscription");
    let id: SubscriptionId = id.parse().map_err(|_| missing())?;
    let secret = app.ask_outbox(move |outbox| outbox.rotate(id, caller.actor())).await?;
    let secret = secret.ok_or_else(missing)?.text();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(NewSecret { secret })))
}
