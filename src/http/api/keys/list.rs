//! `GET /v1/keys`: API keys.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, PageQuery, bad_cursor};
use crate::http::state::App;
use crate::model::rfc3339;
use crate::store::ApiKey;

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    pub id: String,
    pub name: String,
    pub scopes: Vec<String>,
    /// Rate limit, requests per second; null: the limit of the settings.
    #[schema(required)]
    pub rate_per_s: Option<u32>,
    pub created_at: String,
    /// When the key was revoked; null while it is valid.
    #[schema(required)]
    pub revoked_at: Option<String>,
}

impl KeyView {
    pub fn new(key: ApiKey) -> KeyView {
        KeyView {
            id: key.id.to_string(),
            name: key.name,
            scopes: key.scopes.iter().map(|scope| scope.to_string()).collect(),
            rate_per_s: key.rate_per_s,
            created_at: rfc3339(key.created_at),
            revoked_at: key.revoked_at.map(rfc3339),
        }
    }
}

/// List API keys, including revoked ones, oldest first.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys", params(PageQuery),
    responses((status = 200, description = "A page of keys.", body = Page<KeyView>))
)]
pub async fn list(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<KeyView>>, Problem> {
    let limit = query.limit()?;
    let after = query.cursor.map(|id| id.parse()).transpose().map_err(|_| bad_cursor())?;
    let keys = app.ask(move |engine, _| engine.api_keys(after, limit + 1)).await?;
    Ok(Json(Page::cut(keys, limit, |key| key.id.to_string(), KeyView::new)))
}
