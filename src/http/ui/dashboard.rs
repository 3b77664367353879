//! Numbers for leads: how much comes and is decided, how long it waits, how far moderators agree, how often the machine
//! was wrong.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::engine::CaseNumbers;
use crate::http::error::Problem;
use crate::http::extract::Query;
use crate::http::state::App;
use crate::http::ui::chart::{self, Bars};
use crate::http::ui::frame::{Frame, Page, Place};
use crate::http::ui::visitor::Visitor;
use crate::http::ui::words;
use crate::http::wire::parse_time;
use crate::model::UnixSeconds;

const DAY_S: i64 = 86_400;
/// Days that one can choose.
const PERIODS: [u32; 3] = [7, 30, 90];

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    frame: Frame,
    days: u32,
    periods: [u32; 3],
    tiles: Vec<Tile>,
    /// SVG of our own making: the only thing on any page that is not escaped.
    decided_chart: String,
    opened_chart: String,
    reviewers: Vec<Reviewer>,
    nothing: bool,
}

/// One number.
struct Tile {
    value: String,
    name: &'static str,
    more: String,
}

/// What somebody decided.
struct Reviewer {
    name: String,
    decisions: String,
    agreed: String,
}

/// How many days.
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
            more: format!("{} with the leads, {} overdue", numbers.escalated, numbers.overdue),
        },
        Tile {
            value: oldest.map_or_else(none, |at| words::age(now - at)),
            name: "the oldest waits",
            more: match numbers.wait_median_s {
                Some(median) => format!("half were decided within {}", words::age(median)),
                None => "nothing was decided yet".to_owned(),
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
            more: "of decided cases with a match were no re-upload".to_owned(),
        },
        Tile {
            value: match numbers.pairs {
                0 => none(),
                pairs => percent(numbers.pairs_agreed as f64 / pairs as f64),
            },
            name: "agreement",
            more: match numbers.kappa {
                Some(kappa) => {
                    format!("of {} decided twice, blind; kappa {kappa:.2}", numbers.pairs)
                }
                None => format!("of {} decided twice, blind", numbers.pairs),
            },
        },
        Tile {
            value: words::grouped(numbers.appeals),
            name: "appeals heard",
            more: format!("{} changed the verdict", words::grouped(numbers.overturned)),
        },
    ]
}

/// All days of the period, those too on which nothing happened.
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
        // Month and day are enough below a bar.
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
