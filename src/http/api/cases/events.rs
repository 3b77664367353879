//! `GET /v1/cases/events`: changes of cases as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::Event;
use futures::Stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::response::event_stream;
use crate::http::state::App;
use crate::model::{CaseEventSeq, Reviewer};
use crate::wire::CaseNewsView;

/// Events read from the store at a time.
const PAGE: usize = 200;

/// A message of the event stream.
#[derive(Debug, ToSchema)]
#[schema(as = CaseNewsMessage)]
#[expect(dead_code, reason = "for the document only: axum writes the stream")]
pub struct NewsMessage {
    /// Send it as `Last-Event-ID` to resume after this event.
    id: String,
    /// The kind of event.
    event: String,
    /// The case and the event, as JSON.
    #[schema(schema_with = event_stream::data_as_json::<CaseNewsView>)]
    data: String,
}

/// Stream the events of all cases.
///
/// Sends events from now on: opened cases, claims, decisions, appeals. A client that lost its connection resumes with
/// `Last-Event-ID`. The first of two blind decisions is sent only to the moderator who made it.
#[utoipa::path(
    get, path = "/v1/cases/events", tag = "cases",
    params(("Last-Event-ID" = Option<String>, Header,
            description = "Id of the last event received; the stream resumes after it")),
    responses((status = 200, description = "Server-sent events; `data` is JSON.",
               content_type = "text/event-stream", body = NewsMessage))
)]
pub async fn events(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let (place, last) = event_stream::begin(&app, &headers)?;
    // Subscribed before the first read, so that no event is missed in between.
    let changes = app.cases().listen();
    let mut watch = Watch {
        app,
        reviewer: caller.reviewer(),
        after: last,
        changes,
        ready: VecDeque::new(),
        more: false,
        _place: place,
    };
    watch.look().await?;
    Ok(event_stream::answer(watch.stream()))
}

/// A client that follows the stream.
struct Watch {
    app: App,
    reviewer: Reviewer,
    /// Place of the last event that was read; unknown before the first read.
    after: Option<CaseEventSeq>,
    changes: watch::Receiver<u64>,
    ready: VecDeque<(CaseEventSeq, CaseNewsView)>,
    /// The store has more events than `ready` holds.
    more: bool,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    async fn look(&mut self) -> Result<(), Problem> {
        let (after, reviewer) = (self.after, self.reviewer);
        let news = self.app.ask_cases(move |cases| cases.news(after, PAGE, reviewer)).await?;
        (self.after, self.more) = (Some(news.after), news.more);
        self.ready.extend(news.lines);
        Ok(())
    }

    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(self, |mut watch| async move {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    /// `None` ends the stream: the service shuts down, the key was revoked, or the database failed. The client
    /// reconnects.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((place, line)) = self.ready.pop_front() {
                let kind = line.happened.event.as_str();
                return Some(event_stream::event(place, kind, &line));
            }
            if !self.more {
                tokio::select! {
                    () = self.app.ending().cancelled() => return None,
                    changed = self.changes.changed() => changed.ok()?,
                }
                tokio::time::sleep(event_stream::PAUSE).await;
                self.changes.mark_unchanged();
            }
            self.look().await.ok()?;
        }
    }
}
