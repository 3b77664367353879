//! Views of a deletion and its progress, for API responses and events.
//!
//! The platform's ids and metadata are null once they are erased.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::model::{
    CopyKind, CopyState, Deletion, DeletionClientData, DeletionReason, DeletionState, Stage,
    StoredCopy, rfc3339,
};
use crate::wire;

/// A deletion with its unsealed data, as long as that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct DeletionDetails {
    pub deletion: Deletion,
    /// `None` once it is erased.
    pub client_data: Option<DeletionClientData>,
    /// Copies with their addresses, while these are kept.
    pub copies: Vec<(StoredCopy, Option<String>)>,
}

/// A deletion and its progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Deletion)]
pub struct DeletionView {
    /// Id, `del_…`.
    pub id: String,
    /// `requested`, `hidden`, `fingerprinted`, `purging`, `erased`, `complete`; `cancelled`; or `stuck`, which needs an
    /// operator although retries continue.
    #[schema(schema_with = wire::schema::deletion_state)]
    pub state: DeletionState,
    /// Progress without regard to `stuck`; equals `state` unless the deletion is stuck.
    #[schema(schema_with = wire::schema::stage)]
    pub stage: Stage,
    /// The platform's id of the video; null once it is erased.
    #[schema(required)]
    pub video: Option<String>,
    /// The platform's id of the owner; null when it was not sent or is erased.
    #[schema(required)]
    pub owner: Option<String>,
    /// Why the video is deleted.
    #[schema(schema_with = wire::schema::deletion_reason)]
    pub reason: DeletionReason,
    /// Metadata as sent with the request; null when it was not sent or is erased.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// Why the deletion is stuck; null when it is not.
    #[schema(required)]
    pub stuck: Option<String>,
    /// Last error before the copies are erased; each copy has its own; null without an error.
    #[schema(required)]
    pub last_error: Option<String>,
    /// Number of runs so far.
    pub attempts: u32,
    /// Latest time of the next run, RFC 3339; null when nothing is left to do.
    #[schema(required)]
    pub next_at: Option<String>,
    /// When the deletion continues without a fingerprint if no main copy can be decoded, RFC 3339.
    pub fingerprint_by: String,
    /// Id of the tombstone; null until it is stored.
    #[schema(required)]
    pub tombstone: Option<String>,
    /// When the deletion was requested, RFC 3339.
    pub requested_at: String,
    /// When the video was hidden, RFC 3339; null before.
    #[schema(required)]
    pub hidden_at: Option<String>,
    /// When the tombstone was stored, RFC 3339; null before.
    #[schema(required)]
    pub fingerprinted_at: Option<String>,
    /// When the erasure of the copies began, RFC 3339; null before.
    #[schema(required)]
    pub purging_at: Option<String>,
    /// When `erased` was reached, RFC 3339; null before.
    #[schema(required)]
    pub erased_at: Option<String>,
    /// When `complete` was reached, RFC 3339; null before.
    #[schema(required)]
    pub complete_at: Option<String>,
    /// When the deletion was cancelled, RFC 3339; null otherwise.
    #[schema(required)]
    pub cancelled_at: Option<String>,
    /// Until when ids and addresses are kept, RFC 3339; null before completion and once they are erased.
    #[schema(required)]
    pub retention_until: Option<String>,
    /// Copies in the order of the request.
    pub copies: Vec<DeletionCopyView>,
}

/// One copy of a deletion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Copy)]
pub struct DeletionCopyView {
    /// Kind of the copy.
    #[schema(schema_with = wire::schema::copy_kind)]
    pub kind: CopyKind,
    /// Address; null once it is erased, at completion.
    #[schema(required)]
    pub uri: Option<String>,
    /// Whether `uri` is a prefix, and everything below it is erased.
    pub prefix: bool,
    /// Earliest time of the erasure, RFC 3339; null for at once.
    #[schema(required)]
    pub delete_after: Option<String>,
    /// `pending`; `held` until `delete_after`; `stuck`, which needs an operator; or `gone`, verified.
    #[schema(schema_with = wire::schema::copy_state)]
    pub state: CopyState,
    /// Number of attempts so far.
    pub attempts: u32,
    /// Error of the last attempt; null without an error.
    #[schema(required)]
    pub last_error: Option<String>,
    /// Time of the next attempt, RFC 3339; null once the copy is gone.
    #[schema(required)]
    pub next_at: Option<String>,
    /// When the copy was verified to be gone, RFC 3339; null before.
    #[schema(required)]
    pub gone_at: Option<String>,
    /// Number of erased objects, versions, files or cache endpoints; null before.
    #[schema(required)]
    pub objects: Option<u64>,
    /// How the erasure was verified; null before.
    #[schema(required)]
    pub verified: Option<String>,
}

impl DeletionView {
    pub fn new(view: DeletionDetails) -> DeletionView {
        let DeletionDetails { deletion, client_data, copies } = view;
        let (video, owner, metadata) = match client_data {
            Some(data) => (Some(data.video), data.owner, data.metadata),
            None => (None, None, None),
        };
        let metadata = match metadata {
            Some(Value::Object(metadata)) => Some(metadata),
            _ => None,
        };
        DeletionView {
            id: deletion.id.to_string(),
            state: deletion.state(),
            stage: deletion.stage,
            video,
            owner,
            reason: deletion.reason,
            metadata,
            attempts: deletion.attempts,
            next_at: deletion.due_at.map(rfc3339),
            fingerprint_by: rfc3339(deletion.fingerprint_by),
            tombstone: deletion.tombstone.map(|id| id.0),
            requested_at: rfc3339(deletion.requested_at),
            hidden_at: deletion.hidden_at.map(rfc3339),
            fingerprinted_at: deletion.fingerprinted_at.map(rfc3339),
            purging_at: deletion.purging_at.map(rfc3339),
            erased_at: deletion.erased_at.map(rfc3339),
            complete_at: deletion.complete_at.map(rfc3339),
            cancelled_at: deletion.cancelled_at.map(rfc3339),
            retention_until: deletion.retention_until.map(rfc3339),
            stuck: deletion.stuck_why,
            last_error: deletion.last_error,
            copies: copies.into_iter().map(DeletionCopyView::new).collect(),
        }
    }
}

impl DeletionCopyView {
    fn new((copy, uri): (StoredCopy, Option<String>)) -> DeletionCopyView {
        DeletionCopyView {
            kind: copy.kind,
            uri,
            prefix: copy.prefix,
            delete_after: copy.delete_after.map(rfc3339),
            state: copy.state,
            attempts: copy.attempts,
            last_error: copy.last_error,
            next_at: copy.due_at.map(rfc3339),
            gone_at: copy.gone_at.map(rfc3339),
            objects: copy.objects,
            verified: copy.how,
        }
    }
}
