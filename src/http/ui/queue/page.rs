//! The queue's page: cases by score or age, filtered by the address. Leads select cases here for [`bulk`](super::bulk).

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::engine::QueueCounts;
use crate::http::error::Problem;
use crate::http::request::extract::Query;
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::http::ui::case::undo::{self, Undo};
use crate::http::ui::page::frame::{Frame, Page, Place};
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::http::ui::queue::query::{AGES, Choices, KINDS, ORDERS, QueueQuery, SIZES, VERDICTS};
use crate::model::{MatchKind, Role, UnixSeconds};
use crate::wire::{Audience, CaseView};

/// Cases on a page.
const ROWS: usize = 50;
/// Score at which the bar is full.
const BAR_SCORE: f64 = 40.0;

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    asked: QueueQuery,
    filtered: bool,
    verdicts: Choices,
    kinds: Choices,
    ages: Choices,
    sizes: Choices,
    orders: Choices,
    /// Title and text of an empty queue.
    empty: (&'static str, &'static str),
    message: Option<(&'static str, String)>,
    undo: Option<Undo>,
    is_lead: bool,
    open_count: u64,
    /// The filter of this page, for links back to it.
    here: String,
    shown: String,
    /// Number of cases that match the filter.
    total: String,
    previous: Option<String>,
    next: Option<String>,
}

/// One of the queues.
struct Tab {
    name: &'static str,
    href: String,
    /// Name of the live count next to it.
    counts: &'static str,
    count: String,
    here: bool,
}

/// A case in the queue.
struct Row {
    id: String,
    href: String,
    version: u32,
    score: String,
    /// 0 to 100, for the bar.
    level: u8,
    verdict: &'static str,
    title: String,
    by: String,
    kind: &'static str,
    tombstone: String,
    members: u32,
    age: String,
    due: String,
    overdue: bool,
    appealed: bool,
    sensitive: bool,
    with: String,
    /// Someone else has claimed it.
    taken: bool,
}

/// `GET /review`
pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<QueueQuery>,
) -> Result<impl IntoResponse, Problem> {
    let now = app.environment().now();
    let (asked, after) = (query.of_engine(now), query.after.parse().ok());
    let reviewer = visitor.reviewer();
    // Closed cases cannot be acted on.
    let is_lead = visitor.is(Role::Lead) && query.queue != "closed";
    let found = app.ask_cases(move |cases| {
        let lines = cases.list(&asked, after, ROWS + 1, reviewer)?;
        Ok((lines, cases.counts(reviewer)?, cases.count(&asked, reviewer)?))
    });
    let (mut lines, counts, total) = found.await?;
    let more = lines.len() > ROWS;
    lines.truncate(ROWS);
    let here = query.filter_text();
    let with = |extra: &str| {
        let both = [here.as_str(), extra]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>();
        if both.is_empty() { "/review".to_owned() } else { format!("/review?{}", both.join("&")) }
    };
    let place = lines.last().filter(|_| more).and_then(|last| last.whole().place);
    let next = place.map(|place| with(&format!("after={place}")));
    let rows = lines.into_iter().map(|line| line.for_audience(Audience::WithScores));
    let rows: Vec<Row> = rows.map(|view| Row::new(view, now, &here)).collect();
    let undo = undo::of(&app, &visitor, &query.undo, &here).await?;
    Ok(Page(QueuePage {
        frame: Frame::new(&visitor, Place::Queue, "Queue"),
        tabs: tabs(&query, &counts),
        shown: shown(rows.len(), total),
        total: many(total),
        rows,
        filtered: query.is_filtered(),
        verdicts: VERDICTS,
        kinds: KINDS,
        ages: AGES,
        sizes: SIZES,
        orders: ORDERS,
        empty: empty(&query.queue),
        message: said(&query.done),
        undo,
        is_lead,
        open_count: counts.all.open,
        previous: (!query.after.is_empty()).then(|| with("")),
        next,
        here,
        asked: query,
    }))
}

