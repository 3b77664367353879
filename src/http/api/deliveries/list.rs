//! `GET /v1/deliveries`: webhook deliveries, including dead ones.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::error::Problem;
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, bad_cursor, page_limit};
use crate::http::state::App;
use crate::model::{DeliveryId, DeliveryState, rfc3339};
use crate::store::Delivery;

/// Filters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// `due`, `sent` or `dead`; all when absent.
    #[param(value_type = Option<String>)]
    state: Option<DeliveryState>,
    /// `meta.next` of the previous page.
    cursor: Option<String>,
    /// Items per page, 1 to 500; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// The delivery of one event to one subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// `dlv_…`
    pub id: String,
    /// `evt_…`: the `webhook-id` header of its messages.
    pub event: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// When the event happened.
    pub at: String,
    pub subscription: String,
    /// `due`, `sent` or `dead`.
    pub state: String,
    /// Number of failed attempts.
    pub attempts: u32,
    /// When the next attempt is due; null when none is scheduled.
    #[schema(required)]
    pub due_at: Option<String>,
    #[schema(required)]
    pub last_error: Option<String>,
    /// When the delivery was acknowledged, or became dead.
    #[schema(required)]
    pub ended_at: Option<String>,
}

impl DeliveryView {
    pub fn new(one: Delivery) -> DeliveryView {
        let due_at = (one.state == DeliveryState::Due).then(|| rfc3339(one.due_at));
        DeliveryView {
            id: one.id.to_string(),
            event: one.event.to_string(),
            kind: one.topic.to_string(),
            at: rfc3339(one.at),
            subscription: one.subscription.to_string(),
            state: one.state.to_string(),
            attempts: one.attempts,
            due_at,
            last_error: one.last_error,
            ended_at: one.ended_at.map(rfc3339),
        }
    }
}

/// List deliveries, newest first.
#[utoipa::path(
    get, path = "/v1/deliveries", tag = "webhooks", params(DeliveriesQuery),
    responses((status = 200, description = "A page of deliveries.", body = Page<DeliveryView>))
)]
pub async fn list(
    State(app): State<App>,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let limit = page_limit(query.limit)?;
    let before = query.cursor.map(|id| id.parse::<DeliveryId>()).transpose();
    let (before, state) = (before.map_err(|_| bad_cursor())?, query.state);
    let found = app.ask_outbox(move |outbox| outbox.deliveries(state, before, limit + 1)).await?;
    let found = found.ok_or_else(bad_cursor)?;
    Ok(Json(Page::cut(found, limit, |one| one.id.to_string(), DeliveryView::new)))
}
