//! `GET /healthz` and `GET /readyz`: health checks for load balancers and supervisors.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Json;
use crate::http::state::App;

/// A passed health check.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
    /// Version of Cenotaph.
    pub version: &'static str,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// Liveness check.
#[utoipa::path(
    get, path = "/healthz", tag = "service",
    responses((status = 200, description = "The process is alive.", body = Health))
)]
pub async fn alive() -> Json<Health> {
    Json(OK)
}

/// Readiness check.
///
/// Passes while the data folder can be read and the service is not shutting down.
#[utoipa::path(
    get, path = "/readyz", tag = "service",
    responses(
        (status = 200, description = "The service is ready.", body = Health),
        (status = 503,
         description = "The service is shutting down, or cannot read its data folder.",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn ready(State(app): State<App>) -> Result<(StatusCode, Json<Health>), Problem> {
    if app.ending().is_cancelled() {
        return Err(Problem::new(Kind::ShuttingDown, "The service is shutting down."));
    }
    let usable = app.ask(|engine, _| engine.ping()).await;
    match usable {
        Ok(()) => Ok((StatusCode::OK, Json(OK))),
        Err(_) => Err(Problem::busy("The data folder cannot be read; see the service's log.")),
    }
}
