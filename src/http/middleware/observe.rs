//! Around every request: an id, a line in the log, counts, and problems written out.
//!
//! A line names the route as `routes` has it (`/v1/uploads/{id}`), never the path or query that was sent: these may
//! hold what the platform calls its people and videos.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::http::error::{Kind, Problem, ProblemBody};
use crate::http::state::App;

/// Name of the header that carries a request's id both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Asked for every page and every medium of the platform: a line for each would hide all others.
const COUNTED_ONLY: [&str; 3] = ["/v1/gate", "/v1/videos/{id}/visibility", "/v1/videos/visibility"];
/// An id that a proxy gave is kept when it has so many characters of `A-Za-z0-9-_`, which cannot hold much.
const GIVEN_ID_CHARS: std::ops::RangeInclusive<usize> = 8..=64;

/// Who called, once `auth` knows; put into the answer so that the log line can name the key.
#[derive(Debug, Clone)]
pub struct KnownCaller(pub String);

pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = given_id(&request).unwrap_or_else(|| app.new_request_id());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let span = tracing::info_span!("request", request_id = %id);
    let response = next.run(request).instrument(span).await;
    let mut response = written_out(response, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let seconds = begun.elapsed().as_secs_f64();
    let key = response.extensions().get::<KnownCaller>().map(|caller| caller.0.clone());
    let duration_ms = (seconds * 1e5).round() / 100.0;
    if status < 500 && COUNTED_ONLY.contains(&route.as_str()) {
        tracing::debug!(request_id = %id, method = %method, route, status, key, duration_ms, "request");
    } else {
        tracing::info!(request_id = %id, method = %method, route, status, key, duration_ms, "request");
    }
    let labels = [("method", method.to_string()), ("route", route), ("status", status.to_string())];
    metrics::counter!("cenotaph_http_requests_total", &labels).increment(1);
    let labels = [("route", labels[1].1.clone())];
    metrics::histogram!("cenotaph_http_request_seconds", &labels).record(seconds);
    response
}

/// The id that a proxy gave, when it is one.
fn given_id(request: &Request) -> Option<String> {
    let given = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let plain = given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    (plain && GIVEN_ID_CHARS.contains(&given.len())).then(|| given.to_owned())
}

/// Gives problems their body, those of the framework too.
fn written_out(mut response: Response, id: &str) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| foreign(&response));
    let Some(problem) = problem else { return response };
    let body = ProblemBody::new(&problem, id);
    // A value of our own, with strings only.
    let text = serde_json::to_vec(&body).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(text);
    response
}

/// What the framework says by a status alone.
fn foreign(response: &Response) -> Option<Problem> {
    let plain = response.headers().get(header::CONTENT_TYPE);
    let ours = plain.is_some_and(|t| !t.as_bytes().starts_with(b"text/plain"));
    let (kind, detail) = match response.status() {
        _ if ours => return None,
        StatusCode::METHOD_NOT_ALLOWED => {
            (Kind::MethodNotAllowed, "The `Allow` header lists the methods that are.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => (Kind::TooLarge, "The body is larger than allowed."),
        StatusCode::REQUEST_TIMEOUT => (Kind::TooSlow, "The request was not finished in time."),
        StatusCode::INTERNAL_SERVER_ERROR => {
            (Kind::Internal, "The service could not do this; its log says why.")
        }
        _ => return None,
    };
    Some(Problem::new(kind, detail))
}
