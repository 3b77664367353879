//! The bar that undoes the last decision until it takes effect.

use crate::http::error::Problem;
use crate::http::request::times::parse_time;
use crate::http::state::App;
use crate::http::ui::page::visitor::Visitor;
use crate::model::{CaseId, DecisionKind, UnixSeconds};
use crate::wire::CaseDetail;

/// A decision that can be undone.
pub struct Undo {
    pub case: String,
    pub version: u32,
    pub left_s: i64,
    pub says: String,
    /// The filter of the queue to return to.
    pub from: String,
}

/// The visitor's last decision on a case, if it can still be undone; `case` is the id from the address.
///
/// # Errors
/// [`Kind::Internal`](crate::http::error::Kind::Internal) if the store fails.
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
    let undo = last(detail.whole(), &own, undo_s, app.environment().now());
    Ok(undo.map(|undo| Undo { from: from.to_owned(), ..undo }))
}

fn last(detail: &CaseDetail, own: &str, undo_s: i64, now: UnixSeconds) -> Option<Undo> {
    let decision = detail.decisions.iter().rev().find(|one| one.undone_at.is_none())?;
    let at = parse_time("at", &decision.at).ok()?;
    // For the bar only: the engine enforces the limit by its monotonic clock.
    let left_s = detail.case.undo_left_s.map_or(at + undo_s - now, i64::from).min(undo_s);
    let name = detail.case.reference.as_deref().unwrap_or("The upload");
    let name: String = name.chars().take(60).collect();
    let members = match detail.case.members {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let what = match decision.decision {
        DecisionKind::Reupload => "blocked as a re-upload",
        DecisionKind::NotReupload => "allowed as not a re-upload",
        DecisionKind::Authorised => "allowed as authorised",
    };
    (decision.by.id == own && left_s > 0).then(|| Undo {
        case: detail.case.id.clone(),
        version: detail.case.version,
        left_s,
        says: format!("{name}{members} {what}."),
        from: String::new(),
    })
}
