//! `DELETE /v1/keys/{id}`: revoke an API key.

use axum::extract::State;

use crate::http::api::keys::list::KeyView;
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::ApiKeyId;

/// Revoke an API key.
///
/// It stops working at once. Idempotent.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "keys",
    params(("id" = String, Path, description = "The key's id, `key_…`")),
    responses((status = 200, description = "The revoked key.", body = KeyView))
)]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, Problem> {
    let missing = || Problem::not_found("key");
    let id: ApiKeyId = id.parse().map_err(|_| missing())?;
    let revoke =
        app.ask(move |engine, environment| engine.revoke_api_key(id, caller.actor(), environment));
    let key = revoke.await?.ok_or_else(missing)?;
    app.forget_key(id);
    Ok(Json(KeyView::new(key)))
}
