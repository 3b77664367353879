//! `GET /v1/deletions`: deletions, newest first.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::engine::deletions::ListFilter;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, bad_cursor, page_limit};
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::model::{DeletionReason, DeletionState};
use crate::wire;
use crate::wire::DeletionView;

/// Filters of the list; an absent filter matches everything.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    #[param(schema_with = wire::schema::deletion_state)]
    state: Option<DeletionState>,
    #[param(schema_with = wire::schema::deletion_reason)]
    reason: Option<DeletionReason>,
    /// The owner's id on the platform.
    owner: Option<String>,
    /// The video's id on the platform: its latest deletion and earlier ones.
    video: Option<String>,
    /// Requested at or after this time (RFC 3339).
    #[param(format = DateTime)]
    requested_after: Option<String>,
    /// Requested before this time (RFC 3339).
    #[param(format = DateTime)]
    requested_before: Option<String>,
    /// `meta.next` of the previous page.
    cursor: Option<String>,
    /// Items per page, 1 to 500; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// List deletions, newest first.
#[utoipa::path(
    get, path = "/v1/deletions", tag = "deletions", params(ListQuery),
    responses((status = 200, description = "A page of deletions.", body = Page<DeletionView>))
)]
pub async fn list(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<DeletionView>>, Problem> {
    let limit = page_limit(query.limit)?;
    let before = query.cursor.map(|seq| seq.parse()).transpose().map_err(|_| bad_cursor())?;
    let at = |what, text: Option<String>| text.map(|text| parse_time(what, &text)).transpose();
    let filter = ListFilter {
        state: query.state,
        reason: query.reason,
        owner: query.owner,
        video: query.video,
        requested_from: at("requested_after", query.requested_after)?,
        requested_until: at("requested_before", query.requested_before)?,
    };
    let found =
        app.ask_deletions(move |deletions| deletions.list(&filter, before, limit + 1)).await?;
    Ok(Json(Page::cut(found, limit, |one| one.deletion.seq.to_string(), DeletionView::new)))
}
