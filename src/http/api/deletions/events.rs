//! `GET /v1/deletions/{id}/events`: progress of a deletion as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::Event;
use futures::Stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::ToSchema;

use crate::http::api::deletions::show::{named, unknown};
use crate::http::error::Problem;
use crate::http::request::extract::Path;
use crate::http::response::event_stream;
use crate::http::state::App;
use crate::model::{DeletionEvent, DeletionEventSeq, DeletionId, rfc3339};

/// Events read from the store at a time.
const PAGE: usize = 100;

/// An event of a deletion.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    at: String,
    /// The state that was reached, or `failed` (will be retried), `stuck`, `retried`, `copy_gone`, `copy_held`.
    kind: &'static str,
    /// Index of the copy in the request; null for the deletion as a whole.
    #[schema(required)]
    copy: Option<u32>,
    /// Why a step failed, or how the absence of a copy was verified.
    #[schema(required)]
    note: Option<String>,
}

/// A message of the event stream.
#[derive(Debug, ToSchema)]
#[schema(as = DeletionEventMessage)]
#[expect(dead_code, reason = "for the document only: axum writes the stream")]
pub struct EventMessage {
    /// Send it as `Last-Event-ID` to resume after this event.
    id: String,
    /// The kind of event.
    event: String,
    /// The event, as JSON.
    #[schema(schema_with = event_stream::data_as_json::<EventView>)]
    data: String,
}

/// Stream the events of a deletion.
///
/// Sends all past events, then new ones until the deletion is complete or cancelled. A client that lost its connection
/// resumes with `Last-Event-ID`.
#[utoipa::path(
    get, path = "/v1/deletions/{id}/events", tag = "deletions",
    params(
        ("id" = String, Path, description = "The deletion's id, `del_…`"),
        ("Last-Event-ID" = Option<String>, Header,
         description = "Id of the last event received; the stream resumes after it"),
    ),
    responses((status = 200, description = "Server-sent events; `data` is JSON.",
               content_type = "text/event-stream", body = EventMessage))
)]
pub async fn events(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let id = named(&id)?;
    let (place, last) = event_stream::begin(&app, &headers)?;
    // Subscribed before the first read, so that no event is missed in between.
    let changes = app.deletions().changes();
    let mut watch = Watch {
        app,
        id,
        after: last.unwrap_or_default(),
        changes,
        ready: VecDeque::new(),
        last: false,
        _place: place,
    };
    if !watch.look().await? {
        return Err(unknown());
    }
    Ok(event_stream::answer(watch.stream()))
}

/// A client that follows the stream.
struct Watch {
    app: App,
    id: DeletionId,
    after: DeletionEventSeq,
    changes: watch::Receiver<u64>,
    ready: VecDeque<DeletionEvent>,
    /// No event will follow those in `ready`.
    last: bool,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    /// Reads new events; false for an unknown deletion.
    async fn look(&mut self) -> Result<bool, Problem> {
        let (id, after) = (self.id, self.after);
        let found = self.app.ask_deletions(move |d| d.events(id, after, PAGE)).await?;
        let Some((events, last)) = found else { return Ok(false) };
        self.after = events.last().map_or(self.after, |event| event.seq);
        self.ready.extend(events);
        self.last = last;
        Ok(true)
    }

    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(self, |mut watch| async move {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    /// `None` ends the stream: the deletion has ended, the service shuts down, or the database failed. The client
    /// reconnects.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(shown(event));
            }
            if self.last {
                return None;
            }
            tokio::select! {
                () = self.app.ending().cancelled() => return None,
                changed = self.changes.changed() => changed.ok()?,
            }
            tokio::time::sleep(event_stream::PAUSE).await;
            self.changes.mark_unchanged();
            if !self.look().await.ok()? {
                return None;
            }
        }
    }
}

fn shown(event: DeletionEvent) -> Event {
    let kind = event.kind.as_str();
    let view = EventView { at: rfc3339(event.at), kind, copy: event.place, note: event.note };
    event_stream::event(event.seq, kind, &view)
}
