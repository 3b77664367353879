//! A case of the review queue: its state, its decisions and their grounds, its reviewers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::words::words;
use crate::model::{
    Actor, AuditEntry, CaseDecisionSeq, CaseId, CaseSeq, MonotonicSeconds, NoSuchWord, Reason,
    Role, Sealed, TombstoneId, UnixSeconds, UploadSeq, VerdictKind,
};

words! {
    /// The state of a case.
    CaseState {
        /// Waits for a moderator.
        Open = "open",
        /// Waits for a lead.
        Escalated = "escalated",
        /// Decided; the decision can still be undone.
        Decided = "decided",
        /// The decision has taken effect, and subscribers have been notified.
        Closed = "closed",
    }

    /// A moderator's ruling.
    DecisionKind {
        /// The upload shows the deleted video, and is blocked.
        Reupload = "reupload",
        /// The upload does not show the deleted video, and is allowed. Its content never matches that tombstone again.
        NotReupload = "not_reupload",
        /// The upload shows the deleted video with permission, and is allowed.
        Authorised = "authorised",
    }

    /// The grounds of a decision.
    Grounds {
        /// The whole deleted video is shown.
        Whole = "whole",
        /// A part of it is shown.
        Excerpt = "excerpt",
        /// It is shown altered: cropped, mirrored, framed, sped up, painted over.
        Altered = "altered",
        /// The same place or people in another recording.
        OtherTake = "other_take",
        /// The match is material that many videos share: a template, a watermark, an end card.
        SharedMaterial = "shared_material",
        /// A person sees no similarity.
        Unrelated = "unrelated",
        /// The owner permits it.
        OwnerPermission = "owner_permission",
        /// The law permits it: quotation, news, parody.
        Lawful = "lawful",
        /// See the note.
        Other = "other",
    }

    /// The kind of a case's best match.
    MatchKind {
        /// Identical bytes.
        SameBytes = "same_bytes",
        /// The deleted picture fills the upload's, unaltered.
        Whole = "whole",
        /// The deleted picture fills a part of the upload's: picture in picture, split screen, a wide frame.
        Inset = "inset",
        /// The deleted picture is cropped, mirrored, inverted, rotated, or plays at another speed.
        Altered = "altered",
        /// Whole frames match, with almost no keypoints.
        Frames = "frames",
        /// No match: the upload could not be decoded or checked.
        None = "none",
    }

    /// The order of a queue.
    CaseOrder {
        /// Highest score first, then oldest first.
        Score = "score",
        /// Oldest first.
        Age = "age",
        /// Only cases with a due time, soonest first.
        Due = "due",
    }

    /// What happened to a case.
    CaseEventKind {
        Opened = "opened",
        Claimed = "claimed",
        Released = "released",
        Assigned = "assigned",
        Due = "due",
        Noted = "noted",
        Escalated = "escalated",
        Decided = "decided",
        Undone = "undone",
        /// Two blind decisions contradict each other.
        Disagreed = "disagreed",
        /// The decision has taken effect.
        Closed = "closed",
        /// The uploader has appealed.
        Appealed = "appealed",
        /// An upload left the group for a case of its own.
        Parted = "parted",
    }

    /// The turn of a decision.
    DecisionTurn {
        /// The only decision that the case needs.
        Only = "only",
        /// The first of two blind decisions.
        First = "first",
        /// The second of two blind decisions.
        Second = "second",
        /// A lead's decision about an escalated case.
        Lead = "lead",
        /// The decision about an appeal.
        Appeal = "appeal",
    }
}

impl DecisionKind {
    /// Whether a decision of this kind may rest on these grounds.
    pub fn may_rest_on(self, grounds: Grounds) -> bool {
        self.grounds().contains(&grounds)
    }

