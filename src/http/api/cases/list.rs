//! `GET /v1/cases`: the cases of a queue; `GET /v1/cases/counts`: the number of waiting cases.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{CaseQuery, Whose};
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, bad_cursor, page_limit};
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::model::{CaseOrder, CaseState, MatchKind, Scope, TombstoneId, VerdictKind, rfc3339};
use crate::store::CasePlace;
use crate::wire::{Audience, CaseView, Unredacted};

/// Filters and order of a queue.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// `open`, `escalated`, `decided` or `closed`; `open` when absent.
    #[param(value_type = Option<String>)]
    state: Option<CaseState>,
    /// Verdict on the first upload: `review` or `block`.
    #[param(value_type = Option<String>)]
    verdict: Option<VerdictKind>,
    /// `same_bytes`, `whole`, `inset`, `altered`, `frames` or `none`.
    #[param(value_type = Option<String>)]
    kind: Option<MatchKind>,
    /// Id of the tombstone of the best match.
    tombstone: Option<String>,
    /// Opened before this time.
    opened_before: Option<String>,
    /// Opened at this time or later.
    opened_after: Option<String>,
    /// Smallest number of uploads in the case.
    members_min: Option<u32>,
    /// `mine`: claimed by the caller or assigned to the caller; `free`: not claimed.
    #[param(value_type = Option<String>)]
    whose: Option<WhoseWord>,
    /// `true`: appeals only; `false`: no appeals.
    appealed: Option<bool>,
    /// `score` (highest first), `age` (oldest first) or `due` (earliest due time first); `score` when absent.
    #[param(value_type = Option<String>)]
    order: Option<CaseOrder>,
    /// `meta.next` of the previous page.
    cursor: Option<String>,
    /// Items per page, 1 to 500; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Whose cases.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhoseWord {
    Mine,
    Free,
}

/// A selection of cases; see the parameters of `GET /v1/cases`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaseSelection {
    #[schema(value_type = Option<String>)]
    pub state: Option<CaseState>,
    #[schema(value_type = Option<String>)]
    pub verdict: Option<VerdictKind>,
    #[schema(value_type = Option<String>)]
    pub kind: Option<MatchKind>,
    pub tombstone: Option<String>,
    pub opened_before: Option<String>,
    pub opened_after: Option<String>,
    pub members_min: Option<u32>,
    #[schema(value_type = Option<String>)]
    pub whose: Option<WhoseWord>,
    pub appealed: Option<bool>,
    #[schema(value_type = Option<String>)]
    pub order: Option<CaseOrder>,
}

impl CaseSelection {
    /// The selection as the engine takes it.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::http::error::Kind::Invalid) for a malformed time.
    pub fn query(self) -> Result<CaseQuery, Problem> {
        let time_of =
            |field, text: Option<String>| text.map(|text| parse_time(field, &text)).transpose();
        Ok(CaseQuery {
            state: self.state.unwrap_or(CaseState::Open),
            verdict: self.verdict,
            kind: self.kind,
            tombstone: self.tombstone.map(TombstoneId),
            opened_before: time_of("opened_before", self.opened_before)?,
            opened_after: time_of("opened_after", self.opened_after)?,
            members_min: self.members_min,
            whose: match self.whose {
                None => Whose::All,
                Some(WhoseWord::Mine) => Whose::Mine,
                Some(WhoseWord::Free) => Whose::Free,
            },
            appealed: self.appealed,
            order: self.order.unwrap_or(CaseOrder::Score),
        })
    }
}

/// List the cases of a queue.
///
/// Omits open cases that the caller has already decided and that wait for a second moderator.
#[utoipa::path(
    get, path = "/v1/cases", tag = "cases", params(ListQuery),
    responses((status = 200, description = "A page of cases.", body = Page<CaseView>))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<CaseView>>, Problem> {
    let limit = page_limit(query.limit)?;
    let after = query.cursor.as_deref().map(str::parse::<CasePlace>).transpose();
    let after = after.map_err(|_| bad_cursor())?;
    let selection = CaseSelection {
        state: query.state,
        verdict: query.verdict,
        kind: query.kind,
        tombstone: query.tombstone,
        opened_before: query.opened_before,
        opened_after: query.opened_after,
        members_min: query.members_min,
        whose: query.whose,
        appealed: query.appealed,
        order: query.order,
    };
    let (query, reviewer) = (selection.query()?, caller.reviewer());
    let lines = app.ask_cases(move |cases| cases.list(&query, after, limit + 1, reviewer)).await?;
    let place = |line: &Unredacted<CaseView>| {
        line.whole().place.map(|place| place.to_string()).unwrap_or_default()
    };
    let audience = Audience::with_scope(caller.may(Scope::Scores));
    Ok(Json(Page::cut(lines, limit, place, |line| line.for_audience(audience))))
}

/// Numbers of waiting cases.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counts {
    pub open: u64,
    /// Cases that wait for a lead.
    pub escalated: u64,
    /// Open cases with an appeal.
    pub appealed: u64,
    /// Open cases past their due time.
    pub overdue: u64,
    /// Cases claimed by the caller or assigned to the caller.
    pub mine: u64,
    /// When the oldest open case was opened.
    #[schema(required)]
    pub oldest_opened_at: Option<String>,
}

/// Number of waiting cases.
#[utoipa::path(
    get, path = "/v1/cases/counts", tag = "cases",
    responses((status = 200, description = "The counts.", body = Counts))
)]
pub async fn counts(State(app): State<App>, caller: Caller) -> Result<Json<Counts>, Problem> {
    let reviewer = caller.reviewer();
    let found = app.ask_cases(move |cases| cases.counts(reviewer)).await?;
    Ok(Json(Counts {
        open: found.all.open,
        escalated: found.all.escalated,
        appealed: found.all.appealed,
        overdue: found.all.overdue,
        mine: found.mine,
        oldest_opened_at: found.all.oldest_opened_at.map(rfc3339),
    }))
}
