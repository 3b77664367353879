//! `GET /v1/deletions/{id}/events`: what happens to a deletion, as it happens, by server-sent events.

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
use crate::http::request::times::time;
use crate::http::response::event_stream;
use crate::http::state::App;
use crate::model::DeletionId;
use crate::store::DeletionEvent;

/// Events read at once.
const PAGE: usize = 100;

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    at: String,
    /// A state that was reached; or `failed` (it is tried again), `stuck`, `retried`, `copy_gone`, `copy_held`.
    kind: &'static str,
    /// Which copy it is about, by its place in the request; null: the whole.
    #[schema(required)]
    copy: Option<u32>,
    /// Why it failed, or how it was seen that a copy is gone.
    #[schema(required)]
    note: Option<String>,
}

/// An event as it stands in the stream.
#[derive(Debug, ToSchema)]
#[schema(as = DeletionEventMessage)]
#[expect(dead_code, reason = "for the document only: axum writes the stream")]
pub struct EventMessage {
    /// For `Last-Event-ID`.
    id: String,
    /// The kind.
    event: String,
    /// What happened, as JSON.
    #[schema(schema_with = event_stream::data_as_json::<EventView>)]
    data: String,
}

/// Follows a deletion.
///
/// Everything that has happened so far, then what happens, until the deletion is complete or cancelled. Each event has
/// an id: a client that lost the connection goes on behind the `Last-Event-ID` that it sends.
#[utoipa::path(
    get, path = "/v1/deletions/{id}/events", tag = "deletions",
    params(
        ("id" = String, Path, description = "The deletion"),
        ("Last-Event-ID" = Option<String>, Header, description = "Where to go on"),
    ),
    responses((status = 200, description = "Events; each one's `data` is JSON.",
               content_type = "text/event-stream", body = EventMessage))
)]
pub async fn events(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let id = named(&id)?;
    let (place, last) = event_stream::begin(&app, &headers)?;
    // Subscribed before the first look, so that nothing falls between.
    let changes = app.deletions().changes();
    let mut watch = Watch {
        app,
        id,
        after: last.unwrap_or(0),
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

/// One who watches.
struct Watch {
    app: App,
    id: DeletionId,
    after: i64,
    changes: watch::Receiver<u64>,
    ready: VecDeque<DeletionEvent>,
    /// Whether nothing will follow what is ready.
    last: bool,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    /// Reads what is new; false when there is no such deletion.
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

    /// `None` at the end; also when the service ends or the database fails: the client comes again.
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
    let view = EventView { at: time(event.at), kind, copy: event.place, note: event.note };
    event_stream::event(event.seq, kind, &view)
}
