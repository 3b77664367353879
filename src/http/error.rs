//! The one error of this room, and the one place where it becomes a status and a body: RFC 9457 problem details.
//!
//! What the caller is told is plain words and what to do. What went wrong within is logged here, once, and not told.
//! The body is written out by `observe`, which knows the request's id.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine;

/// What kind of problem it is. The list is closed; each is explained at `/problems/{slug}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Malformed,
    Invalid,
    Unauthenticated,
    Forbidden,
    Hidden,
    NotFound,
    MethodNotAllowed,
    TooSlow,
    Conflict,
    KeyTaken,
    Gone,
    TooLarge,
    NoSuchRange,
    UnsupportedMediaType,
    RateLimited,
    Internal,
    Busy,
    NoSpace,
    Ending,
}

impl Kind {
    pub const ALL: [Kind; 19] = [
        Kind::Malformed,
        Kind::Invalid,
        Kind::Unauthenticated,
        Kind::Forbidden,
        Kind::Hidden,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::TooSlow,
        Kind::Conflict,
        Kind::KeyTaken,
        Kind::Gone,
        Kind::TooLarge,
        Kind::NoSuchRange,
        Kind::UnsupportedMediaType,
        Kind::RateLimited,
        Kind::Internal,
        Kind::Busy,
        Kind::NoSpace,
        Kind::Ending,
    ];

    pub fn status(self) -> StatusCode {
        match self {
            Kind::Malformed => StatusCode::BAD_REQUEST,
            Kind::Invalid | Kind::KeyTaken => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden | Kind::Hidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Gone => StatusCode::GONE,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::NoSuchRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Busy | Kind::Ending => StatusCode::SERVICE_UNAVAILABLE,
            Kind::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    pub fn slug(self) -> &'static str {
        match self {
            Kind::Malformed => "malformed",
            Kind::Invalid => "invalid",
            Kind::Unauthenticated => "unauthenticated",
            Kind::Forbidden => "forbidden",
            Kind::Hidden => "hidden",
            Kind::NotFound => "not-found",
            Kind::MethodNotAllowed => "method-not-allowed",
            Kind::TooSlow => "too-slow",
            Kind::Conflict => "conflict",
            Kind::KeyTaken => "idempotency-key-taken",
            Kind::Gone => "gone",
            Kind::TooLarge => "too-large",
            Kind::NoSuchRange => "no-such-range",
            Kind::UnsupportedMediaType => "unsupported-media-type",
            Kind::RateLimited => "rate-limited",
            Kind::Internal => "internal",
            Kind::Busy => "busy",
            Kind::NoSpace => "no-space",
            Kind::Ending => "ending",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Kind::Malformed => "The request cannot be read",
            Kind::Invalid => "A value in the request cannot be used",
            Kind::Unauthenticated => "An API key is needed",
            Kind::Forbidden => "This is not for this caller to do",
            Kind::Hidden => "It must not be served any more",
            Kind::NotFound => "There is no such thing",
            Kind::MethodNotAllowed => "This method is not known here",
            Kind::TooSlow => "The request took too long",
            Kind::Conflict => "It contradicts what is there",
            Kind::KeyTaken => "This Idempotency-Key stands for another request",
            Kind::Gone => "It was deleted for good",
            Kind::TooLarge => "The body is too large",
            Kind::NoSuchRange => "The range lies behind the end",
            Kind::UnsupportedMediaType => "A body of this type is not understood",
            Kind::RateLimited => "Too many requests",
            Kind::Internal => "Something went wrong here",
            Kind::Busy => "Too much is waiting",
            Kind::NoSpace => "No space is left",
            Kind::Ending => "The service is ending",
        }
    }

    /// What a caller does about it.
    pub fn advice(self) -> &'static str {
        match self {
            Kind::Malformed => {
                "Correct the syntax that `detail` names; do not repeat it unchanged."
            }
            Kind::Invalid => "Correct the field that `detail` names; do not repeat it unchanged.",
            Kind::Unauthenticated => {
                "Send `Authorization: Bearer cnt_…` with a key that was not revoked."
            }
            Kind::Forbidden => {
                "Use a key with one of the scopes that `detail` names, or leave it to whom it is for."
            }
            Kind::Hidden => "Answer whoever asked for it as if it were not there.",
            Kind::NotFound => {
                "Look at the id or the path; it may also have been forgotten on time."
            }
            Kind::MethodNotAllowed => "Use one of the methods in the `Allow` header.",
            Kind::TooSlow => "Try again; send the body without pauses.",
            Kind::Conflict => "Read the present state and decide anew.",
            Kind::KeyTaken => "Choose a new key for a new request, and repeat a request unchanged.",
            Kind::Gone => "Nothing brings it back.",
            Kind::NoSuchRange => "Ask for a range within the length that `detail` names.",
            Kind::TooLarge => "Send less; the limit is in `detail` and in the settings.",
            Kind::UnsupportedMediaType => "Send one of the content types in the API document.",
            Kind::RateLimited => "Wait for as many seconds as `Retry-After` says.",
            Kind::Internal => {
                "Try again later; tell the operator the `request_id`, the log has the cause."
            }
            Kind::Busy => {
                "Nothing was kept: send it again after as many seconds as `Retry-After` says."
            }
            Kind::NoSpace => "Nothing was kept: the operator has to free space.",
            Kind::Ending => {
                "Nothing was kept: send it again, another instance or the next start will take it."
            }
        }
    }
}

