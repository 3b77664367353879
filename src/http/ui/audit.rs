//! The audit log, with filters and as a download.

use std::collections::HashMap;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Query;
use crate::http::state::App;
use crate::http::ui::page::frame::{Frame, Page, Place};
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::model::{Actor, rfc3339};
use crate::store::{AuditFilter, AuditLine};

/// API keys that are shown by name; further keys are shown by id.
const KEYS: usize = 1000;
/// Entries on a page.
const LINES: usize = 100;
/// Entries read at a time for a download.
const LINES_AT_ONCE: usize = 500;
/// Pieces of a download that may wait for a slow client.
const PIECES_WAITING: usize = 4;

/// The kinds of objects that actions are about, for the filter.
const NOUNS: [&str; 8] =
    ["case", "upload", "tombstone", "deletion", "grant", "user", "key", "subscription"];

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    lines: Vec<Line>,
    nouns: &'static [&'static str],
    people: Vec<(String, String)>,
    asked: AuditQuery,
    /// The filter as a query string, for the next page and the downloads.
    query: String,
    next: Option<u64>,
}

struct Line {
    at: String,
    machine: String,
    who: String,
    action: String,
    subject: String,
    /// The page of the subject.
    href: Option<String>,
    note: String,
}

/// The filter of the page.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct AuditQuery {
    #[serde(default)]
    action: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    subject: String,
    before: Option<u64>,
}

impl AuditQuery {
    fn filter(&self) -> Result<AuditFilter, Problem> {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let actor = some(&self.actor).map(|actor| actor.parse::<Actor>()).transpose();
        let actor = actor.map_err(|_| Problem::new(Kind::Invalid, "Invalid actor id."))?;
        Ok(AuditFilter { actor, action: some(&self.action), subject: some(&self.subject) })
    }
}

/// `GET /review/audit`
pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<AuditQuery>,
) -> Result<impl IntoResponse, Problem> {
    let (filter, before) = (query.filter()?, query.before);
    let found = app.ask(move |engine, _| {
        let lines = engine.audit(&filter, before, LINES + 1)?;
        Ok((lines, engine.users()?, engine.api_keys(None, KEYS)?))
    });
    let (mut lines, people, keys) = found.await?;
    let people: Vec<(String, String)> =
        people.into_iter().map(|user| (user.id.to_string(), user.name)).collect();
    let keys: Vec<(String, String)> =
        keys.into_iter().map(|key| (key.id.to_string(), format!("{} (key)", key.name))).collect();
    let both = people.iter().chain(&keys);
    let names: HashMap<&str, &str> = both.map(|(id, name)| (id.as_str(), name.as_str())).collect();
    let more = lines.len() > LINES;
    lines.truncate(LINES);
    let next = lines.last().filter(|_| more).map(|line| line.seq);
    let lines = lines.into_iter().map(|line| Line::new(line, &names)).collect();
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in
        [("action", &query.action), ("actor", &query.actor), ("subject", &query.subject)]
    {
        pairs.append_pair(name, value);
    }
    let query_text = pairs.finish();
    let frame = Frame::new(&visitor, Place::Audit, "Audit log");
    let page =
        AuditPage { frame, lines, nouns: &NOUNS, people, asked: query, query: query_text, next };
    Ok(Page(page))
}

impl Line {
    fn new(line: AuditLine, names: &HashMap<&str, &str>) -> Line {
        let actor = line.actor.to_string();
        let who = match line.actor {
            Actor::Local => "command line".to_owned(),
            Actor::Policy => "service".to_owned(),
            Actor::User(_) | Actor::Key(_) => {
                names.get(actor.as_str()).map_or(actor.clone(), |name| (*name).to_owned())
            }
        };
        let href = match line.subject.get(..4) {
            Some("cas_") => Some(format!("/review/cases/{}", line.subject)),
            Some("del_") => Some(format!("/review/deletions/{}", line.subject)),
            _ => None,
        };
        let shown = names.get(line.subject.as_str()).map(|name| (*name).to_owned());
        Line {
            at: words::minute(line.at),
            machine: words::machine(line.at),
            who,
            action: line.action,
            subject: shown.unwrap_or(line.subject),
            href,
            note: line.note.unwrap_or_default(),
        }
    }
}

/// The format of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Csv,
    Jsonl,
}

/// `GET /review/audit.csv`
pub async fn csv(
    State(app): State<App>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    export(&app, &query, Shape::Csv)
}

/// `GET /review/audit.jsonl`
pub async fn jsonl(
    State(app): State<App>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    export(&app, &query, Shape::Jsonl)
}

/// Streams the log, [`LINES_AT_ONCE`] entries at a time.
fn export(app: &App, query: &AuditQuery, shape: Shape) -> Result<Response, Problem> {
    let filter = query.filter()?;
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(PIECES_WAITING);
    let whole = app.clone();
    app.spawn(async move {
        let mut before = None;
        if shape == Shape::Csv {
            let head = Bytes::from_static(b"seq,at,actor,action,subject,note\r\n");
            let _ = sender.send(Ok(head)).await;
        }
        loop {
            let wanted = filter.clone();
            let read = whole.ask(move |engine, _| engine.audit(&wanted, before, LINES_AT_ONCE));
            let Ok(lines) = read.await else {
                // A truncated download must not look complete.
                let _ = sender.send(Err(std::io::Error::other("cannot read the audit log"))).await;
                return;
            };
            let Some(last) = lines.last() else { return };
            before = Some(last.seq);
            let text: String = lines.iter().map(|line| written(line, shape)).collect();
            if sender.send(Ok(text.into())).await.is_err() {
                return;
            }
        }
    });
    let body = Body::from_stream(tokio_stream(receiver));
    let (kind, name) = match shape {
        Shape::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        Shape::Jsonl => ("application/jsonl", "attachment; filename=\"audit.jsonl\""),
    };
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

fn tokio_stream<T: Send>(receiver: mpsc::Receiver<T>) -> impl futures::Stream<Item = T> + Send {
    futures::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    })
}

fn written(line: &AuditLine, shape: Shape) -> String {
    let AuditLine { seq, at, actor, action, subject, note } = line;
    match shape {
        Shape::Csv => {
            let note = note.as_deref().unwrap_or_default();
            let cells =
                [&seq.to_string(), &rfc3339(*at), &actor.to_string(), action, subject, note];
            format!("{}\r\n", cells.map(cell).join(","))
        }
        Shape::Jsonl => {
            let value = serde_json::json!({
                "seq": seq, "at": rfc3339(*at), "actor": actor.to_string(), "action": action,
                "subject": subject,
                "note": note,
            });
            format!("{value}\n")
        }
    }
}

/// A CSV cell that a spreadsheet never evaluates as a formula.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = format!("{}{}", if formula { "'" } else { "" }, text.replace('"', "\"\""));
    if text.contains([',', '"', '\n', '\r']) { format!("\"{text}\"") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_runs_nothing() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell("@x\ny"), "\"'@x\ny\"");
        assert_eq!(cell("plain"), "plain");
    }
}
