//! The nouns of the project as plain values: ids, uploads, cases, deletions, copies, verdicts, spans, placements, keys.
//!
//! No I/O and no clock here, and no other room: every room may use this one. The store saves these values, `engine`
//! decides about them, `wire` gives them their JSON.

mod actor;
mod agreement;
mod audit;
mod case;
mod chain;
mod client_data;
mod clock;
mod deletion;
mod description;
pub mod extent;
mod ids;
mod keys;
mod likeness;
mod luma;
mod made_ids;
mod posted;
mod precedence;
mod report;
mod retained;
mod role;
mod scope;
mod sealed;
mod self_match;
mod session;
mod share;
mod span;
mod stretch;
mod time;
mod token;
mod upload;
mod verdict;
mod weighed;
mod words;

pub use actor::{Actor, NotAnActor};
pub use agreement::{Agreement, Moment};
pub use audit::AuditEntry;
pub use case::{
    Case, CaseChange, CaseClaim, CaseDecision, CaseEvent, CaseEventKind, CaseHistory, CaseOrder,
    CaseState, DecisionKind, DecisionTurn, Grounds, MatchKind, Reviewer,
};
pub use chain::chain;
pub use client_data::{DeletionClientData, UploadClientData};
pub use clock::{Clock, Entropy, Environment, FixedClock, MonotonicSeconds, UnixSeconds};
pub use deletion::{
    CopyKind, CopyOutcome, CopyState, Deletion, DeletionEvent, DeletionEventKind, DeletionReason,
    DeletionState, Engagement, Stage, StoredCopy, Visibility,
};
pub use description::{FrameAgreement, alteration, position};
pub use extent::Extent;
pub use ids::{
    ByteDigest, CaseDecisionSeq, CaseEventSeq, CaseSeq, DeletionEventSeq, DeletionSeq, DeliverySeq,
    KeyId, OwnerKey, Slot, TombstoneId, UploadSeq, UriKey, VideoKey,
};
pub use keys::{ByteDigester, FingerprintKey, IdentityKey, KeyMismatch};
pub use likeness::{LIKENESS_FRAMES, Likeness, LikenessPlace};
pub use luma::{Frame, Luma};
pub use made_ids::{
    ApiKeyId, CaseId, DeletionId, DeliveryId, EventId, GrantId, NotAnId, StretchId, SubscriptionId,
    UploadId, UserId,
};
pub use posted::{NotATimeOfPosting, Posted};
pub use precedence::Precedence;
pub use report::{Report, ReportMatch};
pub use retained::{Grain, RetainedBucket, RetainedFold, RetainedSums, RetainedVideo};
pub use role::{NoSuchRole, Role};
pub use scope::{NoSuchScope, Scope, Scopes};
pub use sealed::{NotOurs, Sealed};
pub use self_match::SelfMatch;
pub use session::{SessionHash, SessionSecret};
pub use share::Share;
pub use span::{DeletedSpan, InDeleted, InUpload, Span, UploadSpan};
pub use stretch::{StretchGround, TemplateStretch};
pub use time::{DAY_S, HOUR_S, MINUTE_S, rfc3339};
pub use token::{Token, TokenHash};
pub use upload::{
    DeliveryState, Seen, Topic, Upload, UploadBytes, UploadDecision, UploadMatch, UploadState,
};
pub use verdict::{
    Evidence, Match, Placement, Point, Reason, SpanPair, Strength, Verdict, VerdictKind,
};
pub use weighed::{ContentGroup, Permission, Weighed};
pub use words::NoSuchWord;
