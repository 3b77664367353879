//! `DELETE /v1/keys/{id}`: takes an API key back.

use axum::extract::State;

use crate::http::api::keys_list::KeyView;
use crate::http::auth::Caller;
use crate::http::error::Problem;
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::model::ApiKeyId;

/// Takes an API key back: it opens nothing from now on. Again is the same.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "keys",
    params(("id" = String, Path, description = "The key's id, `key_…`")),
    responses((status = 200, description = "The key, revoked.", body = KeyView))
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