fn tabs(query: &QueueQuery, counts: &QueueCounts) -> Vec<Tab> {
    let all = [
        ("Open", "", "open", counts.all.open),
        ("Mine", "mine", "mine", counts.mine),
        ("Appeals", "appeals", "appealed", counts.all.appealed),
        ("Escalated", "escalated", "escalated", counts.all.escalated),
    ];
    let tab = |(name, queue, counts, count): (&'static str, &str, &'static str, u64)| Tab {
        name,
        href: if queue.is_empty() {
            "/review".to_owned()
        } else {
            format!("/review?queue={queue}")
        },
        counts,
        count: words::grouped(count),
        here: query.queue == queue,
    };
    let mut tabs: Vec<Tab> = all.into_iter().map(tab).collect();
    let closed = tab(("Closed", "closed", "", 0));
    tabs.push(Tab { count: String::new(), ..closed });
    tabs
}

fn shown(rows: usize, total: u64) -> String {
    if rows as u64 == total {
        words::count(total, "case")
    } else {
        format!("{rows} of {} cases", many(total))
    }
}

fn many(total: u64) -> String {
    // The store stops counting there.
    if total >= 10_000 { "10\u{202f}000+".to_owned() } else { words::grouped(total) }
}

fn empty(queue: &str) -> (&'static str, &'static str) {
    match queue {
        "mine" => (
            "No cases of your own",
            "Claim a case in the queue. Cases that a lead assigns to you also appear here.",
        ),
        "appeals" => ("No open appeals", "Uploaders can appeal for two weeks after a block."),
        "escalated" => ("No escalated cases", "Cases that moderators escalate appear here."),
        "closed" => ("No closed cases", "A decided case closes once it can no longer be undone."),
        _ => ("The queue is empty", "This page tells you when new cases arrive."),
    }
}

/// The outcome of a bulk undo, from the numbers in the address.
fn said(done: &str) -> Option<(&'static str, String)> {
    let (changed, refused) = done.split_once('-')?;
    let (changed, refused): (u64, u64) = (changed.parse().ok()?, refused.parse().ok()?);
    let undone = words::counted(changed, "decision was", "decisions were");
    Some(match refused {
        0 => ("good", format!("{undone} undone.")),
        _ => {
            let late = words::counted(refused, "had", "had");
            ("warn", format!("{undone} undone; {late} already taken effect."))
        }
    })
}

impl Row {
    fn new(line: CaseView, now: UnixSeconds, here: &str) -> Row {
        let from: String = url::form_urlencoded::byte_serialize(here.as_bytes()).collect();
        let href = if from.is_empty() {
            format!("/review/cases/{}", line.id)
        } else {
            format!("/review/cases/{}?from={from}", line.id)
        };
        let score = line.score.unwrap_or_default();
        let length = line.duration_s.map(|s| format!("{} long", words::clock(s)));
        let due = line.due_at.as_deref().and_then(|at| parse_time("due", at).ok());
        let opened = parse_time("opened", &line.opened_at).unwrap_or(now);
        Row {
            href,
            score: if line.kind == MatchKind::None {
                "–".to_owned()
            } else {
                crate::wire::score_text(score)
            },
            level: (score.clamp(0.0, BAR_SCORE) / BAR_SCORE * 100.0) as u8,
            verdict: line.verdict.as_str(),
            title: line.reference.or(line.upload).unwrap_or_else(|| "erased upload".to_owned()),
            by: length.unwrap_or_else(|| "unknown length".to_owned()),
            kind: words::match_kind(line.kind),
            tombstone: line.tombstone.unwrap_or_default(),
            members: line.members,
            age: words::age(now - opened),
            due: due.map(|at| due_words(at, now)).unwrap_or_default(),
            overdue: line.overdue,
            appealed: line.appealed,
            sensitive: line.sensitive,
            taken: line.claim.as_ref().is_some_and(|claim| !claim.mine),
            with: match (&line.claim, &line.assigned_to) {
                (Some(claim), _) if claim.mine => "you".to_owned(),
                (Some(claim), _) => claim.by.name.clone(),
                (None, Some(to)) => format!("assigned to {}", to.name),
                (None, None) => String::new(),
            },
            id: line.id,
            version: line.version,
        }
    }
}

fn due_words(at: UnixSeconds, now: UnixSeconds) -> String {
    match words::span((at - now).abs()) {
        None => "due now".to_owned(),
        Some(span) if at < now => format!("due {span} ago"),
        Some(span) => format!("due in {span}"),
    }
}
