//! `GET /v1/subscriptions/{id}`: a subscription.

use axum::extract::State;

use crate::http::api::subscriptions::create::SubscriptionView;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::SubscriptionId;

/// A subscription.
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The subscription's id, `sub_…`")),
    responses((status = 200, description = "The subscription.", body = SubscriptionView))
)]
pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<SubscriptionView>, Problem> {
    let missing = || Problem::not_found("subscription");
    let id: SubscriptionId = id.parse().map_err(|_| missing())?;
    let found = app.ask_outbox(move |outbox| outbox.subscription(id)).await?;
    Ok(Json(SubscriptionView::new(found.ok_or_else(missing)?)))
}
