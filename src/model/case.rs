//! A case of the review queue: how far it has come, what was decided and on what grounds, who decides.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::words::words;
use crate::model::{
    Actor, AuditEntry, CaseDecisionSeq, CaseId, CaseSeq, MonotonicSeconds, NoSuchWord, Reason,
    Role, Sealed, TombstoneId, UnixSeconds, UploadSeq, VerdictKind,
};

words! {
    /// How far a case has come.
    CaseState {
        /// It waits for a moderator.
        Open = "open",
        /// It waits for a lead.
        Escalated = "escalated",
        /// It was decided, and the decision can still be undone.
        Decided = "decided",
        /// The decision has taken effect and was told.
        Closed = "closed",
    }

    /// What a moderator rules.
    DecisionKind {
        /// The upload shows the deleted video: it is blocked.
        Reupload = "reupload",
        /// It does not: it is allowed, and this content and that tombstone never meet again.
        NotReupload = "not_reupload",
        /// It does, and may: this upload is allowed.
        Authorised = "authorised",
    }

    /// What a decision rests on.
    Grounds {
        /// All of the deleted video is shown.
        Whole = "whole",
        /// A part of it is.
        Excerpt = "excerpt",
        /// It is shown altered: cropped, mirrored, framed, sped up, drawn over.
        Altered = "altered",
        /// The same place or people, another take.
        OtherTake = "other_take",
        /// What agrees belongs to many: a template, a watermark, an end card, music.
        SharedMaterial = "shared_material",
        /// Nothing agrees that a person would see.
        Unrelated = "unrelated",
        /// The owner allows it.
        OwnerPermission = "owner_permission",
        /// The law does: quotation, news, parody.
        Lawful = "lawful",
        /// What the note says.
        Other = "other",
    }

    /// What kind of agreement a case is about, by its best match.
    MatchKind {
        /// The bytes are those of the deleted file.
        SameBytes = "same_bytes",
        /// The deleted picture fills the upload's, as it was.
        Whole = "whole",
        /// It fills a part of the upload's picture: picture in picture, split screen, a wide frame.
        Inset = "inset",
        /// It is cropped, mirrored, inverted, turned, or runs at another speed.
        Altered = "altered",
        /// Whole frames agree, and next to no keypoints.
        Frames = "frames",
        /// There is no match: it could not be decoded, or not be checked.
        None = "none",
    }

    /// The order of a queue.
    CaseOrder {
        /// The surest first, the longest waiting among equals.
        Score = "score",
        /// The longest waiting first.
        Age = "age",
        /// Those with a due time only, the soonest first.
        Due = "due",
    }

    /// What happens to a case.
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
        /// The two decisions of a case that is decided twice contradict each other.
        Disagreed = "disagreed",
        /// The decision has taken effect.
        Closed = "closed",
        /// The uploader has appealed.
        Appealed = "appealed",
        /// An upload was taken out of the group, into a case of its own.
        Parted = "parted",
    }

    /// Which of a case's decisions it is.
    DecisionTurn {
        /// The only one that the case needs.
        Only = "only",
        /// The first of two, blind.
        First = "first",
        /// The second of two, blind.
        Second = "second",
        /// A lead's, over an escalated case.
        Lead = "lead",
        /// That on an appeal.
        Appeal = "appeal",
    }
}

impl DecisionKind {
    /// Whether a decision of this kind may rest on these grounds.
    pub fn may_rest_on(self, grounds: Grounds) -> bool {
        self.grounds().contains(&grounds)
    }

    /// The grounds that a decision of this kind may rest on, for a list to choose from.
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

/// A case as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub seq: CaseSeq,
    pub id: CaseId,
    pub state: CaseState,
    pub version: u32,
    /// The first upload's number.
    pub upload: UploadSeq,
    pub verdict: VerdictKind,
    pub reason: Reason,
    pub kind: MatchKind,
    /// Of the best match.
    pub tombstone: Option<TombstoneId>,
    pub score: f64,
    pub members: u32,
    pub opened_at: UnixSeconds,
    pub due_at: Option<UnixSeconds>,
    pub assigned_to: Option<Actor>,
    pub claim: Option<CaseClaim>,
    pub twice: bool,
    /// Who has decided first, where two do; the second is not told.
    pub first_by: Option<Actor>,
    /// When the decision takes effect.
    pub settle_at_monotonic: Option<MonotonicSeconds>,
    pub closed_at: Option<UnixSeconds>,
    pub appealed_at: Option<UnixSeconds>,
    /// What the uploader said in the appeal.
    pub appeal_statement: Option<Sealed>,
    pub parted_from: Option<CaseId>,
}

/// Who works on a case, and until when nobody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseClaim {
    pub by: Actor,
    pub until_monotonic: MonotonicSeconds,
}

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDecision {
    pub seq: CaseDecisionSeq,
    pub turn: DecisionTurn,
    pub actor: Actor,
    pub kind: DecisionKind,
    pub grounds: Grounds,
    pub note: Option<String>,
    /// Where the owner's leave is on record.
    pub permission: Option<String>,
    pub at: UnixSeconds,
    pub undo_until_monotonic: MonotonicSeconds,
    pub undone_at: Option<UnixSeconds>,
}

/// Something that happened to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseEvent {
    pub at: UnixSeconds,
    pub actor: Actor,
    pub kind: CaseEventKind,
    pub note: Option<String>,
}

/// Who has decided what about a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseHistory {
    /// Those that were undone too, in the order in which they were made.
    pub decisions: Vec<CaseDecision>,
    /// Who had decided before the uploader appealed, in the case that the upload was taken out of too.
    pub deciders_before_appeal: Vec<Actor>,
}

impl CaseHistory {
    /// Decisions that were not undone.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &CaseDecision> {
        self.decisions.iter().filter(|decision| decision.undone_at.is_none())
    }
}

/// What is written when a case is changed.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseChange {
    /// With its new values.
    pub case: Case,
    pub events: Vec<CaseEvent>,
    /// A decision to be added; its number is not looked at.
    pub decision: Option<CaseDecision>,
    /// The number of a decision that is undone, and when.
    pub undone: Option<(CaseDecisionSeq, UnixSeconds)>,
    /// Nobody joins it any more: what its first upload looks like is forgotten.
    pub no_more_joining: bool,
    pub audit: Option<AuditEntry>,
}

/// Whoever works on a case: somebody who signed in, or a program with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewer {
    pub actor: Actor,
    /// What they may do; a key with the scope `admin` counts as a lead.
    pub role: Role,
}

impl Reviewer {
    /// Whether this role or more is theirs.
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
