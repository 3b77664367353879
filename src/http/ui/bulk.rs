//! Leads act on many cases at once: what the filter finds, or what was ticked, is counted first and shown with what each
//! choice would do; then it is done to the cases as they were seen, and told what came of it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use crate::engine::{
    BulkOutcome, BulkRefusal, BulkSurvey, BulkTarget, CaseAction, RefusalKind, SeenCase,
};
use crate::http::error::{Kind, Problem};
use crate::http::state::App;
use crate::http::ui::decide::{Grounds, action_about, grounds};
use crate::http::ui::form::Form;
use crate::http::ui::frame::{Frame, Page, Place};
use crate::http::ui::queue_query::QueueQuery;
use crate::http::ui::visitor::Visitor;
use crate::http::ui::{people, words};
use crate::model::{Actor, CaseId};

/// Hours until which a lead can set a due time.
const DUE_H_MAX: i64 = 24 * 365;
/// Cases that were left as they were and are shown one by one.
const REFUSALS_SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "bulk.html")]
struct BulkPage {
    frame: Frame,
    /// The queue that one came from, as a query.
    back: String,
    title: String,
    says: Vec<String>,
    /// The cases as they were seen, for the form.
    seen: String,
    choices: Vec<Choice>,
    grounds: Vec<Grounds>,
    people: Vec<(String, String)>,
}

/// Something that can be done.
struct Choice {
    value: &'static str,
    name: &'static str,
    /// In two or three words.
    brief: String,
    /// On the button: what happens when it is pressed.
    does: String,
    /// The same with what follows from it.
    says: String,
}

#[derive(Template)]
#[template(path = "bulk_done.html")]
struct BulkDonePage {
    frame: Frame,
    back: String,
    title: String,
    says: Vec<String>,
    refusals: Vec<(String, String)>,
    more_refusals: usize,
    changed: String,
    /// Cases whose decisions can be undone, and for how many seconds.
    undo: Option<(String, i64)>,
}

/// `GET /review/bulk`: nothing is kept of a choice; whoever signed in again makes it again.
pub async fn again() -> Redirect {
    Redirect::to("/review")
}

