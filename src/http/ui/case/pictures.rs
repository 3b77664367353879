//! Key pictures of an upload that browsers cannot play, as JSON for the page's script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::engine::KeyPicture;
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Json;

/// Key pictures.
#[derive(Debug, Serialize)]
pub struct Pictures {
    pictures: Vec<Picture>,
}

#[derive(Debug, Serialize)]
struct Picture {
    time_s: f64,
    /// Base64.
    jpeg: String,
}

/// The response with key pictures.
///
/// # Errors
/// [`Kind::Gone`] if the upload's file no longer exists.
pub fn sent(found: Option<Vec<KeyPicture>>) -> Result<Json<Pictures>, Problem> {
    let pictures = found.ok_or_else(gone)?.into_iter().map(|one| Picture {
        time_s: (one.time_s * 100.0).round() / 100.0,
        jpeg: STANDARD.encode(one.jpeg),
    });
    Ok(Json(Pictures { pictures: pictures.collect() }))
}

/// The problem for an upload whose file no longer exists.
pub fn gone() -> Problem {
    Problem::new(Kind::Gone, "The upload's file no longer exists.")
}
