//! What policy needs to know about a match. Recorded with the upload, so that policy can be replayed.

use serde::{Deserialize, Serialize};

use crate::model::{DeletionReason, Precedence, Share};

/// Why a match does not count against an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// The uploader is the owner of the deleted video.
    Owner,
    /// The owner permits this uploader to re-upload it.
    Grant,
}

/// Deleted videos with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentGroup {
    pub number: u32,
    /// Tombstones in it when the upload was judged.
    pub tombstones: u32,
}

/// What policy needs to know about a match.
///
/// The score says whether the deleted video is shown; all else says whose it is, and what the match may do. What is
/// `None` was not measured: the record is older than the measurement, and nothing is concluded from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    pub score: f64,
    /// Two distinct pictures support it and the tombstone is strong enough to block, or the bytes are the same.
    pub may_block: bool,
    /// The file is identical to the deleted one, byte for byte.
    pub same_bytes: bool,
    /// In records of 0.1.0: most of the agreement was material that many owners' videos share, and the score discounted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub common: bool,
    /// Why the video was deleted.
    pub reason: DeletionReason,
    /// Why the uploader may re-upload it; takes effect only for videos that their owners deleted.
    #[serde(alias = "leave")]
    pub permission: Option<Permission>,
    /// A moderator ruled that this content is not the deleted video.
    #[serde(default)]
    pub ruled_out: bool,
    /// How much of either video the match covers.
    #[serde(default)]
    pub share: Option<Share>,
    /// Length of the deleted video, seconds.
    #[serde(default)]
    pub deleted_duration_s: Option<f64>,
    /// Owners in whose deleted videos most of this deleted video is a minor part.
    #[serde(default)]
    pub minor_for_owners: Option<u32>,
    /// Keypoints of the deleted video that are not its ground: how many ought to be visible, how many were found, and how
    /// many are missing together in one part of the picture.
    #[serde(default)]
    pub moving: Option<[u32; 3]>,
    /// Of a deleted video in which nothing happens, a slide show for one: changes from one picture to the next, and those
    /// that the upload shows at the same moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slides: Option<[u32; 2]>,
    /// The content group of the deleted video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<ContentGroup>,
    /// Who posted what is shown, and when.
    #[serde(default)]
    pub precedence: Option<Precedence>,
}

impl Weighed {
    /// A match of which only the score is known; may block. Tests build theirs on it.
    pub fn of_score(score: f64) -> Weighed {
        Weighed {
            score,
            may_block: true,
            same_bytes: false,
            common: false,
            reason: DeletionReason::OwnerRequest,
            permission: None,
            ruled_out: false,
            share: None,
            deleted_duration_s: None,
            minor_for_owners: None,
            moving: None,
            slides: None,
            group: None,
            precedence: None,
        }
    }

    /// The permission that takes effect: no one may re-upload a video that was deleted for other reasons than its
    /// owner's request.
    pub fn permission(&self) -> Option<Permission> {
        self.permission.filter(|_| self.reason == DeletionReason::OwnerRequest)
    }
}
