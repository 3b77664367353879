//! Around every request: assigns an id, logs and counts the request, and writes the body of a problem.
//!
//! The log has the route's template (`/v1/uploads/{id}`), never the path or query that was sent: these can contain the
//! platform's ids of people and videos.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::http::error::{Kind, Problem, ProblemBody};
use crate::http::state::App;

/// The header with a request's id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Routes that the platform calls for every page view and file: logged at debug level only, or they would hide the
/// rest.
const DEBUG_ONLY: [&str; 3] = ["/v1/gate", "/v1/videos/{id}/visibility", "/v1/videos/visibility"];
/// Length of a proxy's request id that is kept. It may contain `A-Za-z0-9-_`, so that it cannot smuggle data into the
/// log.
const PROXY_ID_CHARS: std::ops::RangeInclusive<usize> = 8..=64;

/// The authenticated caller. [`auth`](crate::http::middleware::auth) adds it to the response, for the log.
#[derive(Debug, Clone)]
pub struct KnownCaller(pub String);

pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = proxy_id(&request).unwrap_or_else(|| app.new_request_id());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let span = tracing::info_span!("request", request_id = %id);
    let response = next.run(request).instrument(span).await;
    let mut response = with_problem_body(response, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let seconds = begun.elapsed().as_secs_f64();
    let key = response.extensions().get::<KnownCaller>().map(|caller| caller.0.clone());
    let duration_ms = (seconds * 1e5).round() / 100.0;
    if status < 500 && DEBUG_ONLY.contains(&route.as_str()) {
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

/// The id that a proxy assigned, if it is valid.
fn proxy_id(request: &Request) -> Option<String> {
    let given = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let plain = given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    (plain && PROXY_ID_CHARS.contains(&given.len())).then(|| given.to_owned())
}

/// Writes the body of a problem, including the framework's own errors.
fn with_problem_body(mut response: Response, id: &str) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| of_framework(&response));
    let Some(problem) = problem else { return response };
    let body = ProblemBody::new(&problem, id);
    // A struct of strings and a number always serialises.
    let text = serde_json::to_vec(&body).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(text);
    response
}

/// The problem for an error that the framework expressed as a bare status.
fn of_framework(response: &Response) -> Option<Problem> {
    let plain = response.headers().get(header::CONTENT_TYPE);
    let ours = plain.is_some_and(|t| !t.as_bytes().starts_with(b"text/plain"));
    let (kind, detail) = match response.status() {
        _ if ours => return None,
        StatusCode::METHOD_NOT_ALLOWED => {
            (Kind::MethodNotAllowed, "The `Allow` header lists the allowed methods.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            (Kind::TooLarge, "The request body is larger than the limit.")
        }
        StatusCode::REQUEST_TIMEOUT => {
            (Kind::TimedOut, "The request was not complete within the time limit.")
        }
        StatusCode::INTERNAL_SERVER_ERROR => {
            (Kind::Internal, "Internal error; the service's log has the cause.")
        }
        _ => return None,
    };
    Some(Problem::new(kind, detail))
}
