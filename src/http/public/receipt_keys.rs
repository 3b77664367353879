//! `GET /.well-known/cenotaph-keys.json`: the public keys that verify receipts.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::http::error::Problem;
use crate::http::request::extract::Json;
use crate::http::state::App;

/// Public keys that verify receipts.
///
/// A JSON Web Key Set: the current key first, then former ones.
#[utoipa::path(
    get, path = "/.well-known/cenotaph-keys.json", tag = "public",
    responses((status = 200, description = "The keys.", body = Object))
)]
pub async fn show(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let keys = app.ask_deletions(|deletions| deletions.receipt_keys()).await?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(keys.document())))
}
