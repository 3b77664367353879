//! What policy needs to know about a match. Recorded with the upload, so that policy can be replayed.

use serde::{Deserialize, Serialize};

use crate::model::DeletionReason;

/// Why a match does not count against an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// The uploader is the owner of the deleted video.
    Owner,
    /// The owner permits this uploader to re-upload it.
    Grant,
}

/// What policy needs to know about a match.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    pub score: f64,
    /// Two distinct pictures support it and the tombstone is strong enough to block, or the bytes are the same.
    pub may_block: bool,
    /// The file is identical to the deleted one, byte for byte.
    pub same_bytes: bool,
    /// Most of the agreement is material that many owners' videos share.
    pub common: bool,
    /// Why the video was deleted.
    pub reason: DeletionReason,
    /// Why the uploader may re-upload it; takes effect only for videos that their owners deleted.
    #[serde(alias = "leave")]
    pub permission: Option<Permission>,
    /// A moderator ruled that this content is not the deleted video.
    #[serde(default)]
    pub ruled_out: bool,
}

impl Weighed {
    /// The permission that takes effect: no one may re-upload a video that was deleted for other reasons than its
    /// owner's request.
    pub fn permission(&self) -> Option<Permission> {
        self.permission.filter(|_| self.reason == DeletionReason::OwnerRequest)
    }
}
