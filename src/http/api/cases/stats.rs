//! `GET /v1/cases/stats`: throughput, decisions, agreement between moderators, false positives.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::engine::CaseNumbers;
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::{Json, Query};
use crate::http::state::App;

/// Cases are kept for no longer than a year.
const DAYS_MAX: u32 = 366;

/// The period of the statistics.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatsQuery {
    /// Length of the period in days, including today: 1 to 366; 30 when absent.
    #[param(minimum = 1, maximum = 366)]
    days: Option<u32>,
}

/// Review statistics.
#[utoipa::path(
    get, path = "/v1/cases/stats", tag = "cases", params(StatsQuery),
    responses((status = 200, description = "The statistics.", body = CaseNumbers))
)]
pub async fn stats(
    State(app): State<App>,
    Query(query): Query<StatsQuery>,
) -> Result<Json<CaseNumbers>, Problem> {
    let days = query.days.unwrap_or(30);
    if !(1..=DAYS_MAX).contains(&days) {
        let detail = format!("`days`: must be between 1 and {DAYS_MAX}.");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    Ok(Json(app.ask_cases(move |cases| cases.numbers(days)).await?))
}
