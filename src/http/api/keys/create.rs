//! `POST /v1/keys`: create an API key.

use axum::extract::State;
use axum::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::NewApiKey;
use crate::http::api::keys::list::KeyView;
use crate::http::document::shapes;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::Json;
use crate::http::state::App;
use crate::model::{Scope, Scopes};

/// A new API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// A name for people; it need not be unique.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Permissions: `upload`, `delete`, `review`, `scores`, `admin`.
    #[schema(schema_with = shapes::scopes)]
    pub scopes: Vec<String>,
    /// Rate limit, requests per second; the limit of the settings when absent.
    #[schema(minimum = 1)]
    pub rate_per_s: Option<u32>,
}

/// A new API key with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedKey {
    #[serde(flatten)]
    pub key: KeyView,
    /// The secret. It is shown only once; the service stores a hash.
    pub secret: String,
}

/// Create an API key.
///
/// The response is the only place that shows the secret.
#[utoipa::path(
    post, path = "/v1/keys", tag = "keys", request_body = KeyRequest,
    responses((status = 201, description = "The key and its secret.", body = CreatedKey))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<KeyRequest>,
) -> Result<(StatusCode, [(header::HeaderName, &'static str); 1], Json<CreatedKey>), Problem> {
    let scopes = request.scopes.iter().map(|name| name.parse::<Scope>()).collect();
    let scopes: Result<Scopes, _> = scopes;
    let scopes = scopes.map_err(|e| Problem::new(Kind::Invalid, format!("`scopes`: {e}.")))?;
    let new = NewApiKey { name: request.name, scopes, rate_per_s: request.rate_per_s };
    let made =
        app.ask(move |engine, environment| engine.create_api_key(new, caller.actor(), environment));
    let (key, token) = made.await?;
    let made = CreatedKey { key: KeyView::new(key), secret: token.reveal().to_owned() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made)))
}
