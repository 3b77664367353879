//! `GET /healthz` and `GET /readyz`: for load balancers and supervisors.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Json;
use crate::http::state::App;

/// That all is well.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    /// Version of the program.
    pub version: &'static str,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// Whether the process is alive.
#[utoipa::path(
    get, path = "/healthz", tag = "service",
    responses((status = 200, description = "It is alive.", body = Health))
)]
pub async fn alive() -> Json<Health> {
    Json(OK)
}

/// Whether requests should be sent here: the data folder can be read and the service is not ending.
#[utoipa::path(
    get, path = "/readyz", tag = "service",
    responses(
        (status = 200, description = "It is ready.", body = Health),
        (status = 503, description = "It is ending, or the data folder cannot be used.",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn ready(State(app): State<App>) -> Result<(StatusCode, Json<Health>), Problem> {
    if app.ending().is_cancelled() {
        return Err(Problem::new(Kind::Ending, "The service is ending."));
    }
    let usable = app.ask(|engine, _| engine.ping()).await;
    match usable {
        Ok(()) => Ok((StatusCode::OK, Json(OK))),
        Err(_) => Err(Problem::busy("The data folder cannot be read; the log says why.")),
    }
}
