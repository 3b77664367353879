//! `POST /v1/cases/bulk`: the same done to many cases, by leads.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{self, BulkTarget, CaseAction};
use crate::http::api::cases::decide::Ruling;
use crate::http::api::cases::list::CaseSelection;
use crate::http::api::cases::pass::{assignee, due};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::Json;
use crate::http::state::App;
use crate::model::CaseId;

/// Ids in one request at most.
const IDS_MAX: usize = 1000;

/// Which cases, and what is done to them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// These cases; absent where a filter says which.
    cases: Option<Vec<String>>,
    /// All that these filters find, the first thousand of the order.
    filter: Option<CaseSelection>,
    /// `claim`, `release`, `assign`, `due`, `note`, `escalate`, `decide` or `undo`.
    action: BulkAction,
    /// For `assign`.
    assigned_to: Option<String>,
    /// For `due`.
    due_at: Option<String>,
    /// For `note` and `escalate`.
    note: Option<String>,
    /// For `decide`; it is about the versions that are there then.
    ruling: Option<Ruling>,
}

/// What is done.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    Claim,
    Release,
    Assign,
    Due,
    Note,
    Escalate,
    Decide,
    Undo,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkAnswer {
    /// Ids of the cases that were changed.
    pub changed: Vec<String>,
    pub refused: Vec<RefusalView>,
    /// There are more that the filter finds: send it again.
    pub more: bool,
}

/// A case that was left as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkRefusal)]
pub struct RefusalView {
    pub case: String,
    /// Why, in words.
    pub why: String,
}

impl BulkRequest {
    fn target(&self) -> Result<BulkTarget, Problem> {
        match (&self.cases, &self.filter) {
            (Some(ids), None) if ids.len() <= IDS_MAX => {
                let ids: Result<Vec<CaseId>, _> = ids.iter().map(|id| id.parse()).collect();
                let ids = ids.map_err(|e| Problem::new(Kind::Invalid, format!("`cases`: {e}.")))?;
                Ok(BulkTarget::These(ids))
            }
            (None, Some(filter)) => Ok(BulkTarget::Query(filter.clone().query()?)),
            (Some(_), None) => Err(Problem::new(
                Kind::Invalid,
                format!("`cases`: it has more than {IDS_MAX} ids."),
            )),
            _ => Err(Problem::new(Kind::Invalid, "Either `cases` or `filter` says which cases.")),
        }
    }

    fn action(self) -> Result<CaseAction, Problem> {
        Ok(match self.action {
            BulkAction::Claim => CaseAction::Claim,
            BulkAction::Release => CaseAction::Release,
            BulkAction::Assign => CaseAction::Assign(assignee(self.assigned_to.as_deref())?),
            BulkAction::Due => CaseAction::Due(due(self.due_at.as_deref())?),
            BulkAction::Note => CaseAction::Note(self.note.unwrap_or_default()),
            BulkAction::Escalate => CaseAction::Escalate { version: 0, note: self.note },
            BulkAction::Undo => CaseAction::Undo,
            BulkAction::Decide => {
                let missing = || Problem::new(Kind::Invalid, "`ruling`: it says what is decided.");
                CaseAction::Decide(self.ruling.ok_or_else(missing)?.about(0))
            }
        })
    }
}

/// Does the same to many cases; leads only.
#[utoipa::path(
    post, path = "/v1/cases/bulk", tag = "cases", request_body = BulkRequest,
    responses((status = 200, description = "What came of it.", body = BulkAnswer))
)]
pub async fn bulk(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<BulkRequest>,
) -> Result<Json<BulkAnswer>, Problem> {
    let (target, reviewer) = (request.target()?, caller.reviewer());
    let action = request.action()?;
    let outcome = app.ask_cases(move |cases| cases.act_on_many(&target, &action, reviewer)).await?;
    let refusal =
        |one: engine::BulkRefusal| RefusalView { case: one.case.to_string(), why: one.why };
    Ok(Json(BulkAnswer {
        changed: outcome.changed.iter().map(ToString::to_string).collect(),
        refused: outcome.refused.into_iter().map(refusal).collect(),
        more: outcome.more,
    }))
}
