//! Deletions, stuck ones first, and the page of one deletion with the state of each copy.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::engine::deletions::ListFilter;
use crate::http::error::Problem;
use crate::http::request::extract::{Path, Query};
use crate::http::state::App;
use crate::http::ui::page::form::Form;
use crate::http::ui::page::frame::{Frame, Page, Place};
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::http::ui::tombstones;
use crate::model::{
    CopyKind, CopyState, DeletionEvent, DeletionEventSeq, DeletionId, DeletionReason, DeletionSeq,
    DeletionState, Role, StoredCopy, UnixSeconds,
};
use crate::store::RetryOutcome;
use crate::wire::DeletionDetails;

/// Deletions on a page.
const ROWS: usize = 50;
/// Largest number of stuck deletions above the list.
const STUCK_ROWS: usize = 100;
/// Events that the page of a deletion shows.
const EVENTS: usize = 500;

#[derive(Template)]
#[template(path = "deletions.html")]
struct DeletionsPage {
    frame: Frame,
    stuck: Vec<Row>,
    rows: Vec<Row>,
    asked: DeletionsQuery,
    states: &'static [DeletionState],
    next: Option<String>,
}

/// A deletion in a list.
struct Row {
    id: String,
    /// The video's id on the platform, until it is erased.
    video: Option<String>,
    state: DeletionState,
    class: &'static str,
    stuck_why: Option<String>,
    requested: String,
    requested_machine: String,
    copies: Vec<CopyState>,
    gone: usize,
    reason: &'static str,
}

/// The filter of the page.
#[derive(Debug, Default, Deserialize)]
pub struct DeletionsQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    video: String,
    before: Option<i64>,
}

/// `GET /review/deletions`
pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<DeletionsQuery>,
) -> Result<impl IntoResponse, Problem> {
    let state: Option<DeletionState> = query.state.parse().ok();
    let video = Some(query.video.trim().to_owned()).filter(|video| !video.is_empty());
    let bare = state.is_none() && video.is_none() && query.before.is_none();
    let before = query.before.map(DeletionSeq);
    let filter = ListFilter { state, video, ..ListFilter::default() };
    let (stuck, mut found) = app
        .ask_deletions(move |deletions| {
            let only_stuck =
                ListFilter { state: Some(DeletionState::Stuck), ..ListFilter::default() };
            let stuck =
                if bare { deletions.list(&only_stuck, None, STUCK_ROWS)? } else { Vec::new() };
            Ok((stuck, deletions.list(&filter, before, ROWS + 1)?))
        })
        .await?;
    let more = found.len() > ROWS;
    found.truncate(ROWS);
    let next = found.last().filter(|_| more).map(|last| {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("state", &query.state).append_pair("video", &query.video);
        pairs.append_pair("before", &last.deletion.seq.to_string());
        format!("/review/deletions?{}", pairs.finish())
    });
    let now = app.environment().now();
    // The section above already lists the stuck ones.
    let rows = found.iter().filter(|one| !bare || one.deletion.state() != DeletionState::Stuck);
    Ok(Page(DeletionsPage {
        frame: Frame::new(&visitor, Place::Deletions, "Deletions"),
        rows: rows.map(|one| Row::new(one, now)).collect(),
        stuck: stuck.iter().map(|one| Row::new(one, now)).collect(),
        asked: query,
        states: DeletionState::ALL,
        next,
    }))
}

impl Row {
    fn new(one: &DeletionDetails, now: UnixSeconds) -> Row {
        let deletion = &one.deletion;
        let copies: Vec<CopyState> = one.copies.iter().map(|(copy, _)| copy.state).collect();
        Row {
            id: deletion.id.to_string(),
            video: one.client_data.as_ref().map(|data| data.video.clone()),
            state: deletion.state(),
            class: class(deletion.state()),
            stuck_why: deletion.stuck_why.clone(),
            requested: words::ago(deletion.requested_at, now),
            requested_machine: words::machine(deletion.requested_at),
            gone: copies.iter().filter(|state| **state == CopyState::Gone).count(),
            copies,
            reason: reason(deletion.reason),
        }
    }
}

fn class(state: DeletionState) -> &'static str {
    match state {
        DeletionState::Stuck => "bad",
        DeletionState::Complete | DeletionState::Erased => "good",
        DeletionState::Cancelled => "",
        _ => "warn",
    }
}

fn reason(reason: DeletionReason) -> &'static str {
    match reason {
        DeletionReason::OwnerRequest => "owner's request",
        DeletionReason::Legal => "legal",
        DeletionReason::Moderation => "moderation",
    }
}

#[derive(Template)]
#[template(path = "deletion.html")]
struct DeletionPage {
    frame: Frame,
    row: Row,
    owner: Option<String>,
    steps: Vec<Step>,
    copies: Vec<CopyRow>,
    events: Vec<(String, String, String)>,
    tombstone: Option<(String, String)>,
    last_error: Option<String>,
    may_retry: bool,
    retried: bool,
}

/// A stage and the time when it was reached.
struct Step {
    name: &'static str,
    at: Option<String>,
}

/// A copy and its state.
struct CopyRow {
    kind: &'static str,
    uri: Option<String>,
    state: CopyState,
    class: &'static str,
    says: String,
    attempts: u32,
}

