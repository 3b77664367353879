//! What policy asks of an upload's matches. It is recorded with the upload, so that policy can ask again.

use serde::{Deserialize, Serialize};

use crate::model::DeletionReason;

/// Why a match does not count against an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// The uploader is the owner of the deleted video.
    Owner,
    /// The owner allows this uploader to post it.
    Grant,
}

/// What policy asks of a match.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    pub score: f64,
    /// Two distinct pictures speak for it, and the tombstone is good for it.
    pub may_block: bool,
    /// The file is byte for byte the deleted one.
    pub same_bytes: bool,
    /// Most of what agrees is shared by many owners' videos.
    pub common: bool,
    /// Why the video was deleted.
    pub reason: DeletionReason,
    /// Given for videos that their owners deleted; of no effect for others.
    #[serde(alias = "leave")]
    pub permission: Option<Permission>,
    /// A moderator ruled that this content is not that video.
    #[serde(default)]
    pub ruled_out: bool,
}

impl Weighed {
    /// The leave that has an effect: nobody may post again what others than its owner had deleted.
    pub fn permission(&self) -> Option<Permission> {
        self.permission.filter(|_| self.reason == DeletionReason::OwnerRequest)
    }
}
