//! `POST /v1/subscriptions/{id}/resend`: what was given up is sent again.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::SubscriptionId;

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Resent {
    pub deliveries: usize,
}

/// Sends everything to a subscriber again that was given up.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/resend", tag = "webhooks",
    params(("id" = String, Path, description = "The subscription's id, `sub_…`")),
    responses((status = 200, description = "How many are sent again.", body = Resent))
)]
pub async fn resend(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Resent>, Problem> {
    let missing = || Problem::not_found("subscription");
    let id: SubscriptionId = id.parse().map_err(|_| missing())?;
    let resent = app.ask_outbox(move |outbox| outbox.resend_dead(id, caller.actor())).await?;
    Ok(Json(Resent { deliveries: resent.ok_or_else(missing)? }))
}
