//! `POST /v1/subscriptions/{id}/resend`: requeue a subscriber's dead deliveries.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::SubscriptionId;

/// The outcome of a requeue.
#[derive(Debug, Serialize, ToSchema)]
pub struct Requeued {
    /// Number of deliveries that were requeued.
    pub requeued: usize,
}

/// Requeue a subscriber's dead deliveries.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/resend", tag = "webhooks",
    params(("id" = String, Path, description = "The subscription's id, `sub_…`")),
    responses((status = 200, description = "The number of requeued deliveries.", body = Requeued))
)]
pub async fn resend(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Requeued>, Problem> {
    let missing = || Problem::not_found("subscription");
    let id: SubscriptionId = id.parse().map_err(|_| missing())?;
    let resent = app.ask_outbox(move |outbox| outbox.resend_dead(id, caller.actor())).await?;
    Ok(Json(Requeued { requeued: resent.ok_or_else(missing)? }))
}
