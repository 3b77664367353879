//! `POST /v1/users`: somebody is to sign in.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::NewUser;
use crate::http::api::users_list::UserView;
use crate::http::auth::Caller;
use crate::http::error::{Kind, Problem};
use crate::http::extract::Json;
use crate::http::state::App;
use crate::model::Role;

/// Somebody who is to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// What they sign in with, and what colleagues see.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// `moderator`, `lead` or `admin`.
    role: String,
    /// At least twelve characters.
    #[schema(min_length = 12, max_length = 1024)]
    password: String,
}

/// Adds somebody who signs in to the review pages.
#[utoipa::path(
    post, path = "/v1/users", tag = "users", request_body = UserRequest,
    responses((status = 201, description = "They can sign in.", body = UserView))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<UserRequest>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let UserRequest { name, role, password } = request;
    let role = role_of(&role)?;
    let (new, actor) = (NewUser { name, role, password }, caller.actor());
    let user =
        app.ask_slowly(move |engine, environment| engine.add_user(new, actor, environment)).await?;
    Ok((StatusCode::CREATED, Json(UserView::new(user))))
}

/// # Errors
/// 422 for text that names no role.
pub fn role_of(text: &str) -> Result<Role, Problem> {
    text.parse().map_err(|e| Problem::new(Kind::Invalid, format!("`role`: {e}.")))
}
