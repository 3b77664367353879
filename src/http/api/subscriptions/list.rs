//! `GET /v1/subscriptions`: webhook subscriptions.

use axum::extract::State;

use crate::http::api::subscriptions::create::SubscriptionView;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, PageQuery, bad_cursor};
use crate::http::state::App;

/// List subscriptions, oldest first.
#[utoipa::path(
    get, path = "/v1/subscriptions", tag = "webhooks", params(PageQuery),
    responses((status = 200, description = "A page of subscriptions.",
               body = Page<SubscriptionView>))
)]
pub async fn list(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<SubscriptionView>>, Problem> {
    let limit = query.limit()?;
    let after = query.cursor.map(|id| id.parse()).transpose().map_err(|_| bad_cursor())?;
    let found = app.ask_outbox(move |outbox| outbox.subscriptions(after, limit + 1)).await?;
    Ok(Json(Page::cut(found, limit, |one| one.id.to_string(), SubscriptionView::new)))
}
