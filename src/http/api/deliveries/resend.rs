//! `POST /v1/deliveries/{id}/resend`: requeue a delivery.

use axum::extract::State;

use crate::http::api::deliveries::list::DeliveryView;
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::DeliveryId;

/// Requeue a delivery that is dead, or that the subscriber lost after acknowledging it.
///
/// A delivery that is already due does not change.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/resend", tag = "webhooks",
    params(("id" = String, Path, description = "The delivery's id, `dlv_…`")),
    responses((status = 200, description = "The delivery, due now.", body = DeliveryView))
)]
pub async fn resend(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DeliveryView>, Problem> {
    let missing = || Problem::not_found("delivery");
    let id: DeliveryId = id.parse().map_err(|_| missing())?;
    let found = app.ask_outbox(move |outbox| outbox.resend(id, caller.actor())).await?;
    Ok(Json(DeliveryView::new(found.ok_or_else(missing)?)))
}
