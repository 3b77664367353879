//! `GET /v1/users`: users of the review pages.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::request::extract::Json;
use crate::http::state::App;
use crate::model::rfc3339;
use crate::store::User;

/// A user of the review pages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    /// `usr_…`
    pub id: String,
    /// The name to sign in with; visible to colleagues.
    pub name: String,
    /// `moderator`, `lead` or `admin`.
    pub role: String,
    pub created_at: String,
    /// When the user was last active, to the minute.
    #[schema(required)]
    pub last_seen_at: Option<String>,
    /// When the account was disabled; null while it is enabled.
    #[schema(required)]
    pub disabled_at: Option<String>,
}

impl UserView {
    pub fn new(user: User) -> UserView {
        UserView {
            id: user.id.to_string(),
            name: user.name,
            role: user.role.to_string(),
            created_at: rfc3339(user.created_at),
            last_seen_at: user.seen_at.map(rfc3339),
            disabled_at: user.disabled_at.map(rfc3339),
        }
    }
}

/// All users.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserList {
    /// Sorted by name.
    pub items: Vec<UserView>,
}

/// List all users, including disabled ones.
#[utoipa::path(
    get, path = "/v1/users", tag = "users",
    responses((status = 200, description = "The users.", body = UserList))
)]
pub async fn list(State(app): State<App>) -> Result<Json<UserList>, Problem> {
    let users = app.ask(|engine, _| engine.users()).await?;
    Ok(Json(UserList { items: users.into_iter().map(UserView::new).collect() }))
}
