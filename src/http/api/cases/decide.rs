//! `POST` and `DELETE /v1/cases/{id}/decision`: decide a case, and undo the decision.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::{CaseAction, DecisionRequest};
use crate::http::api::cases::claim::act;
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::{DecisionKind, Grounds};
use crate::wire::CaseView;

/// A moderator's decision on a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseDecisionRequest {
    /// The version of the case that the moderator saw; a newer version is a conflict.
    version: u32,
    /// `reupload` blocks the uploads. `not_reupload` allows them, and the tombstone no longer matches this content.
    /// `authorised` allows these uploads only.
    #[schema(value_type = String)]
    decision: DecisionKind,
    /// The grounds of the decision: `whole`, `excerpt`, `altered` or `other` for `reupload`; `other_take`,
    /// `shared_material`, `unrelated` or `other` for `not_reupload`; `owner_permission`, `lawful` or `other` for
    /// `authorised`.
    #[schema(value_type = String)]
    grounds: Grounds,
    /// A note for colleagues and the audit log.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// Number of uploads that the moderator saw in the case. Required to authorise a group; a conflict if the group has
    /// grown since.
    members: Option<u32>,
    /// Where the owner's permission is recorded. With it, the uploader may re-upload this video from now on. Only with
    /// `authorised`, and never for a group.
    #[schema(max_length = 2000)]
    permission: Option<String>,
}

/// A decision that is applied to many cases.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// `reupload` blocks the uploads. `not_reupload` allows them, and the tombstone no longer matches this content.
    /// `authorised` allows these uploads only.
    #[schema(value_type = String)]
    pub decision: DecisionKind,
    /// The grounds of the decision: `whole`, `excerpt`, `altered` or `other` for `reupload`; `other_take`,
    /// `shared_material`, `unrelated` or `other` for `not_reupload`; `owner_permission`, `lawful` or `other` for
    /// `authorised`.
    #[schema(value_type = String)]
    pub grounds: Grounds,
    /// A note for colleagues and the audit log.
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// Number of uploads that the moderator saw in the case. Required to authorise a group; a conflict if the group has
    /// grown since.
    pub members: Option<u32>,
    /// Where the owner's permission is recorded. With it, the uploader may re-upload this video from now on. Only with
    /// `authorised`, and never for a group.
    #[schema(max_length = 2000)]
    pub permission: Option<String>,
}

impl Ruling {
    /// The same decision on a case of this version; `None` for the version that it has when it is decided.
    pub fn about(self, version: Option<u32>) -> DecisionRequest {
        let Ruling { decision, grounds, note, members, permission } = self;
        DecisionRequest { version, kind: decision, grounds, note, members, permission }
    }
}

/// Decide a case.
///
/// The decision can be undone for 30 seconds. Then it takes effect on every upload of the case, and an event
/// `case.decided` (`appeal.decided` after an appeal) is sent for each.
#[utoipa::path(
    post, path = "/v1/cases/{id}/decision", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    request_body = CaseDecisionRequest,
    responses(
        (status = 200, description = "The decided case.", body = CaseView),
        (status = 409, description = "The case has changed; `detail` says how.")
    )
)]
pub async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<CaseDecisionRequest>,
) -> Result<Json<CaseView>, Problem> {
    let CaseDecisionRequest { version, decision: kind, grounds, note, members, permission } =
        request;
    let version = Some(version);
    let request = DecisionRequest { version, kind, grounds, note, members, permission };
    act(&app, &caller, &id, CaseAction::Decide(request)).await
}

/// Undo the last decision, within 30 seconds.
#[utoipa::path(
    delete, path = "/v1/cases/{id}/decision", tag = "cases",
    params(("id" = String, Path, description = "The case's id, `cas_…`")),
    responses(
        (status = 200, description = "The case as it was before the decision.", body = CaseView),
        (status = 409, description = "The decision has already taken effect.")
    )
)]
pub async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseView>, Problem> {
    act(&app, &caller, &id, CaseAction::Undo).await
}
