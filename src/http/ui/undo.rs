//! The bar that takes the last decision back, as long as nobody was told of it.

use crate::engine::wire::CaseDetail;
use crate::http::error::Problem;
use crate::http::state::App;
use crate::http::ui::visitor::Visitor;
use crate::http::wire::parse_time;
use crate::model::{CaseId, DecisionKind, UnixSeconds};

/// What can be undone.
pub struct Undo {
    pub case: String,
    pub version: u32,
    pub left_s: i64,
    pub says: String,
    /// The queue that one came from, as a query.
    pub from: String,
}

/// The visitor's decision on a case, if it can still be undone; `case` is what an address says.
///
/// # Errors
/// The store's refusal.
pub async fn of(
    app: &App,
    visitor: &Visitor,
    case: &str,
    from: &str,
) -> Result<Option<Undo>, Problem> {
    let Ok(id) = case.parse::<CaseId>() else { return Ok(None) };
    let reviewer = visitor.reviewer();
    let found = app.ask_cases(move |cases| {
        Ok(cases.show(id, reviewer)?.map(|detail| (detail, cases.options().undo_s)))
    });
    let Some((detail, undo_s)) = found.await? else { return Ok(None) };
    let own = visitor.user.id.to_string();
    let undo = last(&detail, &own, undo_s, app.environment().now());
    Ok(undo.map(|undo| Undo { from: from.to_owned(), ..undo }))
}

fn last(detail: &CaseDetail, own: &str, undo_s: i64, now: UnixSeconds) -> Option<Undo> {
    let decision = detail.decisions.iter().rev().find(|one| one.undone_at.is_none())?;
    let at = parse_time("at", &decision.at).ok()?;
    // The engine's time line decides; this is for the bar only, and the clock may have been set.
    let left_s = detail.case.undo_left_s.map_or(at + undo_s - now, i64::from).min(undo_s);
    let name = detail.case.reference.as_deref().unwrap_or("The upload");
    let name: String = name.chars().take(60).collect();
    let members = match detail.case.members {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let what = match decision.decision {
        DecisionKind::Reupload => "blocked as a re-upload",
        DecisionKind::NotReupload => "allowed: not a re-upload",
        DecisionKind::Authorised => "allowed: authorised",
    };
    (decision.by.id == own && left_s > 0).then(|| Undo {
        case: detail.case.id.clone(),
        version: detail.case.version,
        left_s,
        says: format!("{name}{members} {what}."),
        from: String::new(),
    })
}
