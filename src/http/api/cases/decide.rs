//! `POST` and `DELETE /v1/cases/{id}/decision`: what a moderator rules, and taking it back.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::wire::CaseLine;
use crate::engine::{CaseAction, DecisionRequest};
use crate::http::api::cases::claim::act;
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::{DecisionKind, Grounds};

/// What a moderator rules about a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseDecisionRequest {
    /// The version of the case that was seen.
    version: u32,
    /// `reupload`: the uploads are blocked. `not_reupload`: they are allowed, and this content and that tombstone never
    /// meet again. `authorised`: these uploads are allowed.
    #[schema(value_type = String)]
    decision: DecisionKind,
    /// What it rests on: `whole`, `excerpt`, `altered` or `other` for `reupload`; `other_take`, `shared_material`,
    /// `unrelated` or `other` for `not_reupload`; `owners_leave`, `lawful` or `other` for `authorised`.
    #[schema(value_type = String)]
    grounds: Grounds,
    /// For colleagues.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// How many uploads the caller saw in the case. A group is authorised only when it is said, and has not grown.
    members: Option<u32>,
    /// Where the owner's leave is on record: the uploader may post this video from now on. Only with `authorised`, and
    /// never for a group.
    #[schema(max_length = 2000)]
    leave: Option<String>,
}

/// A decision, whatever it is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// `reupload`: the uploads are blocked. `not_reupload`: they are allowed, and this content and that tombstone never
    /// meet again. `authorised`: these uploads are allowed.
    #[schema(value_type = String)]
    pub decision: DecisionKind,
    /// What it rests on: `whole`, `excerpt`, `altered` or `other` for `reupload`; `other_take`, `shared_material`,
    /// `unrelated` or `other` for `not_reupload`; `owners_leave`, `lawful` or `other` for `authorised`.
    #[schema(value_type = String)]
    pub grounds: Grounds,
    /// For colleagues.
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// How many uploads the caller saw in the case. A group is authorised only when it is said, and has not grown.
    pub members: Option<u32>,
    /// Where the owner's leave is on record: the uploader may post this video from now on. Only with `authorised`, and
    /// never for a group.
    #[schema(max_length = 2000)]
    pub leave: Option<String>,
}

impl Ruling {
    /// The decision about this version of a case.
    pub fn about(self, version: u32) -> DecisionRequest {
        let Ruling { decision, grounds, note, members, leave } = self;
        DecisionRequest { version, kind: decision, grounds, note, members, leave }
    }
}

/// Decides a case.
///
/// For 30 seconds the decision can be undone; then it takes effect on every upload of the case, and each is told as the
/// event `case.decided` (`appeal.decided` after an appeal).
#[utoipa::path(
    post, path = "/v1/cases/{id}/decision", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = CaseDecisionRequest,
    responses(
        (status = 200, description = "It is decided.", body = CaseLine),
        (status = 409, description = "The case is not as the caller saw it; `detail` says what happened.")
    )
)]
pub async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<CaseDecisionRequest>,
) -> Result<Json<CaseLine>, Problem> {
    let CaseDecisionRequest { version, decision: kind, grounds, note, members, leave } = request;
    let request = DecisionRequest { version, kind, grounds, note, members, leave };
    act(&app, &caller, &id, CaseAction::Decide(request)).await
}

/// Undoes the last decision, within 30 seconds.
#[utoipa::path(
    delete, path = "/v1/cases/{id}/decision", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    responses(
        (status = 200, description = "It is as it was before.", body = CaseLine),
        (status = 409, description = "It is too late.")
    )
)]
pub async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseLine>, Problem> {
    act(&app, &caller, &id, CaseAction::Undo).await
}
