//! `GET /v1/gate`: whether a proxy may serve the file at an address.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::api::visibility::show::NO_STORE;
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Query;
use crate::http::state::App;

/// The header in which nginx can pass an address without encoding it.
const ORIGINAL: &str = "x-original-uri";

/// The address to check.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GateQuery {
    /// Address of a copy, or of anything below a prefix, as the deletion names it, with or without its query string.
    uri: Option<String>,
}

/// Gate: whether the file at an address may be served.
///
/// For nginx's `auth_request`, a CDN's edge function or the platform's own servers: 204 if the file has not been
/// deleted, 403 if it has. Answered from memory. Pass the address in the query or in the header `X-Original-URI`. Any
/// scope is enough; the settings can open the gate to callers without a key.
#[utoipa::path(
    get, path = "/v1/gate", tag = "visibility",
    params(
        GateQuery,
        ("X-Original-URI" = Option<String>, Header,
         description = "The address, if it is not in the query"),
    ),
    responses(
        (status = 204, description = "The file may be served."),
        (status = 403, description = "The file was deleted and must not be served",
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
            "`uri`: required, unless the header `X-Original-URI` has the address.",
        )
    })?;
    if !app.deletions().gate(uri)? {
        return Err(Problem::new(Kind::Hidden, "The file was deleted, or is being deleted."));
    }
    Ok((StatusCode::NO_CONTENT, NO_STORE))
}
