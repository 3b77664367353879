//! `POST /v1/subscriptions/{id}/secret`: rotate the signing secret.

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
    /// The secret that signs messages from now on.
    pub secret: String,
}

/// Rotate a subscription's signing secret.
///
/// For one day, messages are signed with both the old and the new secret.
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
