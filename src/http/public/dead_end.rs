//! The page in place of a deleted video.

use std::sync::LazyLock;

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::http::state::App;
use crate::model::DeletionReason;

const STYLE: &str = include_str!("../templates/dead_end.css");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// Digest of the inline stylesheet, for the content security policy. The style is inline because a proxy may route only
/// these paths here.
static STYLE_DIGEST: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE.as_bytes())));

/// Where the page is displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As a page of its own.
    Page,
    /// In a frame of another site.
    Frame,
}

#[derive(Template)]
#[template(path = "dead_end.html")]
struct DeadEnd {
    style: &'static str,
    title: &'static str,
    words: &'static str,
}

impl DeadEnd {
    fn gone(reason: DeletionReason) -> DeadEnd {
        let (title, words) = match reason {
            DeletionReason::OwnerRequest => {
                ("Video deleted", "The owner deleted this video. It cannot be restored.")
            }
            DeletionReason::Legal => (
                "Video removed",
                "This video was removed for legal reasons. It cannot be restored.",
            ),
            DeletionReason::Moderation => {
                ("Video removed", "This video was removed by a moderator. It cannot be restored.")
            }
        };
        DeadEnd { style: STYLE, title, words }
    }

    fn unknown() -> DeadEnd {
        DeadEnd {
            style: STYLE,
            title: "Video not found",
            words: "No deleted video has this address.",
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<DeadEnd> {
        let gone = DeletionReason::ALL.iter().map(|reason| DeadEnd::gone(*reason));
        gone.chain([DeadEnd::unknown()]).collect()
    }
}

/// The response at a video's address: 410 if the video was deleted or is being deleted, 404 otherwise.
pub fn answer(app: &App, video: Option<&str>, place: Place) -> Response {
    match video.and_then(|video| app.deletions().dead_end(video)) {
        Some(reason) => page(StatusCode::GONE, &DeadEnd::gone(reason), place),
        None => page(StatusCode::NOT_FOUND, &DeadEnd::unknown(), place),
    }
}

fn page(status: StatusCode, page: &DeadEnd, place: Place) -> Response {
    let html = page.render().unwrap_or_default();
    let mut response = (status, Html(html)).into_response();
    let ancestors = match place {
        Place::Page => "'none'",
        Place::Frame => "*",
    };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors {ancestors}",
        *STYLE_DIGEST
    );
    let headers = response.headers_mut();
    headers.extend([
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (ROBOTS, HeaderValue::from_static("noindex, nofollow, noarchive, nosnippet")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pages_are_whole_short_and_not_to_be_indexed() {
        for sample in DeadEnd::samples() {
            let html = sample.render().unwrap();
            assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
            assert!(html.contains(sample.words) && html.contains("noindex"), "{html}");
            assert!(html.len() < 3000, "{} bytes", html.len());
            // The digest in the policy covers exactly the text between the tags.
            let style = html.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next());
            assert_eq!(style, Some(STYLE));
        }
    }
}