    /// The grounds that a decision of this kind may rest on.
    pub fn grounds(self) -> &'static [Grounds] {
        match self {
            DecisionKind::Reupload => {
                &[Grounds::Whole, Grounds::Excerpt, Grounds::Altered, Grounds::Other]
            }
            DecisionKind::NotReupload => {
                &[Grounds::OtherTake, Grounds::SharedMaterial, Grounds::Unrelated, Grounds::Other]
            }
            DecisionKind::Authorised => {
                &[Grounds::OwnerPermission, Grounds::Lawful, Grounds::Other]
            }
        }
    }
}

/// A case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub seq: CaseSeq,
    pub id: CaseId,
    pub state: CaseState,
    pub version: u32,
    /// Its first upload.
    pub upload: UploadSeq,
    pub verdict: VerdictKind,
    pub reason: Reason,
    pub kind: MatchKind,
    /// The tombstone of the best match.
    pub tombstone: Option<TombstoneId>,
    pub score: f64,
    pub members: u32,
    pub opened_at: UnixSeconds,
    pub due_at: Option<UnixSeconds>,
    pub assigned_to: Option<Actor>,
    pub claim: Option<CaseClaim>,
    pub twice: bool,
    /// Who made the first of two blind decisions; hidden from the second.
    pub first_by: Option<Actor>,
    /// When the decision takes effect.
    pub settle_at_monotonic: Option<MonotonicSeconds>,
    pub closed_at: Option<UnixSeconds>,
    pub appealed_at: Option<UnixSeconds>,
    /// The uploader's statement in the appeal, sealed.
    pub appeal_statement: Option<Sealed>,
    pub parted_from: Option<CaseId>,
}

/// A lease on a case: its holder, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseClaim {
    pub by: Actor,
    pub until_monotonic: MonotonicSeconds,
}

/// A decision about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDecision {
    pub seq: CaseDecisionSeq,
    pub turn: DecisionTurn,
    pub actor: Actor,
    pub kind: DecisionKind,
    pub grounds: Grounds,
    pub note: Option<String>,
    /// Where the owner's permission is on record.
    pub permission: Option<String>,
    pub at: UnixSeconds,
    pub undo_until_monotonic: MonotonicSeconds,
    pub undone_at: Option<UnixSeconds>,
}

/// An entry in the history of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseEvent {
    pub at: UnixSeconds,
    pub actor: Actor,
    pub kind: CaseEventKind,
    pub note: Option<String>,
}

/// The decisions about a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseHistory {
    /// Oldest first, undone ones included.
    pub decisions: Vec<CaseDecision>,
    /// Deciders before the appeal, also of the case that the upload left for this one.
    pub deciders_before_appeal: Vec<Actor>,
}

impl CaseHistory {
    /// Decisions that are not undone, oldest first.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &CaseDecision> {
        self.decisions.iter().filter(|decision| decision.undone_at.is_none())
    }
}

/// A change of a case, to be written in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseChange {
    /// The case with its new values.
    pub case: Case,
    pub events: Vec<CaseEvent>,
    /// A decision to add; its `seq` is ignored.
    pub decision: Option<CaseDecision>,
    /// A decision to undo, and when.
    pub undone: Option<(CaseDecisionSeq, UnixSeconds)>,
    /// No upload may join any more: erases the likeness of the first upload.
    pub no_more_joining: bool,
    pub audit: Option<AuditEntry>,
}

/// A reviewer: a signed-in user, or a program with an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewer {
    pub actor: Actor,
    /// The reviewer's role; a key with the scope `admin` counts as a lead.
    pub role: Role,
}

impl Reviewer {
    /// Whether the reviewer has at least this role.
    pub fn is(&self, role: Role) -> bool {
        self.role >= role
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ground_serves_some_decision_and_words_come_back() {
        for grounds in Grounds::ALL {
            let serves = |kind: &&DecisionKind| kind.may_rest_on(*grounds);
            assert!(DecisionKind::ALL.iter().any(|kind| serves(&kind)), "{grounds}");
            assert_eq!(grounds.as_str().parse(), Ok(*grounds));
        }
        assert!(!DecisionKind::Reupload.may_rest_on(Grounds::Unrelated));
    }
}
