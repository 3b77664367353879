//! `POST /v1/keys`: a new API key.

use axum::extract::State;
use axum::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::NewApiKey;
use crate::http::api::keys_list::KeyView;
use crate::http::auth::Caller;
use crate::http::error::{Kind, Problem};
use crate::http::extract::Json;
use crate::http::openapi;
use crate::http::state::App;
use crate::model::{Scope, Scopes};

/// What a new key is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it may do: `upload`, `delete`, `review`, `scores`, `admin`.
    #[schema(schema_with = openapi::scopes)]
    pub scopes: Vec<String>,
    /// Requests a second; as in the settings when absent.
    #[schema(minimum = 1)]
    pub rate_per_s: Option<u32>,
}

/// A new key with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyMade {
    #[serde(flatten)]
    pub key: KeyView,
    /// The secret, shown this once: only its hash is kept.
    pub secret: String,
}

/// Makes an API key. Its secret is shown this once.
#[utoipa::path(
    post, path = "/v1/keys", tag = "keys", request_body = KeyRequest,
    responses((status = 201, description = "The key.", body = KeyMade))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<KeyRequest>,
) -> Result<(StatusCode, [(header::HeaderName, &'static str); 1], Json<KeyMade>), Problem> {
    let scopes = request.scopes.iter().map(|name| name.parse::<Scope>()).collect();
    let scopes: Result<Scopes, _> = scopes;
    let scopes = scopes.map_err(|e| Problem::new(Kind::Invalid, format!("`scopes`: {e}.")))?;
    let new = NewApiKey { name: request.name, scopes, rate_per_s: request.rate_per_s };
    let made =
        app.ask(move |engine, environment| engine.create_api_key(new, caller.actor(), environment));
    let (key, token) = made.await?;
    let made = KeyMade { key: KeyView::new(key), secret: token.reveal().to_owned() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made)))
}
