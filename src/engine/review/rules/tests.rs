//! Claims about the rules of the review.

use super::*;

use crate::model::{
    CaseDecisionSeq, CaseId, CaseSeq, Reason, TombstoneId, UploadSeq, UserId, VerdictKind,
};

const NOW: Moment = Moment { at: 1_000_000, monotonic: 5_000 };

fn user(n: u8) -> Actor {
    Actor::User(UserId([n; 16]))
}

fn moderator(n: u8) -> Reviewer {
    Reviewer { actor: user(n), role: Role::Moderator }
}

fn lead(n: u8) -> Reviewer {
    Reviewer { actor: user(n), role: Role::Lead }
}

fn case() -> Case {
    Case {
        seq: CaseSeq(1),
        id: CaseId([1; 16]),
        state: CaseState::Open,
        version: 3,
        upload: UploadSeq(1),
        verdict: VerdictKind::Review,
        reason: Reason::Match,
        kind: MatchKind::Whole,
        tombstone: Some(TombstoneId("t".into())),
        score: 6.0,
        members: 1,
        opened_at: NOW.at - 100,
        due_at: None,
        assigned_to: None,
        claim: None,
        twice: false,
        first_by: None,
        settle_at_monotonic: None,
        closed_at: None,
        appealed_at: None,
        appeal_statement: None,
        parted_from: None,
    }
}

fn ruling(kind: DecisionKind) -> DecisionRequest {
    let grounds = kind.grounds()[0];
    DecisionRequest { version: Some(3), kind, grounds, note: None, members: None, permission: None }
}

fn options() -> Options {
    Options::default()
}

fn later(seconds: i64) -> Moment {
    Moment { at: NOW.at + seconds, monotonic: NOW.monotonic + seconds }
}

/// Decides, and returns the case and the history as the store would hold them.
fn decided(
    case: Case,
    mut history: CaseHistory,
    reviewer: Reviewer,
    request: &DecisionRequest,
    now: Moment,
) -> (Case, CaseHistory) {
    let change = decide(case, &history, reviewer, request, now, &options()).unwrap();
    let seq = CaseDecisionSeq(history.decisions.len() as i64 + 1);
    history.decisions.extend(change.decision.map(|decision| CaseDecision { seq, ..decision }));
    (change.case, history)
}

#[test]
fn a_claim_keeps_others_out_until_its_lease_ends() {
    let history = CaseHistory::default();
    let change = claim(case(), &history, moderator(1), NOW, &options()).unwrap();
    assert_eq!(change.case.version, 3, "a claim does not make decisions stale");
    let claimed = change.case;
    let other = |now| claim(claimed.clone(), &history, moderator(2), now, &options());
    let left_s = options().lease_s - 60;
    assert_eq!(other(later(60)), Err(Refusal::Claimed { by: user(1), left_s }));
    assert!(other(later(options().lease_s)).is_ok());
    let request = ruling(DecisionKind::Reupload);
    let decides =
        |reviewer, now| decide(claimed.clone(), &history, reviewer, &request, now, &options());
    assert!(matches!(decides(moderator(2), later(60)), Err(Refusal::Claimed { .. })));
    assert!(decides(moderator(1), later(60)).is_ok());
    // The holder of an expired claim may still decide if nobody else claimed.
    assert!(decides(moderator(1), later(5000)).is_ok());
    // Claiming again renews the lease without an event.
    let again = claim(claimed.clone(), &history, moderator(1), later(60), &options()).unwrap();
    assert!(again.events.is_empty());
    assert!(release(claimed.clone(), moderator(2), later(1)).is_err());
    assert_eq!(release(claimed, lead(3), later(1)).unwrap().case.claim, None);
}

#[test]
fn a_decision_without_a_version_accepts_any_version() {
    let any = DecisionRequest { version: None, ..ruling(DecisionKind::Reupload) };
    let changed = Case { version: 9, ..case() };
    let (after, _) = decided(changed, CaseHistory::default(), moderator(1), &any, NOW);
    assert_eq!((after.state, after.version), (CaseState::Decided, 10));
}

