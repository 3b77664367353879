//! Settings of the engine and of the rooms that it uses, and the two secrets of a deployment.

use crate::engine::policy::Policy;
use crate::index;
use crate::matching;
use crate::media;
use crate::model::{DAY_S, DeletionReason, FingerprintKey, IdentityKey};
use crate::store;

/// The two secrets of a deployment. The fingerprint key keys the perceptual hashes. The identity key keys the digests
/// of files and ids, and seals stored texts. A data folder works only with the pair that it was created with.
#[derive(Debug, Clone)]
pub struct Keys {
    pub fingerprint: FingerprintKey,
    pub identity: IdentityKey,
}

/// Settings of the engine, and of the rooms that it uses.
#[derive(Debug, Clone)]
pub struct Options {
    pub media: media::Options,
    pub store: store::Options,
    pub index: index::Options,
    pub matching: matching::Options,
    pub policy: Policy,
    /// How long tombstones are kept. Default: until someone retires them.
    pub expiry: Expiry,
    /// Largest number of tombstones for an exhaustive comparison. Beyond it, an upload is compared only with the
    /// candidates that the index finds. Default 500: costs about ten milliseconds, and misses no candidate.
    pub exhaustive_max: usize,
    /// Largest file that is read, bytes. Default 64 GiB.
    pub file_bytes_max: u64,
    /// Share of both videos, 0..1, that two tombstones must have in common to belong to one content group. Default 0.7.
    pub same_content_min: f64,
    /// Number of parsed fingerprints kept in memory. Default 4096, about 30 MB for short clips.
    pub fingerprints_kept: usize,
    /// How long the prints of accepted uploads are kept, seconds; 0: none are. The longer, the farther back a deletion can
    /// tell who was first. Default 30 days.
    pub prints_s: i64,
    /// How long people stay signed in.
    pub sessions: SessionOptions,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            media: media::Options::default(),
            store: store::Options::default(),
            index: index::Options::default(),
            matching: matching::Options::default(),
            policy: Policy::default(),
            expiry: Expiry::default(),
            exhaustive_max: 500,
            file_bytes_max: 64 << 30,
            same_content_min: 0.7,
            fingerprints_kept: 4096,
            prints_s: 30 * DAY_S,
            sessions: SessionOptions::default(),
        }
    }
}

/// How long tombstones are kept, seconds, by the reason of the deletion. `None`: until someone retires them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expiry {
    pub owner_request_s: Option<i64>,
    pub legal_s: Option<i64>,
    pub moderation_s: Option<i64>,
}

impl Expiry {
    /// How long tombstones with this reason are kept, seconds.
    pub fn of(&self, reason: DeletionReason) -> Option<i64> {
        match reason {
            DeletionReason::OwnerRequest => self.owner_request_s,
            DeletionReason::Legal => self.legal_s,
            DeletionReason::Moderation => self.moderation_s,
        }
    }
}

/// Lifetime of sessions. Shorter sessions limit what a forgotten browser exposes; people sign in more often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// Idle timeout, seconds without a request. Default two hours.
    pub idle_s: i64,
    /// Absolute lifetime, seconds. Default twelve hours: a shift with a margin on both sides.
    pub whole_s: i64,
}

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions { idle_s: 2 * 3600, whole_s: 12 * 3600 }
    }
}