/// The action that led to this page.
#[derive(Debug, Deserialize)]
pub struct DeletionQuery {
    #[serde(default)]
    retried: bool,
}

/// `GET /review/deletions/{id}`
pub async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<DeletionQuery>,
) -> Result<impl IntoResponse, Problem> {
    let id = named(&id)?;
    let found = app.ask_deletions(move |deletions| {
        let Some(view) = deletions.show(id)? else { return Ok(None) };
        let events = deletions.events(id, DeletionEventSeq(0), EVENTS)?;
        Ok(Some((view, events.map(|(events, _)| events).unwrap_or_default())))
    });
    let (view, events) = found.await?.ok_or_else(|| Problem::not_found("deletion"))?;
    let now = app.environment().now();
    let row = Row::new(&view, now);
    let title = row.video.clone().unwrap_or_else(|| row.id.clone());
    let is_final = view.deletion.stage.is_final();
    let tombstone = view.deletion.tombstone.as_ref();
    Ok(Page(DeletionPage {
        frame: Frame::new(&visitor, Place::Deletions, title),
        owner: view.client_data.as_ref().and_then(|data| data.owner.clone()),
        steps: steps(&view),
        copies: view.copies.iter().map(|(copy, uri)| CopyRow::new(copy, uri.clone())).collect(),
        events: events.iter().rev().map(event).collect(),
        tombstone: tombstone.map(|id| (id.0.clone(), tombstones::href(id))),
        last_error: view.deletion.last_error.clone(),
        may_retry: visitor.is(Role::Lead) && !is_final,
        retried: query.retried,
        row,
    }))
}

/// `POST /review/deletions/{id}/retry`
pub async fn retry(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    _: Form,
) -> Result<Response, Problem> {
    let id = named(&id)?;
    let outcome = app.ask_deletions(move |deletions| deletions.retry(id, visitor.actor())).await?;
    if outcome == RetryOutcome::NoDeletion {
        return Err(Problem::not_found("deletion"));
    }
    Ok(Redirect::to(&format!("/review/deletions/{id}?retried=true")).into_response())
}

fn named(id: &str) -> Result<DeletionId, Problem> {
    id.parse().map_err(|_| Problem::not_found("deletion"))
}

fn steps(view: &DeletionDetails) -> Vec<Step> {
    let deletion = &view.deletion;
    let at = |time: Option<UnixSeconds>| time.map(words::minute);
    let mut steps = vec![
        Step { name: "requested", at: at(Some(deletion.requested_at)) },
        Step { name: "hidden", at: at(deletion.hidden_at) },
        Step { name: "fingerprinted", at: at(deletion.fingerprinted_at) },
        Step { name: "purging", at: at(deletion.purging_at) },
        Step { name: "erased", at: at(deletion.erased_at) },
        Step { name: "complete", at: at(deletion.complete_at) },
    ];
    if deletion.cancelled_at.is_some() {
        steps.retain(|step| step.at.is_some());
        steps.push(Step { name: "cancelled", at: at(deletion.cancelled_at) });
    }
    steps
}

impl CopyRow {
    fn new(copy: &StoredCopy, uri: Option<String>) -> CopyRow {
        let says = match copy.state {
            CopyState::Gone => {
                let when = copy.gone_at.map(words::minute).unwrap_or_default();
                let how = copy.how.as_deref().unwrap_or("verified absent");
                // A count of none or one would say nothing new.
                let objects = copy.objects.filter(|n| *n > 1);
                let objects = objects.map(|n| format!(", {}", words::count(n, "object")));
                format!("{when}{}: {how}", objects.unwrap_or_default())
            }
            CopyState::Held => {
                let due = copy.due_at.or(copy.delete_after).map(words::minute).unwrap_or_default();
                let why = copy.last_error.as_deref().map(|why| format!(": {why}"));
                format!("due {due}{}", why.unwrap_or_default())
            }
            CopyState::Pending | CopyState::Stuck => {
                let error =
                    copy.last_error.clone().unwrap_or_else(|| "not attempted yet".to_owned());
                let due = copy.due_at.map(|at| format!("; next attempt {}", words::minute(at)));
                format!("{error}{}", due.unwrap_or_default())
            }
        };
        CopyRow {
            kind: match (copy.kind, copy.prefix) {
                (CopyKind::Main, false) => "main",
                (CopyKind::Main, true) => "main, whole prefix",
                (CopyKind::Backup, false) => "backup",
                (CopyKind::Backup, true) => "backup, whole prefix",
                (CopyKind::Cache, _) => "cache",
                (CopyKind::Callback, _) => "callback",
            },
            uri,
            state: copy.state,
            class: match copy.state {
                CopyState::Gone => "good",
                CopyState::Held => "warn",
                CopyState::Stuck => "bad",
                CopyState::Pending => "",
            },
            says,
            attempts: copy.attempts,
        }
    }
}

/// Time, kind and note of an event.
fn event(event: &DeletionEvent) -> (String, String, String) {
    let what = event.kind.as_str().replace('_', " ");
    let what = match event.place {
        Some(place) => format!("copy {} {}", place + 1, what.trim_start_matches("copy ")),
        None => what,
    };
    (words::minute(event.at), what, event.note.clone().unwrap_or_default())
}
