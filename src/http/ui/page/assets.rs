//! Stylesheet and scripts, compiled into the program. Their addresses contain a hash of their content, so that browsers
//! can cache them until they change.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::http::error::Problem;
use crate::http::request::extract::Path;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($name:literal: $kind:expr;)*) => {
        &[$(($name, $kind, include_str!(concat!("assets/", $name)))),*]
    };
}

/// Name, type and text of each.
const ASSETS: &[(&str, &str, &str)] = assets! {
    "style.css": CSS;
    "icon.svg": SVG;
    "frame.js": SCRIPT;
    "choices.js": SCRIPT;
    "queue.js": SCRIPT;
    "bulk.js": SCRIPT;
    "undo.js": SCRIPT;
    "case.js": SCRIPT;
    "player.js": SCRIPT;
    "veil.js": SCRIPT;
    "compare.js": SCRIPT;
};

/// Hash of all assets together, so that scripts can import each other by relative names.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for (name, _, text) in ASSETS {
        hasher.update(name.as_bytes()).update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..12].to_owned()
});

/// Address of the assets' folder.
pub fn folder() -> String {
    format!("/review/assets/{}", *VERSION)
}

/// `GET /review/assets/{version}/{name}`
pub async fn serve(Path((version, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let found = ASSETS.iter().find(|(known, ..)| *known == name);
    let (_, kind, text) = found.ok_or_else(|| Problem::not_found("file"))?;
    let mut response = (*text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // An old address serves the current content, which must not be cached under it.
    let current = version == *VERSION;
    let keep = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    Ok(response)
}
