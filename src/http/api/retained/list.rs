//! `GET /v1/retained`: anonymous statistics of deleted videos.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::error::{Kind, Problem};
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, bad_cursor, page_limit};
use crate::http::state::App;
use crate::model::{DAY_S, Grain, RetainedBucket, rfc3339};
use crate::wire;

/// Length of `2026-01-31`.
const DATE_BYTES: usize = 10;

/// Filters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RetainedQuery {
    /// Length of the period; `month` when absent.
    #[param(schema_with = wire::schema::grain)]
    grain: Option<String>,
    /// `meta.next` of the previous page.
    cursor: Option<String>,
    /// Items per page, 1 to 500; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Totals of the deleted videos that were uploaded within a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetainedSum {
    #[schema(schema_with = wire::schema::grain)]
    grain: &'static str,
    /// First day of the period; null for `all`.
    #[schema(required, format = Date)]
    starts_on: Option<String>,
    videos: u64,
    views: u64,
    likes: u64,
    comments: u64,
    shares: u64,
}

impl RetainedSum {
    fn new(bucket: RetainedBucket) -> RetainedSum {
        let day = || rfc3339(bucket.start_on * DAY_S).chars().take(DATE_BYTES).collect();
        RetainedSum {
            grain: bucket.grain.as_str(),
            starts_on: (bucket.grain != Grain::All).then(day),
            videos: bucket.sums.videos,
            views: bucket.sums.views,
            likes: bucket.sums.likes,
            comments: bucket.sums.comments,
            shares: bucket.sums.shares,
        }
    }
}

/// Anonymous statistics of deleted videos, oldest period first.
///
/// Covers finished periods with at least ten videos each (setting `deletions.aggregate_videos_min`). A day with fewer videos
/// is counted in its month, then its year, then in `all`, or not at all. Each video is counted once.
#[utoipa::path(
    get, path = "/v1/retained", tag = "visibility", params(RetainedQuery),
    responses((status = 200, description = "A page of totals.", body = Page<RetainedSum>))
)]
pub async fn list(
    State(app): State<App>,
    Query(query): Query<RetainedQuery>,
) -> Result<Json<Page<RetainedSum>>, Problem> {
    let limit = page_limit(query.limit)?;
    let word = query.grain.as_deref().unwrap_or(Grain::Month.as_str());
    let grain = Grain::from_word(word).ok_or_else(|| {
        Problem::new(Kind::Invalid, "`grain`: must be one of day, month, year, all.")
    })?;
    let after = query.cursor.map(|day| day.parse()).transpose().map_err(|_| bad_cursor())?;
    let found =
        app.ask_deletions(move |deletions| deletions.retained(grain, after, limit + 1)).await?;
    Ok(Json(Page::cut(found, limit, |one| one.start_on.to_string(), RetainedSum::new)))
}
