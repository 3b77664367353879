//! Leads act on many cases at once. The first page counts the selected cases and shows what each action would do; the
//! action then applies to the cases as they were shown, and the last page reports the outcome.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use crate::engine::{
    BulkOutcome, BulkRefusal, BulkSurvey, BulkTarget, CaseAction, RefusalKind, SeenCase,
};
use crate::http::error::Problem;
use crate::http::state::App;
use crate::http::ui::case::choices::{Grounds, action_about, assignee, due_hours, grounds};
use crate::http::ui::page::form::Form;
use crate::http::ui::page::frame::{Frame, Page, Place};
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::http::ui::people;
use crate::http::ui::queue::query::QueueQuery;
use crate::model::CaseId;

/// Unchanged cases that the last page lists.
const REFUSALS_SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "bulk.html")]
struct BulkPage {
    frame: Frame,
    /// The filter of the queue to return to.
    back: String,
    title: String,
    says: Vec<String>,
    /// The cases as they were shown, for the form.
    seen: String,
    choices: Vec<Choice>,
    grounds: Vec<Grounds>,
    people: Vec<(String, String)>,
}

/// An action to choose.
struct Choice {
    value: &'static str,
    name: &'static str,
    /// The effect in two or three words.
    brief: String,
    /// Label of the button.
    does: String,
    /// The effect in full.
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
    /// Ids of the cases whose decisions can be undone, and the seconds left.
    undo: Option<(String, i64)>,
}

/// `GET /review/bulk`: back to the queue. A selection is not stored, so signing in again loses it.
pub async fn again() -> Redirect {
    Redirect::to("/review")
}

/// `POST /review/bulk`: shows the selected cases and the actions.
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
        "{} with {}. Cases that change before you confirm are skipped.",
        words::count(survey.seen.len() as u64, "case"),
        words::count(survey.uploads, "upload")
    )];
    if survey.claimed > 0 {
        let count = words::count(survey.claimed as u64, "case");
        says.push(format!("{count} claimed by others will be skipped."));
    }
    if survey.settled > 0 {
        let count = words::count(survey.settled as u64, "selected case");
        says.push(format!("{count} already decided, not included."));
    }
    if survey.more {
        says.push(
            "The filter matches more cases than one action can change; repeat it for the rest."
                .to_owned(),
        );
    }
    says
}

fn choices(survey: &BulkSurvey, undo_s: i64) -> Vec<Choice> {
    let uploads = words::count(survey.uploads, "upload");
    let cases = words::count(survey.seen.len() as u64, "case");
    let open = words::count(survey.open as u64, "case");
    let undo = format!("You can undo this for {undo_s} seconds; then the platform is notified.");
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
            ", and their contents will not match these tombstones again",
        ),
        decides(
            "authorised",
            "Authorised",
            "allow",
            "allowed",
            "; this gives no standing permission",
        ),
    ];
    if survey.open > 0 {
        let does = format!("Escalate {open}");
        let says = format!("{open} will wait for a lead.");
        all.push(sets("escalate", "Escalate", "to the leads", does, says));
    }
    let says = format!("{cases} will be assigned to the chosen person.");
    all.push(sets("assign", "Assign", "to a moderator", format!("Assign {cases}"), says));
    let says = format!("{cases} will get this due time.");
    all.push(sets("due", "Due time", "for all", format!("Set due time of {cases}"), says));
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

/// `POST /review/bulk/act`: applies the action and reports the outcome.
pub async fn act(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Problem> {
    let act = form.text("decision").to_owned();
    let action = match act.as_str() {
        "due" => CaseAction::Due(Some(app.environment().now() + due_hours(&form)? * 3600)),
        "assign" => CaseAction::Assign(assignee(&form)?),
        // The form has the version of each case in `seen`.
        _ => action_about(&form, None, None)?,
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

/// `37 decided, 2 skipped: already decided`
fn title(act: &str, outcome: &BulkOutcome) -> String {
    let what = match act {
        "escalate" => "escalated",
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
        (RefusalKind::Decided, "already decided"),
        (RefusalKind::Claimed, "claimed by others"),
        (RefusalKind::Changed, "changed since"),
        (RefusalKind::NotAllowed, "not allowed"),
        (RefusalKind::Gone, "no longer exist"),
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
        let count = words::counted(outcome.half_decided as u64, "case waits", "cases wait");
        says.push(format!("{count} for a second, blind decision by another moderator."));
    }
    if outcome.more {
        says.push("The filter matches more cases; repeat the action for the rest.".to_owned());
    }
    says
}

/// `POST /review/bulk/undo`: undoes the decisions that have not taken effect yet.
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
        assert_eq!(title("authorised", &outcome), "37 decided, 2 skipped: already decided");
        outcome.refused.push(refused(RefusalKind::Claimed));
        assert_eq!(
            title("escalate", &outcome),
            "37 escalated, 3 skipped: 2 already decided, 1 claimed by others"
        );
    }

    #[test]
    fn cases_come_back_as_they_were_seen() {
        let seen = SeenCase { id: CaseId([7; 16]), version: 3, members: 12 };
        assert_eq!(read(&written(&[seen, seen])), [seen, seen]);
        assert_eq!(read("cas_1.2 nonsense .. "), []);
    }
}
