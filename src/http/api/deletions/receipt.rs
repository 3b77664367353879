//! `GET /v1/deletions/{id}/receipt`: the signed statement of what was erased.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::ToSchema;

use crate::engine::receipts::Receipt;
use crate::http::api::deletions::show::{named, unknown};
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Path;
use crate::http::state::App;

/// A receipt: what is signed, and the signature.
#[derive(ToSchema)]
#[schema(as = Receipt)]
#[expect(dead_code, reason = "the shape, for the API document; the text is kept as it was signed")]
pub struct ReceiptShape {
    /// What was erased, where, when, and how that was verified. `form` is `plain`, with ids and addresses, until the
    /// retention ends; `keyed`, with digests in their place, afterwards.
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
    /// Which of `/.well-known/cenotaph-keys.json` it was signed with.
    key_id: String,
    /// Base64.
    value: String,
}

/// Gives the receipt of a complete deletion.
///
/// `cenotaph receipt verify` checks it offline. Keep it where the person who asked for the deletion finds it: after the
/// retention only a form without names is left here.
#[utoipa::path(
    get, path = "/v1/deletions/{id}/receipt", tag = "deletions",
    params(("id" = String, Path, description = "The deletion")),
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
            let detail = "There is no receipt before the deletion is complete.";
            return Err(Problem::new(Kind::Conflict, detail));
        }
        Receipt::Ready(text) => text,
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text))
}
