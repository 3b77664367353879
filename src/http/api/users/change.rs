//! `PATCH /v1/users/{id}`: change a role or password, disable an account; `DELETE …/sessions`: sign a user out.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::UserPatch;
use crate::http::api::users::create::role_of;
use crate::http::api::users::list::UserView;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::UserId;

/// A change of exactly one field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChangeRequest {
    /// True disables the account, false enables it.
    disabled: Option<bool>,
    /// `moderator`, `lead` or `admin`.
    role: Option<String>,
    /// At least 12 characters.
    #[schema(min_length = 12, max_length = 1024)]
    password: Option<String>,
}

/// The outcome of a sign-out.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsEnded {
    /// Number of sessions that were ended.
    pub ended: usize,
}

/// Change a user.
///
/// A new password or a disabled account ends the user's sessions.
#[utoipa::path(
    patch, path = "/v1/users/{id}", tag = "users",
    params(("id" = String, Path, description = "The user's id")),
    request_body = UserChangeRequest,
    responses((status = 200, description = "The changed user.", body = UserView))
)]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<UserChangeRequest>,
) -> Result<Json<UserView>, Problem> {
    let id = user_id(&id)?;
    let patch = match request {
        UserChangeRequest { disabled: Some(disabled), role: None, password: None } => {
            UserPatch::Disabled(disabled)
        }
        UserChangeRequest { disabled: None, role: Some(role), password: None } => {
            UserPatch::Role(role_of(&role)?)
        }
        UserChangeRequest { disabled: None, role: None, password: Some(password) } => {
            UserPatch::Password(password)
        }
        _ => {
            let detail = "Send exactly one of `disabled`, `role` and `password`.";
            return Err(Problem::new(Kind::Invalid, detail));
        }
    };
    let actor = caller.actor();
    let changed = app.ask_with_password(move |engine, environment| {
        engine.change_user(id, patch, actor, environment)
    });
    let user = changed.await?.ok_or_else(|| Problem::not_found("user"))?;
    Ok(Json(UserView::new(user)))
}

/// End all sessions of a user.
#[utoipa::path(
    delete, path = "/v1/users/{id}/sessions", tag = "users",
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "The user is signed out everywhere.",
               body = SessionsEnded))
)]
pub async fn sign_out(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SessionsEnded>, Problem> {
    let (id, actor) = (user_id(&id)?, caller.actor());
    let ended =
        app.ask(move |engine, environment| engine.sign_out_everywhere(id, actor, environment));
    Ok(Json(SessionsEnded { ended: ended.await? }))
}

fn user_id(text: &str) -> Result<UserId, Problem> {
    text.parse().map_err(|_| Problem::not_found("user"))
}
