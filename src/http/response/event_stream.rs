//! Server-sent events: the parts that the API's streams share.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::PartialSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::http::error::Problem;
use crate::http::state::App;

/// Pause between two reads: writes come in bursts, and each one wakes every stream.
pub const PAUSE: Duration = Duration::from_millis(200);
/// Interval of keep-alive comments: proxies close connections that stay silent.
const ALIVE: Duration = Duration::from_secs(15);

/// A permit for a stream, and the id after which the client wants to resume.
///
/// # Errors
/// [`Kind::Busy`](crate::http::error::Kind::Busy) when too many streams are open.
pub fn begin<P: FromStr>(
    app: &App,
    headers: &HeaderMap,
) -> Result<(OwnedSemaphorePermit, Option<P>), Problem> {
    let full = || Problem::busy("Too many event streams are open.");
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    Ok((app.take_stream().ok_or_else(full)?, last))
}

/// The response that streams the events.
pub fn answer(
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> impl IntoResponse {
    let headers = [("cache-control", "no-store"), ("x-accel-buffering", "no")];
    (headers, Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

/// An event; a client that reconnects resumes after `place`.
pub fn event(place: impl Display, kind: &str, data: &impl Serialize) -> Event {
    let data = serde_json::to_string(data).unwrap_or_default();
    Event::default().id(place.to_string()).event(kind).data(data)
}

/// The schema of a string that holds JSON of the shape `T`.
pub fn data_as_json<T: PartialSchema>() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .content_media_type("application/json")
        .content_schema(Some(T::schema()))
        .build()
}
