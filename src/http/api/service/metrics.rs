//! `GET /metrics`: metrics for Prometheus.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::MetricsAccess;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth;
use crate::http::request::sender::{ByControlSocket, Peer};
use crate::http::state::App;
use crate::model::Scope;

/// Headers that show that a proxy forwarded the request.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Metrics for Prometheus.
///
/// By default only for direct requests from this machine, not through a proxy (setting `server.metrics_access`).
#[utoipa::path(
    get, path = "/metrics", tag = "service",
    responses(
        (status = 200, description = "Metrics in the Prometheus text format.",
         content_type = "text/plain", body = String),
        (status = 401, description = "Authentication required",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
        (status = 403, description = "Permission denied",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let allowed = match app.options().metrics {
        MetricsAccess::Open => true,
        MetricsAccess::Loopback => is_direct_and_local(&request),
        MetricsAccess::Key => auth::known(&app, &request)?.may(Scope::Admin),
    };
    if !allowed {
        let detail =
            "The setting `server.metrics_access` does not allow this caller to read metrics.";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    app.measure().await?;
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], app.render_metrics()).into_response())
}

fn is_direct_and_local(request: &Request) -> bool {
    let by_socket = request.extensions().get::<ByControlSocket>().is_some();
    let peer = request.extensions().get::<Peer>();
    let forwarded = FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    by_socket || (peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback()) && !forwarded)
}
