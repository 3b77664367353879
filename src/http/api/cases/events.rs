//! `GET /v1/cases/events`: what happens to cases, as it happens, by server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::Event;
use futures::Stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::ToSchema;

use crate::engine::wire::CaseNewsLine;
use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::response::event_stream;
use crate::http::state::App;
use crate::model::Reviewer;

/// Events read at once.
const PAGE: usize = 200;

/// An event as it stands in the stream.
#[derive(Debug, ToSchema)]
#[schema(as = CaseNewsMessage)]
#[expect(dead_code, reason = "for the document only: axum writes the stream")]
pub struct NewsMessage {
    /// For `Last-Event-ID`.
    id: String,
    /// What happened.
    event: String,
    /// The case and what happened to it, as JSON.
    #[schema(schema_with = event_stream::data_as_json::<CaseNewsLine>)]
    data: String,
}

/// Follows all cases.
///
/// What happens from now on: cases that open, claims, decisions, appeals. Each event has an id: a client that lost the
/// connection goes on behind the `Last-Event-ID` that it sends. What the first of two blind moderators does is told to
/// nobody else.
#[utoipa::path(
    get, path = "/v1/cases/events", tag = "cases",
    params(("Last-Event-ID" = Option<String>, Header, description = "Where to go on")),
    responses((status = 200, description = "Events, named by what happened; each one's `data` is JSON.",
               content_type = "text/event-stream", body = NewsMessage))
)]
pub async fn events(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let (place, last) = event_stream::begin(&app, &headers)?;
    // Subscribed before the first look, so that nothing falls between.
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

/// One who watches.
struct Watch {
    app: App,
    reviewer: Reviewer,
    /// Unknown before the first look.
    after: Option<i64>,
    changes: watch::Receiver<u64>,
    ready: VecDeque<(i64, CaseNewsLine)>,
    /// Whether more is there already than is ready.
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

    /// `None` at the end: when the service ends, the key was revoked or the database fails. The client comes again.
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