#[test]
fn a_decision_on_a_stale_version_or_a_decided_case_is_refused() {
    let history = CaseHistory::default();
    let (after, history) =
        decided(case(), history, moderator(1), &ruling(DecisionKind::Reupload), NOW);
    assert_eq!((after.state, after.version), (CaseState::Decided, 4));
    assert_eq!(after.settle_at_monotonic, Some(NOW.monotonic + 30));
    let request = DecisionRequest { version: Some(4), ..ruling(DecisionKind::NotReupload) };
    for request in [ruling(DecisionKind::NotReupload), request] {
        let late = decide(after.clone(), &history, moderator(2), &request, NOW, &options());
        assert_eq!(late, Err(Refusal::Changed));
    }
}

#[test]
fn only_its_author_or_a_lead_undoes_a_decision_and_only_within_30_seconds() {
    let (after, history) =
        decided(case(), CaseHistory::default(), moderator(1), &ruling(DecisionKind::Reupload), NOW);
    let undoes = |reviewer, now| undo(after.clone(), &history, reviewer, now, &options());
    assert!(matches!(undoes(moderator(2), later(1)), Err(Refusal::NotAllowed(_))));
    assert_eq!(undoes(moderator(1), later(30)), Err(Refusal::TooLate));
    let change = undoes(moderator(1), later(29)).unwrap();
    assert_eq!((change.case.state, change.case.version), (CaseState::Open, 5));
    assert_eq!(change.undone, Some((CaseDecisionSeq(1), later(29).at)));
    assert_eq!(
        change.case.claim.map(|claim| claim.by),
        Some(user(1)),
        "the author can decide again"
    );
    assert_eq!(undoes(lead(3), later(5)).unwrap().case.claim, None);
    let none = undo(case(), &CaseHistory::default(), moderator(1), NOW, &options());
    assert_eq!(none, Err(Refusal::Changed));
}

#[test]
fn the_second_of_two_decisions_is_blind_and_a_disagreement_escalates() {
    let twice = Case { twice: true, ..case() };
    let request = ruling(DecisionKind::Reupload);
    let (first, history) = decided(twice, CaseHistory::default(), moderator(1), &request, NOW);
    // The first decision does not show, and pages opened before it stay valid.
    assert_eq!((first.state, first.version), (CaseState::Open, 3));
    let own = decide(first.clone(), &history, moderator(1), &request, later(1), &options());
    assert!(matches!(own, Err(Refusal::NotAllowed(_))));
    assert!(claim(first.clone(), &history, moderator(1), later(1), &options()).is_err());
    let (same, _) = decided(first.clone(), history.clone(), moderator(2), &request, later(60));
    assert_eq!(
        (same.state, same.settle_at_monotonic),
        (CaseState::Decided, Some(later(90).monotonic))
    );
    let other = ruling(DecisionKind::NotReupload);
    let (split, both) = decided(first.clone(), history.clone(), moderator(2), &other, later(60));
    assert_eq!((split.state, split.settle_at_monotonic), (CaseState::Escalated, None));
    // Undoing the second decision restores the state after the first.
    let back = undo(split.clone(), &both, moderator(2), later(70), &options()).unwrap().case;
    assert_eq!((back.state, back.first_by), (CaseState::Open, Some(user(1))));
    // A lead decides after a disagreement.
    let request = DecisionRequest { version: Some(split.version), ..request };
    let by = |reviewer| decide(split.clone(), &both, reviewer, &request, later(99), &options());
    assert_eq!(by(moderator(3)), Err(Refusal::NotAllowed(ESCALATED)));
    assert_eq!(by(lead(4)).unwrap().decision.unwrap().turn, DecisionTurn::Lead);
    // The author of the first decision can undo it too.
    let undone = undo(first, &history, moderator(1), later(10), &options()).unwrap().case;
    assert_eq!((undone.first_by, undone.settle_at_monotonic), (None, None));
}

