//! Review statistics for leads: volume, waiting times, agreement between moderators, false positives.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::engine::CaseNumbers;
use crate::http::error::Problem;
use crate::http::request::extract::Query;
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::http::ui::page::chart::{self, Bars};
use crate::http::ui::page::frame::{Frame, Page, Place};
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::model::{DAY_S, UnixSeconds};

/// Periods to choose from, days.
const PERIODS: [u32; 3] = [7, 30, 90];

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    frame: Frame,
    days: u32,
    periods: [u32; 3],
    tiles: Vec<Tile>,
    /// SVG that `chart` made: the only unescaped text on any page.
    decided_chart: String,
    opened_chart: String,
    reviewers: Vec<Reviewer>,
    nothing: bool,
}

/// A figure with its label.
struct Tile {
    value: String,
    name: &'static str,
    more: String,
}

/// The decisions of one moderator.
struct Reviewer {
    name: String,
    decisions: String,
    agreed: String,
}

/// The period of the page.
#[derive(Debug, Deserialize)]
pub struct DashboardQuery {
    days: Option<u32>,
}

/// `GET /review/dashboard`
pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<DashboardQuery>,
) -> Result<impl IntoResponse, Problem> {
    let days = query.days.filter(|days| PERIODS.contains(days)).unwrap_or(30);
    let numbers = app.ask_cases(move |cases| cases.numbers(days)).await?;
    let now = app.environment().now();
    Ok(Page(DashboardPage {
        frame: Frame::new(&visitor, Place::Dashboard, "Dashboard"),
        days,
        periods: PERIODS,
        tiles: tiles(&numbers, now),
        decided_chart: chart::bars(&by_day(&numbers, days, now, |day| {
            vec![day.reupload, day.not_reupload, day.authorised]
        })),
        opened_chart: chart::bars(&by_day(&numbers, days, now, |day| vec![0, day.opened])),
        reviewers: numbers.reviewers.iter().map(Reviewer::new).collect(),
        nothing: numbers.days.is_empty(),
    }))
}

fn tiles(numbers: &CaseNumbers, now: UnixSeconds) -> Vec<Tile> {
    let decided = numbers.reupload + numbers.not_reupload + numbers.authorised;
    let oldest = numbers.oldest_opened_at.as_deref().and_then(|at| parse_time("at", at).ok());
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let none = || "–".to_owned();
    vec![
        Tile {
            value: words::grouped(numbers.open),
            name: "open cases",
            more: format!("{} escalated, {} overdue", numbers.escalated, numbers.overdue),
        },
        Tile {
            value: oldest.map_or_else(none, |at| words::age(now - at)),
            name: "oldest open case",
            more: match numbers.wait_median_s {
                Some(median) => format!("median wait {}", words::age(median)),
                None => "no decisions yet".to_owned(),
            },
        },
        Tile {
            value: words::grouped(decided),
            name: "decisions",
            more: format!("{} were re-uploads", words::grouped(numbers.reupload)),
        },
        Tile {
            value: numbers.false_positive_rate.map_or_else(none, percent),
            name: "false positives",
            more: "of decided cases with a match".to_owned(),
        },
        Tile {
            value: match numbers.pairs {
                0 => none(),
                pairs => percent(numbers.pairs_agreed as f64 / pairs as f64),
            },
            name: "agreement",
            more: match numbers.kappa {
                Some(kappa) => {
                    format!("on {} blind double decisions; kappa {kappa:.2}", numbers.pairs)
                }
                None => format!("on {} blind double decisions", numbers.pairs),
            },
        },
        Tile {
            value: words::grouped(numbers.appeals),
            name: "appeals decided",
            more: format!("{} overturned the verdict", words::grouped(numbers.overturned)),
        },
    ]
}

/// All days of the period, including days without events.
fn by_day(
    numbers: &CaseNumbers,
    days: u32,
    now: UnixSeconds,
    parts: impl Fn(&crate::engine::CaseDay) -> Vec<u64>,
) -> Bars {
    let today = now.div_euclid(DAY_S);
    let bar = |day: i64| {
        let name = words::day(day * DAY_S);
        let found = numbers.days.iter().find(|one| one.day == name);
        // Below a bar, month and day are enough.
        (name.get(5..).unwrap_or_default().to_owned(), found.map(&parts).unwrap_or_default())
    };
    Bars { bars: (today + 1 - i64::from(days)..=today).map(bar).collect() }
}

impl Reviewer {
    fn new(one: &crate::engine::CaseReviewer) -> Reviewer {
        Reviewer {
            name: one.by.name.clone(),
            decisions: words::grouped(one.decisions),
            agreed: match one.pairs {
                0 => "–".to_owned(),
                pairs => format!("{} of {pairs}", one.agreed),
            },
        }
    }
}