/// Why a request was not carried out.
#[derive(Debug, Clone)]
pub struct Problem {
    pub kind: Kind,
    /// Plain words for whoever sent the request.
    pub detail: String,
    pub retry_after_s: Option<u64>,
}

impl Problem {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem { kind, detail: detail.into(), retry_after_s: None }
    }

    pub fn retry_after(self, seconds: u64) -> Problem {
        Problem { retry_after_s: Some(seconds), ..self }
    }

    /// `what` with its article: `no upload`.
    pub fn not_found(what: &str) -> Problem {
        Problem::new(Kind::NotFound, format!("There is no {what} of this name, or no longer."))
    }

    /// A fault on this side; the cause goes to the log.
    pub fn internal(cause: &dyn std::error::Error) -> Problem {
        tracing::error!(error = %cause, "a request failed by a fault on this side");
        Problem::new(Kind::Internal, "The service could not do this; its log says why.")
    }

    pub fn busy(detail: impl Into<String>) -> Problem {
        Problem::new(Kind::Busy, detail).retry_after(5)
    }
}

/// A problem as it is sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `/problems/` and what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What was wrong with this request, and what to do.
    pub detail: String,
    /// Under which the service's log knows this request.
    pub request_id: String,
}

impl ProblemBody {
    pub fn new(problem: &Problem, request_id: &str) -> ProblemBody {
        ProblemBody {
            kind: format!("/problems/{}", problem.kind.slug()),
            title: problem.kind.title().to_owned(),
            status: problem.kind.status().as_u16(),
            detail: problem.detail.clone(),
            request_id: request_id.to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.kind == Kind::Unauthenticated {
            let challenge = HeaderValue::from_static("Bearer realm=\"cenotaph\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Problem {
        match error {
            engine::Error::Busy { .. } => Problem::busy(sentence(&error)),
            engine::Error::KeyTaken => Problem::new(Kind::KeyTaken, sentence(&error)),
            engine::Error::TooLarge { bytes_max, .. } => {
                Problem::new(Kind::TooLarge, format!("An upload has at most {bytes_max} bytes."))
            }
            engine::Error::Invalid { .. } => Problem::new(Kind::Invalid, format!("{error}.")),
            engine::Error::CaseConflict { .. } | engine::Error::NoAppeal { .. } => {
                Problem::new(Kind::Conflict, sentence(&error))
            }
            engine::Error::NotAllowed { .. } => Problem::new(Kind::Forbidden, sentence(&error)),
            engine::Error::DeletionConflict { .. } => {
                Problem::new(Kind::Conflict, sentence(&error))
            }
            engine::Error::IdTaken { .. } => Problem::new(Kind::Conflict, format!("{error}.")),
            error if error.is_full() => {
                tracing::error!(error = %error, "no space is left");
                Problem::new(Kind::NoSpace, "No space is left on the service's disk.")
            }
            error => Problem::internal(&error),
        }
    }
}

/// An error's words with a capital letter and a full stop.
fn sentence(error: &engine::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
