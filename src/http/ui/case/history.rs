//! The history of a case, and the uploader's earlier cases, in words.

use crate::http::ui::page::words::minute_of;
use crate::model::{CaseEventKind, CaseState, DecisionKind, DecisionTurn, Grounds};
use crate::wire::{CaseDecisionView, CaseDetail, CaseEventView, EarlierCaseView};

/// An event of the history.
pub struct Happened {
    pub at: String,
    pub machine: String,
    pub who: String,
    pub what: String,
    pub note: String,
}

/// An earlier case of the same uploader.
pub struct Earlier {
    pub id: String,
    pub opened: String,
    pub score: String,
    pub outcome: &'static str,
    pub class: &'static str,
}

/// The events, newest first; a decision has its note with it.
pub fn happened(detail: &CaseDetail) -> Vec<Happened> {
    let event = |event: &CaseEventView| {
        let decision = detail.decisions.iter().find(|one| {
            event.event == CaseEventKind::Decided && one.at == event.at && one.by == event.by
        });
        Happened {
            at: minute_of(&event.at),
            machine: event.at.clone(),
            who: if event.by.id == "policy" {
                "The service".to_owned()
            } else {
                event.by.name.clone()
            },
            what: what(event, decision),
            note: match (decision, event.event) {
                (Some(decision), _) => written(decision),
                (None, CaseEventKind::Assigned | CaseEventKind::Decided | CaseEventKind::Due) => {
                    String::new()
                }
                (None, _) => event.note.clone().unwrap_or_default(),
            },
        }
    };
    detail.history.iter().rev().map(event).collect()
}

fn what(event: &CaseEventView, decision: Option<&CaseDecisionView>) -> String {
    let note = event.note.as_deref().unwrap_or_default();
    match event.event {
        CaseEventKind::Opened => "opened the case".to_owned(),
        CaseEventKind::Claimed => "claimed it".to_owned(),
        CaseEventKind::Released => "released it".to_owned(),
        CaseEventKind::Assigned if note.is_empty() => "removed the assignment".to_owned(),
        CaseEventKind::Assigned => format!("assigned it to {note}"),
        CaseEventKind::Due if note.is_empty() => "removed the due time".to_owned(),
        CaseEventKind::Due => format!("set the due time to {}", minute_of(note)),
        CaseEventKind::Noted => "added a note".to_owned(),
        CaseEventKind::Escalated => "escalated it".to_owned(),
        CaseEventKind::Decided => match decision {
            Some(decision) => {
                format!("decided: {}{}", kind(decision.decision), turn(decision.turn))
            }
            None => "decided".to_owned(),
        },
        CaseEventKind::Undone => "undid the decision".to_owned(),
        CaseEventKind::Disagreed => "two moderators disagreed; a lead decides".to_owned(),
        CaseEventKind::Closed => "closed the case; the decision took effect".to_owned(),
        CaseEventKind::Appealed => "the uploader appealed".to_owned(),
        CaseEventKind::Parted => "split an upload off the group".to_owned(),
    }
}

fn written(decision: &CaseDecisionView) -> String {
    let mut text = grounds_words(decision.grounds).to_owned();
    if let Some(note) = &decision.note {
        text = format!("{text}. {note}");
    }
    if let Some(permission) = &decision.permission {
        text = format!("{text} (permission on record: {permission})");
    }
    text
}

/// Why the visitor cannot decide the case: title and text.
pub fn undecidable(detail: &CaseDetail) -> (String, String) {
    if let Some(claim) = detail.case.claim.as_ref().filter(|claim| !claim.mine) {
        let minutes = claim.left_s.div_ceil(60);
        let s = if minutes == 1 { "" } else { "s" };
        let more = format!(
            "The claim lasts {minutes} more minute{s}. You can view the case, but not decide it."
        );
        return (format!("{} has claimed this case", claim.by.name), more);
    }
    let last = detail.decisions.iter().rev().find(|one| one.undone_at.is_none());
    match (detail.case.state, last) {
        (CaseState::Decided | CaseState::Closed, Some(last)) => {
            let title = format!("{} decided: {}", last.by.name, kind(last.decision));
            (title, format!("{}. {}", minute_of(&last.at), written(last)))
        }
        (CaseState::Open, Some(_)) => {
            let more = "Another moderator decides it too, without seeing your decision. Some cases \
                        are decided twice, to measure how well moderators agree.";
            ("You have decided this case".to_owned(), more.to_owned())
        }
        (CaseState::Escalated, _) => {
            let more = "A lead will decide it. You can view it.";
            ("This case was escalated".to_owned(), more.to_owned())
        }
        _ => ("There is nothing to decide here".to_owned(), String::new()),
    }
}

impl Earlier {
    pub fn all(detail: &CaseDetail) -> Vec<Earlier> {
        let earlier = |one: &EarlierCaseView| {
            let (outcome, class) = match (one.decision, one.state) {
                (Some(DecisionKind::Reupload), _) => ("re-upload", "bad"),
                (Some(DecisionKind::NotReupload), _) => ("not a re-upload", "good"),
                (Some(DecisionKind::Authorised), _) => ("authorised", "good"),
                (None, CaseState::Escalated) => ("escalated", "warn"),
                (None, CaseState::Open) => ("open", ""),
                (None, CaseState::Decided | CaseState::Closed) => ("decided", ""),
            };
            let score = one.score.map(crate::wire::score_text).unwrap_or_default();
            Earlier { id: one.id.clone(), opened: minute_of(&one.opened_at), score, outcome, class }
        };
        detail.earlier.iter().map(earlier).collect()
    }
}

/// The label of a decision.
pub fn kind(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Reupload => "a re-upload",
        DecisionKind::NotReupload => "not a re-upload",
        DecisionKind::Authorised => "authorised",
    }
}

fn turn(turn: DecisionTurn) -> &'static str {
    match turn {
        DecisionTurn::Only => "",
        DecisionTurn::First => " (first of two)",
        DecisionTurn::Second => " (second of two)",
        DecisionTurn::Lead => " (as a lead)",
        DecisionTurn::Appeal => " (on the appeal)",
    }
}

/// The label of grounds.
pub fn grounds_words(grounds: Grounds) -> &'static str {
    match grounds {
        Grounds::Whole => "Shows all of the deleted video",
        Grounds::Excerpt => "Shows a part of it",
        Grounds::Altered => "Shows it altered",
        Grounds::OtherTake => "Same place or people, another recording",
        Grounds::SharedMaterial => "Shared material only: template, watermark, music",
        Grounds::Unrelated => "No visible similarity",
        Grounds::OwnerPermission => "The owner gave permission",
        Grounds::Lawful => "Lawful use: quotation, news, parody",
        Grounds::Other => "Other; see the note",
    }
}
