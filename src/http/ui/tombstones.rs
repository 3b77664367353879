//! Tombstones: look one up by id, or compare a file with all of them.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use crate::http::api::tombstones::list::TombstoneView;
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::{Json, Query};
use crate::http::request::receive;
use crate::http::state::App;
use crate::http::ui::page::form::same_site;
use crate::http::ui::page::frame::{Frame, Page, Place};
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::{proof, words};
use crate::model::{Report, ReportMatch, TombstoneId};
use crate::wire::{Audience, SpanView};

/// Uploads that the page of a tombstone lists.
const UPLOADS: usize = 50;

#[derive(Template)]
#[template(path = "tombstones.html")]
struct TombstonesPage {
    frame: Frame,
    asked: String,
    found: Option<Found>,
    /// The requested tombstone does not exist.
    missing: bool,
    total: String,
}

struct Found {
    tombstone: TombstoneView,
    made: String,
    expires: Option<String>,
    keypoints: usize,
    frames: usize,
    length: String,
    size: String,
    strength: &'static str,
    uploads: Vec<AffectedUpload>,
}

/// An upload that the tombstone blocked or sent to review.
struct AffectedUpload {
    id: String,
    reference: String,
    verdict: &'static str,
    decided: String,
    score: String,
}

/// The requested tombstone.
#[derive(Debug, Default, Deserialize)]
pub struct TombstoneQuery {
    #[serde(default)]
    id: String,
}

/// `GET /review/tombstones`
pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<TombstoneQuery>,
) -> Result<impl IntoResponse, Problem> {
    let asked = query.id.trim().to_owned();
    let total = words::grouped(app.ask(|engine, _| engine.store_stats()).await?.tombstones);
    let found = if asked.is_empty() { None } else { find(&app, &asked).await? };
    let frame = Frame::new(&visitor, Place::Tombstones, "Tombstones");
    let missing = found.is_none() && !asked.is_empty();
    Ok(Page(TombstonesPage { frame, asked, found, missing, total }))
}

async fn find(app: &App, asked: &str) -> Result<Option<Found>, Problem> {
    let text = asked.to_owned();
    let found = app.ask(move |engine, _| engine.find_tombstone(&text)).await?;
    let Some((tombstone, (keypoints, frames))) = found else { return Ok(None) };
    let id = tombstone.id.clone();
    let against = app.ask_uploads(move |uploads| uploads.blocks(&id, None, UPLOADS)).await?;
    let uploads = against.unwrap_or_default().into_iter().map(|line| {
        let line = line.for_audience(Audience::WithScores);
        let score = line.matches.iter().filter(|m| m.tombstone == tombstone.id.0);
        let score = score
            .filter_map(|m| m.score)
            .fold(None, |a: Option<f64>, s| Some(a.map_or(s, |a| a.max(s))));
        AffectedUpload {
            verdict: line.verdict.map_or("", |verdict| verdict.as_str()),
            decided: line.decided_at.as_deref().map(words::minute_of).unwrap_or_default(),
            score: score.map(crate::wire::score_text).unwrap_or_default(),
            reference: line.reference.unwrap_or_default(),
            id: line.id,
        }
    });
    let uploads = uploads.collect();
    let expiry = app.engine().expiry().of(tombstone.reason);
    Ok(Some(Found {
        made: words::minute(tombstone.created_at),
        expires: expiry.map(|kept_s| words::day(tombstone.created_at + kept_s)),
        keypoints,
        frames,
        length: words::clock(tombstone.duration_s),
        size: format!("{:.1} KB", tombstone.fingerprint_size as f64 / 1000.0),
        strength: match tombstone.strength {
            crate::model::Strength::Block => "block",
            crate::model::Strength::Review => "review only",
            crate::model::Strength::Unmatchable => "unmatchable",
        },
        uploads,
        tombstone: TombstoneView::new(tombstone, app.engine().expiry()),
    }))
}

/// The result of comparing a file with all tombstones.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// The result in a sentence.
    says: String,
    trouble: Option<String>,
    matches: Vec<ComparedMatch>,
}

#[derive(Debug, Serialize)]
struct ComparedMatch {
    tombstone: String,
    verdict: &'static str,
    score: String,
    sure: String,
    /// Time, placement and alteration of each span.
    spans: Vec<String>,
}

/// `POST /review/tombstones/compare`: compares a video or a picture, which is then discarded.
pub async fn compare(
    State(app): State<App>,
    visitor: Visitor,
    request: Request,
) -> Result<Json<Compared>, Problem> {
    let (request, watch) = receive::watch(&app, request);
    let (head, body) = request.into_parts();
    same_site(&head.headers)?;
    let shown = head.headers.get("x-form-token").and_then(|token| token.to_str().ok());
    if shown != Some(visitor.secret.form_token().as_str()) {
        return Err(Problem::new(
            Kind::Forbidden,
            "The page is out of date. Reload it and try again.",
        ));
    }
    let arrived = receive::receive(&app, &watch, body.into_data_stream()).await?;
    let (uploads, actor) = (app.uploads().clone(), visitor.actor());
    let job = app.pools().try_decode(move || uploads.compare(arrived, actor));
    let job = job.map_err(|busy| Problem::busy(words::sentence(&busy.to_string())))?;
    Ok(Json(Compared::new(job.await?)))
}

impl Compared {
    fn new(report: Report) -> Compared {
        let matches: Vec<ComparedMatch> = report.matches.iter().map(ComparedMatch::new).collect();
        let says = match (matches.len(), &report.trouble) {
            (0, Some(_)) => "The file could not be decoded.".to_owned(),
            (0, None) => "The file matches no tombstone.".to_owned(),
            (1, _) => "The file matches one tombstone.".to_owned(),
            (n, _) => format!("The file matches {n} tombstones."),
        };
        Compared { says, trouble: report.trouble.as_deref().map(words::sentence), matches }
    }
}

impl ComparedMatch {
    fn new(one: &ReportMatch) -> ComparedMatch {
        let spans: Vec<SpanView> = one.found.spans.iter().map(SpanView::new).collect();
        let line = |span: &SpanView| {
            format!(
                "{}, {}, {}",
                proof::when(span),
                proof::place(&span.placement),
                proof::how(span)
            )
        };
        ComparedMatch {
            tombstone: one.found.tombstone.0.clone(),
            verdict: one.found.verdict.as_str(),
            score: crate::wire::score_text(one.found.score),
            sure: proof::sure(one.found.score, one.found.evidence.same_bytes),
            spans: spans.iter().map(line).collect(),
        }
    }
}

/// Address of the page of a tombstone.
pub fn href(id: &TombstoneId) -> String {
    let id: String = url::form_urlencoded::byte_serialize(id.0.as_bytes()).collect();
    format!("/review/tombstones?id={id}")
}
