//! Settings of the engine and of the rooms below it, and the two secrets of a deployment.

use crate::engine::policy::Policy;
use crate::index;
use crate::matching;
use crate::media;
use crate::model::{DeletionReason, FingerprintKey, IdentityKey};
use crate::store;

/// The two secrets of a deployment.
#[derive(Debug, Clone)]
pub struct Keys {
    pub fingerprint: FingerprintKey,
    pub identity: IdentityKey,
}

/// Settings of the rooms below, and the engine's own.
#[derive(Debug, Clone)]
pub struct Options {
    pub media: media::Options,
    pub store: store::Options,
    pub index: index::Options,
    pub matching: matching::Options,
    pub policy: Policy,
    /// How long tombstones are kept. Default: until they are retired.
    pub expiry: Expiry,
    /// Up to so many tombstones an upload is compared with all of them, beyond only with those that the index finds.
    /// Default 500: it costs some ten milliseconds then, and no candidate is lost.
    pub exhaustive_max: usize,
    /// Largest file that is looked at, bytes. Default 64 GiB.
    pub file_bytes_max: u64,
    /// Share of both durations that must agree, at a score that blocks, for two tombstones to count as one content
    /// where it is counted how common something is, 0..1. Default 0.7.
    pub same_content_min: f64,
    /// Parsed fingerprints kept in memory. Default 4096, some 30 MB for short clips.
    pub fingerprints_kept: usize,
    /// When people who signed in have to do so again.
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
            sessions: SessionOptions::default(),
        }
    }
}

/// How long tombstones are kept, seconds; `None`: until they are retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expiry {
    pub owner_request_s: Option<i64>,
    pub legal_s: Option<i64>,
    pub moderation_s: Option<i64>,
}

impl Expiry {
    pub fn of(&self, reason: DeletionReason) -> Option<i64> {
        match reason {
            DeletionReason::OwnerRequest => self.owner_request_s,
            DeletionReason::Legal => self.legal_s,
            DeletionReason::Moderation => self.moderation_s,
        }
    }
}

/// When sessions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// After so many seconds without a request. Default two hours.
    pub idle_s: i64,
    /// After so many seconds whatever happens. Default twelve hours: a shift, with what goes before and after.
    pub whole_s: i64,
}

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions { idle_s: 2 * 3600, whole_s: 12 * 3600 }
    }
}