#[test]
fn an_appeal_is_decided_by_someone_who_has_not_decided_before() {
    let appealed = Case { appealed_at: Some(NOW.at), ..case() };
    let history =
        CaseHistory { decisions: Vec::new(), deciders_before_appeal: vec![user(1), user(2)] };
    let request = ruling(DecisionKind::NotReupload);
    let by = |reviewer| decide(appealed.clone(), &history, reviewer, &request, NOW, &options());
    assert_eq!(by(moderator(1)), Err(Refusal::NotAllowed(HEARD)));
    assert_eq!(by(lead(2)), Err(Refusal::NotAllowed(HEARD)), "leads are no exception");
    assert_eq!(by(moderator(3)).unwrap().decision.unwrap().turn, DecisionTurn::Appeal);
    assert!(claim(appealed.clone(), &history, moderator(1), NOW, &options()).is_err());
}

#[test]
fn a_group_is_authorised_only_as_it_was_seen_and_gets_no_standing_grant() {
    let group = Case { members: 3, ..case() };
    let decides = |request: DecisionRequest| {
        decide(group.clone(), &CaseHistory::default(), moderator(1), &request, NOW, &options())
    };
    let request = ruling(DecisionKind::Authorised);
    assert_eq!(decides(request.clone()), Err(Refusal::Grown { members: 3 }));
    let seen = |members| DecisionRequest { members: Some(members), ..request.clone() };
    assert_eq!(decides(seen(2)), Err(Refusal::Grown { members: 3 }));
    assert!(decides(seen(3)).is_ok());
    let standing = DecisionRequest { permission: Some("letter 7".into()), ..seen(3) };
    assert!(matches!(decides(standing), Err(Refusal::Invalid { what: "permission", .. })));
    // A block applies to the whole group, however it has grown.
    assert!(decides(ruling(DecisionKind::Reupload)).is_ok());
}

#[test]
fn decisions_with_wrong_grounds_or_permission_are_refused() {
    let decides = |case: Case, request: DecisionRequest| {
        decide(case, &CaseHistory::default(), moderator(1), &request, NOW, &options())
    };
    let grounds = Grounds::Unrelated;
    let wrong = DecisionRequest { grounds, ..ruling(DecisionKind::Reupload) };
    assert!(matches!(decides(case(), wrong), Err(Refusal::Invalid { what: "grounds", .. })));
    let unmatched = Case { kind: MatchKind::None, tombstone: None, ..case() };
    let nothing = decides(unmatched.clone(), ruling(DecisionKind::Authorised));
    assert!(matches!(nothing, Err(Refusal::Invalid { what: "decision", .. })));
    assert!(decides(unmatched, ruling(DecisionKind::NotReupload)).is_ok());
    let permission = Some("letter 7".to_owned());
    let misplaced = DecisionRequest { permission, ..ruling(DecisionKind::Reupload) };
    assert!(matches!(decides(case(), misplaced), Err(Refusal::Invalid { what: "permission", .. })));
}

#[test]
fn only_leads_assign_and_set_due_times_and_only_they_or_the_assignee_claim() {
    assert!(matches!(assign(case(), moderator(1), None, NOW), Err(Refusal::NotAllowed(_))));
    assert!(matches!(set_due(case(), moderator(1), None, NOW), Err(Refusal::NotAllowed(_))));
    let due = set_due(case(), lead(9), Some(NOW.at + 60), NOW).unwrap().case;
    assert_eq!(due.due_at, Some(NOW.at + 60));
    let given = assign(case(), lead(9), Some(user(2)), NOW).unwrap().case;
    let history = CaseHistory::default();
    let claims = |reviewer| claim(given.clone(), &history, reviewer, NOW, &options());
    assert_eq!(claims(moderator(1)), Err(Refusal::NotAllowed(ASSIGNED)));
    assert!(claims(moderator(2)).is_ok() && claims(lead(9)).is_ok());
    let handed =
        escalate(given, &history, moderator(2), Some(3), Some("look".into()), NOW).unwrap();
    assert_eq!((handed.case.state, handed.case.version), (CaseState::Escalated, 4));
    let stale = escalate(case(), &history, moderator(2), Some(2), None, NOW);
    assert_eq!(stale, Err(Refusal::Changed));
}
