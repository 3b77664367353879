//! What happened to a case, and to the uploader's others, in words.

use crate::engine::wire::{CaseDecisionLine, CaseDetail, CaseEventLine, EarlierCaseLine};
use crate::http::ui::page::words::minute_of;
use crate::model::{CaseEventKind, CaseState, DecisionKind, DecisionTurn, Grounds};

/// Something that happened.
pub struct Happened {
    pub at: String,
    pub machine: String,
    pub who: String,
    pub what: String,
    pub note: String,
}

/// Another case of the same uploader.
pub struct Earlier {
    pub id: String,
    pub opened: String,
    pub score: String,
    pub outcome: &'static str,
    pub class: &'static str,
}

/// The latest first; what was written with a decision stands beside it.
pub fn happened(detail: &CaseDetail) -> Vec<Happened> {
    let event = |event: &CaseEventLine| {
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

fn what(event: &CaseEventLine, decision: Option<&CaseDecisionLine>) -> String {
    let note = event.note.as_deref().unwrap_or_default();
    match event.event {
        CaseEventKind::Opened => "opened the case".to_owned(),
        CaseEventKind::Claimed => "began to work on it".to_owned(),
        CaseEventKind::Released => "let it go".to_owned(),
        CaseEventKind::Assigned if note.is_empty() => {
            "assigned it to nobody in particular".to_owned()
        }
        CaseEventKind::Assigned => format!("assigned it to {note}"),
        CaseEventKind::Due if note.is_empty() => "took its due time away".to_owned(),
        CaseEventKind::Due => format!("set it due {}", minute_of(note)),
        CaseEventKind::Noted => "noted".to_owned(),
        CaseEventKind::Escalated => "handed it to the leads".to_owned(),
        CaseEventKind::Decided => match decision {
            Some(decision) => {
                format!("decided: {}{}", kind(decision.decision), turn(decision.turn))
            }
            None => "decided".to_owned(),
        },
        CaseEventKind::Undone => "undid the decision".to_owned(),
        CaseEventKind::Disagreed => "two moderators disagreed: a lead decides".to_owned(),
        CaseEventKind::Closed => "let the decision take effect".to_owned(),
        CaseEventKind::Appealed => "the uploader appealed".to_owned(),
        CaseEventKind::Parted => "took an upload out of the group".to_owned(),
    }
}

fn written(decision: &CaseDecisionLine) -> String {
    let mut text = grounds_words(decision.grounds).to_owned();
    if let Some(note) = &decision.note {
        text = format!("{text}. {note}");
    }
    if let Some(leave) = &decision.leave {
        text = format!("{text} (leave on record: {leave})");
    }
    text
}

/// What is said where nothing is to be decided: what it is, more about it, and whether the way on is shown.
pub fn decided(detail: &CaseDetail) -> (String, String, bool) {
    if let Some(claim) = detail.case.claim.as_ref().filter(|claim| !claim.mine) {
        let minutes = claim.left_s.div_ceil(60);
        let s = if minutes == 1 { "" } else { "s" };
        let more = format!(
            "For {minutes} more minute{s}, unless they let it go. You can look, but not decide."
        );
        return (format!("{} works on this case", claim.by.name), more, true);
    }
    let last = detail.decisions.iter().rev().find(|one| one.undone_at.is_none());
    match (detail.case.state, last) {
        (CaseState::Decided | CaseState::Closed, Some(last)) => {
            let title = format!("{} decided: {}", last.by.name, kind(last.decision));
            (title, format!("{}. {}", minute_of(&last.at), written(last)), true)
        }
        (CaseState::Open, Some(_)) => {
            let more = "Another moderator decides it too, without knowing what you said. Some cases are decided twice, \
                        to learn how far moderators agree.";
            ("You have decided this case".to_owned(), more.to_owned(), true)
        }
        (CaseState::Escalated, _) => {
            let more = "A lead decides it. You can look at it.";
            ("It was handed to the leads".to_owned(), more.to_owned(), true)
        }
        _ => ("Nothing is to be decided here".to_owned(), String::new(), true),
    }
}

impl Earlier {
    pub fn all(detail: &CaseDetail) -> Vec<Earlier> {
        let earlier = |one: &EarlierCaseLine| {
            let (outcome, class) = match (one.decision, one.state) {
                (Some(DecisionKind::Reupload), _) => ("re-upload", "bad"),
                (Some(DecisionKind::NotReupload), _) => ("not a re-upload", "good"),
                (Some(DecisionKind::Authorised), _) => ("authorised", "good"),
                (None, CaseState::Escalated) => ("with the leads", "warn"),
                (None, CaseState::Open) => ("open", ""),
                (None, CaseState::Decided | CaseState::Closed) => ("decided", ""),
            };
            let score = one.score.map(|score| format!("{score:.1}")).unwrap_or_default();
            Earlier { id: one.id.clone(), opened: minute_of(&one.opened_at), score, outcome, class }
        };
        detail.earlier.iter().map(earlier).collect()
    }
}

/// A kind of decision in words.
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

/// Grounds in words.
pub fn grounds_words(grounds: Grounds) -> &'static str {
    match grounds {
        Grounds::Whole => "All of the deleted video is shown",
        Grounds::Excerpt => "A part of it is shown",
        Grounds::Altered => "It is shown altered",
        Grounds::OtherTake => "The same place or people, another take",
        Grounds::SharedMaterial => "What agrees belongs to many: template, watermark, music",
        Grounds::Unrelated => "Nothing agrees that one would see",
        Grounds::OwnersLeave => "The owner allows it",
        Grounds::Lawful => "The law does: quotation, news, parody",
        Grounds::Other => "As the note says",
    }
}
