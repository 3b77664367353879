//! The room's one error, and the one place that maps it to a status and a body: RFC 9457 problem details.
//!
//! The caller gets a plain description and advice. The cause of an internal error is logged here, once, and not sent.
//! [`observe`](crate::http::middleware::observe) writes the body, because it knows the request's id.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine;
use crate::model::chain;

/// The kind of a problem. The list is closed; `/problems/{slug}` explains each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Malformed,
    Invalid,
    Unauthenticated,
    Forbidden,
    Hidden,
    NotFound,
    MethodNotAllowed,
    TimedOut,
    Conflict,
    KeyReused,
    Gone,
    TooLarge,
    RangeNotSatisfiable,
    UnsupportedMediaType,
    RateLimited,
    Internal,
    Busy,
    NoSpace,
    ShuttingDown,
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
        Kind::TimedOut,
        Kind::Conflict,
        Kind::KeyReused,
        Kind::Gone,
        Kind::TooLarge,
        Kind::RangeNotSatisfiable,
        Kind::UnsupportedMediaType,
        Kind::RateLimited,
        Kind::Internal,
        Kind::Busy,
        Kind::NoSpace,
        Kind::ShuttingDown,
    ];

    pub fn status(self) -> StatusCode {
        match self {
            Kind::Malformed => StatusCode::BAD_REQUEST,
            Kind::Invalid | Kind::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden | Kind::Hidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Gone => StatusCode::GONE,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Busy | Kind::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
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
            Kind::TimedOut => "timed-out",
            Kind::Conflict => "conflict",
            Kind::KeyReused => "idempotency-key-reused",
            Kind::Gone => "gone",
            Kind::TooLarge => "too-large",
            Kind::RangeNotSatisfiable => "range-not-satisfiable",
            Kind::UnsupportedMediaType => "unsupported-media-type",
            Kind::RateLimited => "rate-limited",
            Kind::Internal => "internal",
            Kind::Busy => "busy",
            Kind::NoSpace => "no-space",
            Kind::ShuttingDown => "shutting-down",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Kind::Malformed => "Malformed request",
            Kind::Invalid => "Invalid value",
            Kind::Unauthenticated => "Authentication required",
            Kind::Forbidden => "Permission denied",
            Kind::Hidden => "Content deleted",
            Kind::NotFound => "Not found",
            Kind::MethodNotAllowed => "Method not allowed",
            Kind::TimedOut => "Request timed out",
            Kind::Conflict => "Conflict with the current state",
            Kind::KeyReused => "Idempotency key reused",
            Kind::Gone => "No longer available",
            Kind::TooLarge => "Request body too large",
            Kind::RangeNotSatisfiable => "Range not satisfiable",
            Kind::UnsupportedMediaType => "Unsupported media type",
            Kind::RateLimited => "Too many requests",
            Kind::Internal => "Internal error",
            Kind::Busy => "Service overloaded",
            Kind::NoSpace => "Out of disk space",
            Kind::ShuttingDown => "Service shutting down",
        }
    }

    /// What the caller can do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Kind::Malformed => "Fix the syntax error that `detail` describes before you retry.",
            Kind::Invalid => "Fix the field that `detail` names before you retry.",
            Kind::Unauthenticated => "Send `Authorization: Bearer cnt_…` with a valid API key.",
            Kind::Forbidden => {
                "Use a key with a scope that `detail` names, or an account with the required role."
            }
            Kind::Hidden => "Respond to your client as if the content did not exist.",
            Kind::NotFound => {
                "Check the id or path. The object may have been erased after its retention period."
            }
            Kind::MethodNotAllowed => "Use one of the methods in the `Allow` header.",
            Kind::TimedOut => "Retry, and send the body without long pauses.",
            Kind::Conflict => "Fetch the current state, then decide whether to retry.",
            Kind::KeyReused => {
                "Use a new key for a new request; repeat a request unchanged under its old key."
            }
            Kind::Gone => "Do not retry; the content was erased.",
            Kind::RangeNotSatisfiable => "Request a range within the length that `detail` gives.",
            Kind::TooLarge => "Send a smaller body; `detail` gives the limit.",
            Kind::UnsupportedMediaType => "Use a content type that the API document lists.",
            Kind::RateLimited => "Retry after the number of seconds in `Retry-After`.",
            Kind::Internal => {
                "Retry later. If the error persists, report the `request_id` to the operator."
            }
            Kind::Busy => "Nothing was stored. Retry after the number of seconds in `Retry-After`.",
            Kind::NoSpace => "Nothing was stored. Retry after the operator has freed disk space.",
            Kind::ShuttingDown => "Nothing was stored. Retry after the restart.",
        }
    }
}

/// Why a request failed.
#[derive(Debug, Clone)]
pub struct Problem {
    pub kind: Kind,
    /// A sentence for the caller: what is wrong, and what to do.
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

    /// `what` is the noun, such as `upload`.
    pub fn not_found(what: &str) -> Problem {
        Problem::new(Kind::NotFound, format!("No such {what}; it may have been erased."))
    }

    /// An internal error. The cause goes to the log only.
    pub fn internal(cause: &dyn std::error::Error) -> Problem {
        tracing::error!(error = %chain(cause), "internal error");
        Problem::new(Kind::Internal, "Internal error; the service's log has the cause.")
    }

    pub fn busy(detail: impl Into<String>) -> Problem {
        Problem::new(Kind::Busy, detail).retry_after(5)
    }
}

/// A problem as it is sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The kind of problem: `/problems/` and its name. The path explains it.
    #[serde(rename = "type")]
    pub kind: String,
    /// Title of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request, and what to do.
    pub detail: String,
    /// Identifies the request in the service's log.
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
            engine::Error::KeyTaken => Problem::new(Kind::KeyReused, sentence(&error)),
            engine::Error::TooLarge { bytes_max, .. } => Problem::new(
                Kind::TooLarge,
                format!("An upload may have at most {bytes_max} bytes."),
            ),
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
                tracing::error!(error = %chain(&error), "out of disk space");
                Problem::new(Kind::NoSpace, "The service's disk is full.")
            }
            error => Problem::internal(&error),
        }
    }
}

/// The error's message as a sentence.
fn sentence(error: &engine::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
