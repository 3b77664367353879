//! `GET /v1/deletions/{id}/receipt`: the signed receipt of a deletion.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::ToSchema;

use crate::engine::deletions::Receipt;
use crate::http::api::deletions::show::{named, unknown};
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Path;
use crate::http::state::App;

/// A receipt and its signature.
#[derive(ToSchema)]
#[schema(as = Receipt)]
#[expect(dead_code, reason = "the shape, for the API document; the text is kept as it was signed")]
pub struct ReceiptShape {
    /// What was erased, where, when, and how its absence was verified. `form` is `plain`, with ids and addresses, until
    /// the retention period ends; then `keyed`, with digests in their place.
    #[schema(value_type = Object)]
    receipt: serde_json::Value,
    signature: SignatureShape,
}

/// An Ed25519 signature over the receipt in canonical JSON (RFC 8785).
#[derive(ToSchema)]
#[schema(as = ReceiptSignature)]
#[expect(dead_code, reason = "the shape, for the API document; the text is kept as it was signed")]
pub struct SignatureShape {
    /// `Ed25519`
    algorithm: String,
    /// Id of the signing key in `/.well-known/cenotaph-keys.json`.
    key_id: String,
    /// Base64.
    value: String,
}

/// Receipt of a complete deletion.
///
/// `cenotaph receipt verify` verifies it offline. Give it to the person who requested the deletion: after the retention
/// period only a form without names is kept here.
#[utoipa::path(
    get, path = "/v1/deletions/{id}/receipt", tag = "deletions",
    params(("id" = String, Path, description = "The deletion's id, `del_…`")),
    responses(
        (status = 200, description = "The receipt.", body = ReceiptShape),
        (status = 409, description = "The deletion is not complete",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let id = named(&id)?;
    let receipt = app.ask_deletions(move |deletions| deletions.receipt(id)).await?;
    let text = match receipt {
        Receipt::Unknown => return Err(unknown()),
        Receipt::NotYet => {
            let detail = "The deletion is not complete; the receipt is issued on completion.";
            return Err(Problem::new(Kind::Conflict, detail));
        }
        Receipt::Ready(text) => text,
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text))
}
