//! `DELETE /v1/subscriptions/{id}`: remove a subscription.

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::Path;
use crate::http::state::App;
use crate::model::SubscriptionId;

/// Remove a subscription and its undelivered events.
#[utoipa::path(
    delete, path = "/v1/subscriptions/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The subscription's id, `sub_…`")),
    responses((status = 204, description = "The subscription was removed."))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("subscription");
    let id: SubscriptionId = id.parse().map_err(|_| missing())?;
    let gone = app.ask_outbox(move |outbox| outbox.unsubscribe(id, caller.actor())).await?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}
