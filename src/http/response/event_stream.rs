//! Following what happens by server-sent events: what the streams of the API have in common.

use std::convert::Infallible;
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

/// Between two looks: what is written comes in bursts, and each wakes everybody who listens.
pub const PAUSE: Duration = Duration::from_millis(200);
/// Proxies end connections that are silent for long.
const ALIVE: Duration = Duration::from_secs(15);

/// A place among those who listen, and where a client that lost the connection goes on.
///
/// # Errors
/// `busy` when too many listen already.
pub fn begin(
    app: &App,
    headers: &HeaderMap,
) -> Result<(OwnedSemaphorePermit, Option<i64>), Problem> {
    let full = || Problem::busy("Too many streams of events are open.");
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    Ok((app.take_stream().ok_or_else(full)?, last))
}

/// The answer that hands out the events.
pub fn answer(
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> impl IntoResponse {
    let headers = [("cache-control", "no-store"), ("x-accel-buffering", "no")];
    (headers, Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

/// One event; `place` is what its client goes on behind.
pub fn event(place: i64, kind: &str, data: &impl Serialize) -> Event {
    let data = serde_json::to_string(data).unwrap_or_default();
    Event::default().id(place.to_string()).event(kind).data(data)
}

/// For the document: JSON of this shape in a line of text.
pub fn data_as_json<T: PartialSchema>() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .content_media_type("application/json")
        .content_schema(Some(T::schema()))
        .build()
}
