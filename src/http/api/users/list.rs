//! `GET /v1/users`: people who sign in to the review pages.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::request::extract::Json;
use crate::http::request::times::time;
use crate::http::state::App;
use crate::store::User;

/// Somebody who signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    /// `usr_…`
    pub id: String,
    /// What they sign in with, and what colleagues see.
    pub name: String,
    /// `moderator`, `lead` or `admin`.
    pub role: String,
    pub created_at: String,
    /// When they were last seen, to the minute.
    #[schema(required)]
    pub seen_at: Option<String>,
    /// From then on they cannot sign in.
    #[schema(required)]
    pub disabled_at: Option<String>,
}

impl UserView {
    pub fn new(user: User) -> UserView {
        UserView {
            id: user.id.to_string(),
            name: user.name,
            role: user.role.to_string(),
            created_at: time(user.created_at),
            seen_at: user.seen_at.map(time),
            disabled_at: user.disabled_at.map(time),
        }
    }
}

/// Everybody who signs in.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserList {
    /// By name.
    pub items: Vec<UserView>,
}

/// Lists everybody who signs in, those too who cannot any more.
#[utoipa::path(
    get, path = "/v1/users", tag = "users",
    responses((status = 200, description = "Everybody.", body = UserList))
)]
pub async fn list(State(app): State<App>) -> Result<Json<UserList>, Problem> {
    let users = app.ask(|engine, _| engine.users()).await?;
    Ok(Json(UserList { items: users.into_iter().map(UserView::new).collect() }))
}
