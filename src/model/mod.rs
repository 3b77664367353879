//! The words of the project as plain values: ids, spans, placements, verdicts, fingerprints' outer shape.
//!
//! No I/O and no clock here. How a fingerprint is made stands in `fingerprint`, how a verdict is reached in
//! `matching`; this room only says what the results look like.

mod actor;
mod case;
mod clock;
mod deletion;
mod ids;
mod keys;
mod likeness;
mod luma;
mod made_ids;
mod role;
mod scope;
mod sealed;
mod session;
mod token;
mod upload;
mod verdict;
mod weighed;

pub use actor::{Actor, NotAnActor};
pub use case::{
    CaseEventKind, CaseOrder, CaseState, DecisionKind, DecisionTurn, Grounds, MatchKind, Reviewer,
};
pub use clock::{Clock, Entropy, Environment, FixedClock, UnixSeconds};
pub use deletion::{
    CopyKind, CopyState, DeletionReason, DeletionState, Engagement, NoSuchWord, Stage, Visibility,
};
pub use ids::{ByteDigest, KeyId, OwnerKey, Slot, TombstoneId, UriKey, VideoKey};
pub use keys::{ByteDigester, FingerprintKey, IdentityKey, KeyMismatch};
pub use likeness::{LIKENESS_FRAMES, Likeness, LikenessPlace};
pub use luma::{Frame, Luma};
pub use made_ids::{
    ApiKeyId, CaseId, DeletionId, DeliveryId, EventId, GrantId, NotAnId, SubscriptionId, UploadId,
    UserId,
};
pub use role::{NoSuchRole, Role};
pub use scope::{NoSuchScope, Scope, Scopes};
pub use sealed::{NotOurs, Sealed};
pub use session::{SessionHash, SessionSecret};
pub use token::{Token, TokenHash};
pub use upload::{DeliveryState, Seen, Topic, UploadState};
pub use verdict::{
    Evidence, Match, Placement, Point, Reason, Span, SpanPair, Strength, Verdict, VerdictKind,
};
pub use weighed::{Leave, Weighed};
