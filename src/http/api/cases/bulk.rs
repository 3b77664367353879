//! `POST /v1/cases/bulk`: apply one action to many cases; leads only.

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

/// Largest number of ids in a request.
const IDS_MAX: usize = 1000;

/// Which cases to act on, and the action.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// Ids of the cases. Send either `cases` or `filter`.
    cases: Option<Vec<String>>,
    /// Selects cases by filters, at most 1000 in the requested order.
    filter: Option<CaseSelection>,
    /// `claim`, `release`, `assign`, `due`, `note`, `escalate`, `decide` or `undo`.
    action: BulkAction,
    /// For `assign`: `usr_…` or `key_…`; without it, the assignment is removed.
    assigned_to: Option<String>,
    /// For `due`: an RFC 3339 time; without it, the due time is removed.
    due_at: Option<String>,
    /// For `note` (required) and `escalate` (optional).
    note: Option<String>,
    /// For `decide` (required). Applies to the version that each case has when the request is processed.
    ruling: Option<Ruling>,
}

/// The action.
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

/// The outcome of a bulk action.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkAnswer {
    /// Ids of the cases that were changed.
    pub changed: Vec<String>,
    pub refused: Vec<RefusalView>,
    /// The filter matches more cases: repeat the request.
    pub more: bool,
}

/// A case that was not changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkRefusal)]
pub struct RefusalView {
    pub case: String,
    /// Why the case was not changed.
    pub detail: String,
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
                format!("`cases`: at most {IDS_MAX} ids are allowed."),
            )),
            _ => Err(Problem::new(Kind::Invalid, "Send either `cases` or `filter`.")),
        }
    }

    fn action(self) -> Result<CaseAction, Problem> {
        Ok(match self.action {
            BulkAction::Claim => CaseAction::Claim,
            BulkAction::Release => CaseAction::Release,
            BulkAction::Assign => CaseAction::Assign(assignee(self.assigned_to.as_deref())?),
            BulkAction::Due => CaseAction::Due(due(self.due_at.as_deref())?),
            BulkAction::Note => CaseAction::Note(self.note.unwrap_or_default()),
            BulkAction::Escalate => CaseAction::Escalate { version: None, note: self.note },
            BulkAction::Undo => CaseAction::Undo,
            BulkAction::Decide => {
                let missing =
                    || Problem::new(Kind::Invalid, "`ruling`: required by the action `decide`.");
                CaseAction::Decide(self.ruling.ok_or_else(missing)?.about(None))
            }
        })
    }
}

/// Apply one action to many cases. Leads only.
#[utoipa::path(
    post, path = "/v1/cases/bulk", tag = "cases", request_body = BulkRequest,
    responses((status = 200, description = "The outcome, case by case.", body = BulkAnswer))
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
        |one: engine::BulkRefusal| RefusalView { case: one.case.to_string(), detail: one.why };
    Ok(Json(BulkAnswer {
        changed: outcome.changed.iter().map(ToString::to_string).collect(),
        refused: outcome.refused.into_iter().map(refusal).collect(),
        more: outcome.more,
    }))
}
