//! Live counts for the queue, by server-sent events: at once, and whenever some case has changed, once a second at most.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use serde_json::json;

use crate::http::error::Problem;
use crate::http::state::App;
use crate::http::ui::visitor::Visitor;
use crate::http::ui::words;

/// Between two messages at least.
const PAUSE: Duration = Duration::from_secs(1);
/// A message comes after so long even when nothing has changed: due times pass.
const AT_LATEST: Duration = Duration::from_secs(60);

/// `GET /review/events`
pub async fn stream(
    State(app): State<App>,
    visitor: Visitor,
) -> Result<impl IntoResponse, Problem> {
    let place = app.take_stream();
    let place = place.ok_or_else(|| Problem::busy("Too many pages listen already."))?;
    let listener = app.cases().listen();
    let begun = (app, visitor, listener, place, true);
    let messages = stream::unfold(begun, |(app, visitor, mut listener, place, first)| async move {
        if !first {
            let ending = app.ending().clone();
            tokio::select! {
                () = ending.cancelled() => return None,
                heard = tokio::time::timeout(AT_LATEST, listener.changed()) => {
                    if matches!(heard, Ok(Err(_))) {
                        return None;
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
            listener.mark_unchanged();
        }
        // Somebody who was signed out meanwhile is told no more.
        let (secret, reviewer) = (visitor.secret.clone(), visitor.reviewer());
        let known =
            app.ask(move |engine, environment| engine.signed_in(&secret, environment)).await;
        if !matches!(known, Ok(Some(_))) {
            return None;
        }
        let counts = app.ask_cases(move |cases| cases.counts(reviewer)).await.ok()?;
        let data = json!({
            "open": words::grouped(counts.all.open), "open_number": counts.all.open,
            "mine": words::grouped(counts.mine), "appealed": words::grouped(counts.all.appealed),
            "escalated": words::grouped(counts.all.escalated),
        });
        let event = Event::default().event("counts").data(data.to_string());
        Some((Ok::<_, Infallible>(event), (app, visitor, listener, place, false)))
    });
    Ok(Sse::new(messages).keep_alive(KeepAlive::default()))
}
