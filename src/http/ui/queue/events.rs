//! Live counts of the queue as server-sent events: one at once, then one after each change, at most once a second.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use serde_json::json;

use crate::http::error::Problem;
use crate::http::state::App;
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;

/// Shortest interval between two messages.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest interval between two messages: counts also change when due times pass.
const AT_LATEST: Duration = Duration::from_secs(60);

/// `GET /review/events`
pub async fn stream(
    State(app): State<App>,
    visitor: Visitor,
) -> Result<impl IntoResponse, Problem> {
    let place = app.take_stream();
    let place = place.ok_or_else(|| Problem::busy("Too many event streams are open."))?;
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
        // The stream ends with the session.
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
