//! `GET /metrics`: numbers for Prometheus.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::MetricsAccess;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth;
use crate::http::request::sender::{ByControlSocket, Peer};
use crate::http::state::App;
use crate::model::Scope;

/// Headers by which a proxy says that it passed a request on.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Numbers for Prometheus.
///
/// By default only for requests from this machine that no proxy has passed on; see `server.metrics` in the settings.
#[utoipa::path(
    get, path = "/metrics", tag = "service",
    responses(
        (status = 200, description = "Prometheus' text format.", content_type = "text/plain", body = String),
        (status = 401, description = "An API key is needed",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
        (status = 403, description = "Not for this caller",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let allowed = match app.options().metrics {
        MetricsAccess::Open => true,
        MetricsAccess::Loopback => is_from_here(&request),
        MetricsAccess::Key => auth::known(&app, &request)?.may(Scope::Admin),
    };
    if !allowed {
        let detail = "The metrics are not for this caller; see `server.metrics` in the settings.";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    app.measure().await?;
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], app.render_metrics()).into_response())
}

fn is_from_here(request: &Request) -> bool {
    let by_socket = request.extensions().get::<ByControlSocket>().is_some();
    let peer = request.extensions().get::<Peer>();
    let passed_on = FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    by_socket || (peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback()) && !passed_on)
}
