//! `POST /v1/users`: create a user.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::NewUser;
use crate::http::api::users::list::UserView;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::Json;
use crate::http::state::App;
use crate::model::Role;

/// A new user of the review pages.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// The name to sign in with; visible to colleagues.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// `moderator`, `lead` or `admin`.
    role: String,
    /// At least 12 characters.
    #[schema(min_length = 12, max_length = 1024)]
    password: String,
}

/// Create a user of the review pages.
#[utoipa::path(
    post, path = "/v1/users", tag = "users", request_body = UserRequest,
    responses((status = 201, description = "The user.", body = UserView))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<UserRequest>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let UserRequest { name, role, password } = request;
    let role = role_of(&role)?;
    let (new, actor) = (NewUser { name, role, password }, caller.actor());
    let user = app
        .ask_with_password(move |engine, environment| engine.add_user(new, actor, environment))
        .await?;
    Ok((StatusCode::CREATED, Json(UserView::new(user))))
}

/// Parses a role.
///
/// # Errors
/// [`Kind::Invalid`] for an unknown role.
pub fn role_of(text: &str) -> Result<Role, Problem> {
    text.parse().map_err(|e| Problem::new(Kind::Invalid, format!("`role`: {e}.")))
}
