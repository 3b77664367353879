//! A deletion and how far it has come, as the API answers it and events tell it.
//!
//! What the platform calls things is null once it is no longer kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::model::{
    CopyKind, CopyState, Deletion, DeletionClientData, DeletionReason, DeletionState, Stage,
    StoredCopy, rfc3339,
};
use crate::wire;

/// A deletion with what is still known of it in plain.
#[derive(Debug, Clone, PartialEq)]
pub struct DeletionDetails {
    pub deletion: Deletion,
    /// `None` once they were forgotten.
    pub client_data: Option<DeletionClientData>,
    /// With their addresses, as long as these are needed.
    pub copies: Vec<(StoredCopy, Option<String>)>,
}

/// A deletion and how far it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Deletion)]
pub struct DeletionView {
    /// `del_…`
    pub id: String,
    /// `requested`, `hidden`, `fingerprinted`, `purging`, `erased`, `complete`; `cancelled`; or `stuck`, which is tried
    /// again all the same.
    #[schema(schema_with = wire::schema::deletion_state)]
    pub state: DeletionState,
    /// Where it is stuck; else the same as `state`.
    #[schema(schema_with = wire::schema::stage)]
    pub stage: Stage,
    /// The platform's id of the video; null when it is no longer kept.
    #[schema(required)]
    pub video: Option<String>,
    /// Null when none was said, or it is no longer kept.
    #[schema(required)]
    pub owner: Option<String>,
    #[schema(schema_with = wire::schema::deletion_reason)]
    pub reason: DeletionReason,
    /// As it was said; null when it was not, or is no longer kept.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// Why it is stuck; null when it is not.
    #[schema(required)]
    pub stuck: Option<String>,
    /// What went wrong last before copies were erased; each copy has its own.
    #[schema(required)]
    pub last_error: Option<String>,
    /// Times that it was taken up.
    pub attempts: u32,
    /// When it is taken up again at the latest; null when nothing is left to do.
    #[schema(required)]
    pub next_at: Option<String>,
    /// When it goes on without a fingerprint, if the main copy cannot be decoded.
    pub fingerprint_by: String,
    /// The id of its tombstone, once that is kept.
    #[schema(required)]
    pub tombstone: Option<String>,
    pub requested_at: String,
    #[schema(required)]
    pub hidden_at: Option<String>,
    #[schema(required)]
    pub fingerprinted_at: Option<String>,
    #[schema(required)]
    pub purging_at: Option<String>,
    #[schema(required)]
    pub erased_at: Option<String>,
    #[schema(required)]
    pub complete_at: Option<String>,
    #[schema(required)]
    pub cancelled_at: Option<String>,
    /// Until when ids and addresses are kept; null before completion and when they are gone.
    #[schema(required)]
    pub retention_until: Option<String>,
    /// In the request's order.
    pub copies: Vec<DeletionCopyView>,
}

/// One copy of a deletion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Copy)]
pub struct DeletionCopyView {
    #[schema(schema_with = wire::schema::copy_kind)]
    pub kind: CopyKind,
    /// Null when it is no longer kept: addresses go at completion.
    #[schema(required)]
    pub uri: Option<String>,
    pub prefix: bool,
    #[schema(required)]
    pub delete_after: Option<String>,
    /// `pending`, `held` until its date, `stuck`, or `gone`: looked for and not found.
    #[schema(schema_with = wire::schema::copy_state)]
    pub state: CopyState,
    /// Tries so far.
    pub attempts: u32,
    /// Why it is not gone yet.
    #[schema(required)]
    pub last_error: Option<String>,
    /// When it is tried next; null when it is gone.
    #[schema(required)]
    pub next_at: Option<String>,
    #[schema(required)]
    pub gone_at: Option<String>,
    /// Objects, versions, files or doors of a cache that went.
    #[schema(required)]
    pub objects: Option<u64>,
    /// How it was seen that it is gone.
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
