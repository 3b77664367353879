//! `GET /v1/gate`: whether a proxy may serve the bytes at an address.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::api::visibility::show::NOT_KEPT;
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Query;
use crate::http::state::App;

/// Where nginx puts an address without having to encode it.
const ORIGINAL: &str = "x-original-uri";

/// Which address.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GateQuery {
    /// The address as deletions name it: of a copy, or of anything below a prefix. The part behind `?` may be there or
    /// not.
    uri: Option<String>,
}

/// Opens or closes the way to a medium.
///
/// For nginx's `auth_request`, a CDN's edge function or the platform's own servers: 204 when nobody has deleted what is
/// there, 403 when somebody has. Answered from memory. The address is in the query, or in the header `X-Original-URI`.
/// A key with any scope will do, or none where the settings say so.
#[utoipa::path(
    get, path = "/v1/gate", tag = "visibility",
    params(
        GateQuery,
        ("X-Original-URI" = Option<String>, Header, description = "The address, when it is not in the query"),
    ),
    responses(
        (status = 204, description = "It may be served."),
        (status = 403, description = "It must not be served any more",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn ask(
    State(app): State<App>,
    Query(query): Query<GateQuery>,
    headers: HeaderMap,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1]), Problem> {
    let original =
        || headers.get(ORIGINAL).and_then(|uri| std::str::from_utf8(uri.as_bytes()).ok());
    let uri = query.uri.as_deref().or_else(original).ok_or_else(|| {
        Problem::new(
            Kind::Invalid,
            "`uri`: say the address there, or in the header `X-Original-URI`.",
        )
    })?;
    match app.deletions().gate(uri)? {
        true => Ok((StatusCode::NO_CONTENT, NOT_KEPT)),
        false => Err(Problem::new(Kind::Hidden, "What is there was deleted, or is being deleted.")),
    }
}