/// `POST /review/bulk`: what it would be done to.
pub async fn survey(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Problem> {
    let query = QueueQuery::parse(form.text("back"));
    let back = query.filter_text();
    let target = if form.text("whole") == "yes" {
        BulkTarget::Query(query.of_engine(app.environment().now()))
    } else {
        BulkTarget::These(form.all("case").filter_map(|id| id.parse().ok()).collect())
    };
    let reviewer = visitor.reviewer();
    let found =
        app.ask_cases(move |cases| Ok((cases.survey(&target, reviewer)?, cases.options().undo_s)));
    let (survey, undo_s) = found.await?;
    if survey.seen.is_empty() {
        return Ok(Redirect::to(&format!("/review?{back}")).into_response());
    }
    let people = people::names(&app).await?;
    Ok(Page(BulkPage::new(&visitor, &survey, undo_s, back, people)).into_response())
}

impl BulkPage {
    fn new(
        visitor: &Visitor,
        survey: &BulkSurvey,
        undo_s: i64,
        back: String,
        people: Vec<(String, String)>,
    ) -> BulkPage {
        let title = format!("Act on {}", words::count(survey.seen.len() as u64, "case"));
        BulkPage {
            frame: Frame::new(visitor, Place::Queue, title.clone()),
            back,
            title,
            says: about(survey),
            seen: written(&survey.seen),
            choices: choices(survey, undo_s),
            grounds: grounds(),
            people,
        }
    }
}

fn about(survey: &BulkSurvey) -> Vec<String> {
    let mut says = vec![format!(
        "{} with {} in all, as they are now. What changes before you press the button is left as it is then.",
        words::count(survey.seen.len() as u64, "case"),
        words::count(survey.uploads, "upload")
    )];
    if survey.claimed > 0 {
        let count = words::counted(survey.claimed as u64, "of them is", "of them are");
        says.push(format!("{count} being worked on by others, and would be skipped."));
    }
    if survey.settled > 0 {
        let count = words::counted(survey.settled as u64, "more is", "more are");
        says.push(format!("{count} decided already, and not among them."));
    }
    if survey.more {
        says.push(
            "The filter finds more: these come first in its order. Repeat it for the rest."
                .to_owned(),
        );
    }
    says
}

fn choices(survey: &BulkSurvey, undo_s: i64) -> Vec<Choice> {
    let uploads = words::count(survey.uploads, "upload");
    let cases = words::count(survey.seen.len() as u64, "case");
    let open = words::count(survey.open as u64, "case");
    let undo =
        format!("It can be undone for {undo_s} seconds; then the platform is told of each upload.");
    let decides = |value, name, verb: &str, verbs: &str, end: &str| Choice {
        value,
        name,
        brief: format!("{verb} {uploads}"),
        does: format!("{} {uploads} in {cases}", words::sentence(verb)),
        says: format!("{uploads} in {cases} will be {verbs}{end}. {undo}"),
    };
    let sets = |value, name, brief: &str, does: String, says: String| Choice {
        value,
        name,
        brief: brief.to_owned(),
        does,
        says,
    };
    let mut all = vec![
        decides("reupload", "Re-upload", "block", "blocked", " as re-uploads"),
        decides(
            "not_reupload",
            "Not a re-upload",
            "allow",
            "allowed",
            ", and their contents never meet these tombstones again",
        ),
        decides("authorised", "Authorised", "allow", "allowed", "; nobody gets a standing grant"),
    ];
    if survey.open > 0 {
        let does = format!("Hand {open} to the leads");
        let says = format!("{open} will wait for a lead's decision.");
        all.push(sets("escalate", "Escalate", "to the leads", does, says));
    }
    let says = format!("{cases} will be for whoever is chosen to do, and for leads.");
    all.push(sets("assign", "Assign", "to somebody", format!("Assign {cases}"), says));
    let says = format!("{cases} will be due then.");
    all.push(sets("due", "Due time", "for all", format!("Set {cases} due"), says));
    all
}

/// `cas_….3.1 cas_….1.12`: id, version and number of uploads of each.
fn written(seen: &[SeenCase]) -> String {
    let one = |seen: &SeenCase| format!("{}.{}.{}", seen.id, seen.version, seen.members);
    seen.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn read(text: &str) -> Vec<SeenCase> {
    let one = |word: &str| {
        let mut parts = word.split('.');
        let id = parts.next()?.parse().ok()?;
        let (version, members) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(SeenCase { id, version, members })
    };
    text.split(' ').filter_map(one).collect()
}

/// `POST /review/bulk/act`: does it, and tells what came of it.
pub async fn act(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Problem> {
    let act = form.text("decision").to_owned();
    let action = match act.as_str() {
        "due" => CaseAction::Due(Some(app.environment().now() + due_hours(&form)? * 3600)),
        "assign" => CaseAction::Assign(assignee(&form)?),
        // Which versions it is about, each case says itself.
        _ => action_about(&form, 0, None)?,
    };
    let target = BulkTarget::Seen(read(form.text("seen")));
    let reviewer = visitor.reviewer();
    let done = app.ask_cases(move |cases| {
        Ok((cases.act_on_many(&target, &action, reviewer)?, cases.options().undo_s))
    });
    let (outcome, undo_s) = done.await?;
    let decided = matches!(act.as_str(), "reupload" | "not_reupload" | "authorised");
    let undo = (decided && !outcome.changed.is_empty()).then(|| (ids(&outcome.changed), undo_s));
    let title = title(&act, &outcome);
    Ok(Page(BulkDonePage {
        frame: Frame::new(&visitor, Place::Queue, title.clone()),
        back: QueueQuery::parse(form.text("back")).filter_text(),
        title,
        says: came_of(&outcome),
        refusals: outcome.refused.iter().take(REFUSALS_SHOWN).map(refusal).collect(),
        more_refusals: outcome.refused.len().saturating_sub(REFUSALS_SHOWN),
        changed: words::count(outcome.changed.len() as u64, "case"),
        undo,
    })
    .into_response())
}

fn ids(cases: &[CaseId]) -> String {
    cases.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn refusal(one: &BulkRefusal) -> (String, String) {
    (one.case.to_string(), words::plain(&one.why))
}

/// `37 decided, 2 skipped: decided meanwhile`
fn title(act: &str, outcome: &BulkOutcome) -> String {
    let what = match act {
        "escalate" => "handed to the leads",
        "assign" => "assigned",
        "due" => "given a due time",
        _ => "decided",
    };
    let done = format!("{} {what}", words::grouped(outcome.changed.len() as u64));
    if outcome.refused.is_empty() {
        return done;
    }
    let of = |kind| outcome.refused.iter().filter(|one| one.kind == kind).count();
    let kinds = [
        (RefusalKind::Decided, "decided meanwhile"),
        (RefusalKind::Claimed, "being worked on"),
        (RefusalKind::Changed, "changed meanwhile"),
        (RefusalKind::NotAllowed, "not possible for them"),
        (RefusalKind::Gone, "gone"),
    ];
    let found: Vec<(usize, &str)> =
        kinds.iter().map(|(kind, why)| (of(*kind), *why)).filter(|(n, _)| *n > 0).collect();
    let whys = match &found[..] {
        [(_, why)] => (*why).to_owned(),
        many => many.iter().map(|(n, why)| format!("{n} {why}")).collect::<Vec<_>>().join(", "),
    };
    format!("{done}, {} skipped: {whys}", words::grouped(outcome.refused.len() as u64))
}

fn came_of(outcome: &BulkOutcome) -> Vec<String> {
    let mut says = Vec::new();
    if outcome.half_decided > 0 {
        let count = words::counted(outcome.half_decided as u64, "of them waits", "of them wait");
        says.push(format!(
            "{count} for another moderator's decision: some cases are decided twice, blind."
        ));
    }
    if outcome.more {
        says.push("There are more of the kind: repeat it for the rest.".to_owned());
    }
    says
}

/// `POST /review/bulk/undo`: as far as nobody was told yet.
pub async fn undo(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Problem> {
    let ids = form.text("cases").split(' ').filter_map(|id| id.parse().ok()).collect();
    let (target, reviewer) = (BulkTarget::These(ids), visitor.reviewer());
    let undone =
        app.ask_cases(move |c| c.act_on_many(&target, &CaseAction::Undo, reviewer)).await?;
    let filter = QueueQuery::parse(form.text("back")).filter_text();
    let and = if filter.is_empty() { "" } else { "&" };
    let (changed, refused) = (undone.changed.len(), undone.refused.len());
    Ok(Redirect::to(&format!("/review?{filter}{and}done={changed}-{refused}")).into_response())
}

/// Whom a form gives a case to.
pub fn assignee(form: &Form) -> Result<Option<Actor>, Problem> {
    let to = form.maybe("assign").map(|to| to.parse()).transpose();
    to.map_err(|_| Problem::new(Kind::Invalid, "There is nobody of this id."))
}

/// In how many hours a form says that a case is due.
pub fn due_hours(form: &Form) -> Result<i64, Problem> {
    let hours = form.text("due").parse().ok().filter(|hours| (0..=DUE_H_MAX).contains(hours));
    hours.ok_or_else(|| Problem::new(Kind::Invalid, "A due time lies within a year from now."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(kind: RefusalKind) -> BulkRefusal {
        BulkRefusal { case: CaseId([1; 16]), kind, why: String::new() }
    }

    #[test]
    fn what_came_of_it_is_said_in_one_line() {
        let changed = vec![CaseId([0; 16]); 37];
        let mut outcome = BulkOutcome { changed, ..BulkOutcome::default() };
        assert_eq!(title("reupload", &outcome), "37 decided");
        outcome.refused = vec![refused(RefusalKind::Decided); 2];
        assert_eq!(title("authorised", &outcome), "37 decided, 2 skipped: decided meanwhile");
        outcome.refused.push(refused(RefusalKind::Claimed));
        assert_eq!(
            title("escalate", &outcome),
            "37 handed to the leads, 3 skipped: 2 decided meanwhile, 1 being worked on"
        );
    }

    #[test]
    fn cases_come_back_as_they_were_seen() {
        let seen = SeenCase { id: CaseId([7; 16]), version: 3, members: 12 };
        assert_eq!(read(&written(&[seen, seen])), [seen, seen]);
        assert_eq!(read("cas_1.2 nonsense .. "), []);
    }
}
