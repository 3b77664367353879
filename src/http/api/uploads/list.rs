//! `GET /v1/uploads`: uploads, newest first.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::engine::UploadQuery;
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, bad_cursor, page_limit};
use crate::http::state::App;
use crate::model::{Scope, UploadId, UploadState, VerdictKind};
use crate::wire::{Audience, UploadView};

/// Filters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// `fetching`, `waiting` or `decided`.
    #[param(value_type = Option<String>)]
    state: Option<UploadState>,
    /// `allow`, `review` or `block`.
    #[param(value_type = Option<String>)]
    verdict: Option<VerdictKind>,
    /// The upload's id on the platform.
    reference: Option<String>,
    /// `meta.next` of the previous page.
    cursor: Option<String>,
    /// Items per page, 1 to 500; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// List uploads, newest first.
#[utoipa::path(
    get, path = "/v1/uploads", tag = "uploads", params(ListQuery),
    responses((status = 200, description = "A page of uploads.", body = Page<UploadView>))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<UploadView>>, Problem> {
    let ListQuery { state, verdict, reference, cursor, limit } = query;
    let limit = page_limit(limit)?;
    let before = cursor.map(|id| id.parse::<UploadId>()).transpose().map_err(|_| bad_cursor())?;
    let query = UploadQuery { state, verdict, reference };
    let lines = app.ask_uploads(move |uploads| uploads.list(&query, before, limit + 1)).await?;
    let audience = Audience::with_scope(caller.may(Scope::Scores));
    let page =
        Page::cut(lines, limit, |line| line.whole().id.clone(), |line| line.for_audience(audience));
    Ok(Json(page))
}
