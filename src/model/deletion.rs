//! A deletion: its reason, stage, copies and history, and what may still be shown of the video.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::words::words;
use crate::model::{
    DeletionEventSeq, DeletionId, DeletionSeq, NoSuchWord, OwnerKey, Posted, Sealed, TombstoneId,
    UnixSeconds, UriKey, VideoKey,
};

words! {
    /// Why a video is deleted.
    DeletionReason {
        /// Its owner asked for it.
        OwnerRequest = "owner_request",
        /// A court or an authority ordered it.
        Legal = "legal",
        /// The platform's moderators decided it.
        Moderation = "moderation",
    }

    /// The stage of a deletion; [`DeletionState`] adds whether it is stuck there.
    Stage {
        /// Recorded: from here on the video is hidden.
        Requested = "requested",
        /// The platform knows that it is hidden.
        Hidden = "hidden",
        /// The tombstone is on disk.
        Fingerprinted = "fingerprinted",
        /// Copies are being erased: the deletion cannot be cancelled any more.
        Purging = "purging",
        /// All copies are gone, except backups that are due later.
        Erased = "erased",
        /// All copies are gone, and there is a receipt.
        Complete = "complete",
        /// Cancelled before anything was erased.
        Cancelled = "cancelled",
    }

    /// The state that clients see: the stage, or that the deletion is stuck in it.
    DeletionState {
        Requested = "requested",
        Hidden = "hidden",
        Fingerprinted = "fingerprinted",
        Purging = "purging",
        Erased = "erased",
        Complete = "complete",
        Cancelled = "cancelled",
        /// Needs an operator's help; retried all the same.
        Stuck = "stuck",
    }

    /// The kind of a stored copy.
    CopyKind {
        /// Serves viewers.
        Main = "main",
        /// A backup; may be due later.
        Backup = "backup",
        /// A cache in front of the main copy.
        Cache = "cache",
        /// A part of the platform that must forget the video: rows, comments, search entries.
        Callback = "callback",
    }

    /// The progress of a copy's erasure.
    CopyState {
        Pending = "pending",
        /// Due at a later date: by request, or because of a retention lock.
        Held = "held",
        /// Deleted, and verified by a second look-up.
        Gone = "gone",
        /// Needs an operator's help; retried all the same.
        Stuck = "stuck",
    }

    /// What may be shown of a video.
    Visibility {
        /// No deletion is known.
        Live = "live",
        /// Hidden everywhere, while copies remain.
        PendingDeletion = "pending_deletion",
        Deleted = "deleted",
    }

    /// What happened to a deletion.
    DeletionEventKind {
        Requested = "requested",
        Hidden = "hidden",
        Fingerprinted = "fingerprinted",
        Purging = "purging",
        Erased = "erased",
        Complete = "complete",
        Cancelled = "cancelled",
        /// An attempt failed; there will be another.
        Failed = "failed",
        /// It needs an operator's help.
        Stuck = "stuck",
        /// An operator asked for an immediate attempt.
        Retried = "retried",
        CopyGone = "copy_gone",
        /// The copy may not be erased before a later date.
        CopyHeld = "copy_held",
    }
}

impl Stage {
    /// Whether the deletion has ended.
    pub fn is_final(self) -> bool {
        matches!(self, Stage::Complete | Stage::Cancelled)
    }

    /// Whether the deletion can still be cancelled.
    pub fn is_cancellable(self) -> bool {
        matches!(self, Stage::Requested | Stage::Hidden | Stage::Fingerprinted)
    }

    /// The state that clients see in this stage.
    pub fn state(self, stuck: bool) -> DeletionState {
        match self {
            Stage::Complete => DeletionState::Complete,
            Stage::Cancelled => DeletionState::Cancelled,
            _ if stuck => DeletionState::Stuck,
            Stage::Requested => DeletionState::Requested,
            Stage::Hidden => DeletionState::Hidden,
            Stage::Fingerprinted => DeletionState::Fingerprinted,
            Stage::Purging => DeletionState::Purging,
            Stage::Erased => DeletionState::Erased,
        }
    }

    /// What may be shown of a video whose newest deletion is in this stage.
    pub fn visibility(self) -> Visibility {
        match self {
            Stage::Cancelled => Visibility::Live,
            Stage::Erased | Stage::Complete => Visibility::Deleted,
            Stage::Requested | Stage::Hidden | Stage::Fingerprinted | Stage::Purging => {
                Visibility::PendingDeletion
            }
        }
    }
}

impl DeletionState {
    /// Whether the deletion has ended.
    pub fn is_final(self) -> bool {
        matches!(self, DeletionState::Complete | DeletionState::Cancelled)
    }
}

impl CopyKind {
    /// Whether the copy is an object in a store, which we delete ourselves.
    pub fn is_object(self) -> bool {
        matches!(self, CopyKind::Main | CopyKind::Backup)
    }
}

/// A deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Its row number.
    pub seq: DeletionSeq,
    pub id: DeletionId,
    pub video: VideoKey,
    /// Ordinal of this deletion among those of the same video, from 1.
    pub turn: u32,
    pub owner: Option<OwnerKey>,
    pub reason: DeletionReason,
    pub stage: Stage,
    pub stuck_why: Option<String>,
    pub last_error: Option<String>,
    pub fingerprint_by: UnixSeconds,
    pub tombstone: Option<TombstoneId>,
    pub requested_at: UnixSeconds,
    pub hidden_at: Option<UnixSeconds>,
    pub fingerprinted_at: Option<UnixSeconds>,
    pub purging_at: Option<UnixSeconds>,
    pub erased_at: Option<UnixSeconds>,
    pub complete_at: Option<UnixSeconds>,
    pub cancelled_at: Option<UnixSeconds>,
    /// Number of times that the job was leased.
    pub attempts: u32,
    /// Failures of the job itself (not of copies) since the last success.
    pub failures: u32,
    pub due_at: Option<UnixSeconds>,
    pub retention_until: Option<UnixSeconds>,
    /// When the video was posted, until the tombstone has it; `None` if unknown.
    pub uploaded_at: Option<Posted>,
    /// Whether the request asserts that the owner is the author.
    pub original: bool,
}

impl Deletion {
    pub fn state(&self) -> DeletionState {
        self.stage.state(self.stuck_why.is_some())
    }
}

/// A stored copy of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCopy {
    /// Index in the request, from 0.
    pub place: u32,
    pub kind: CopyKind,
    pub prefix: bool,
    /// Its address, sealed; `None` once the deletion is complete.
    pub sealed: Option<Sealed>,
    pub uri: UriKey,
    pub delete_after: Option<UnixSeconds>,
    pub state: CopyState,
    /// Attempts so far.
    pub attempts: u32,
    /// Failures since the last success or an operator's retry.
    pub failures: u32,
    pub due_at: Option<UnixSeconds>,
    pub last_error: Option<String>,
    pub gone_at: Option<UnixSeconds>,
    pub objects: Option<u64>,
    pub how: Option<String>,
}

impl StoredCopy {
    /// Why this copy leaves its deletion stuck.
    pub fn stuck_words(&self) -> String {
        let error = self.last_error.as_deref().unwrap_or("it cannot be erased");
        format!("copy {} ({}): {error}", self.place, self.kind)
    }
}

/// The outcome of one attempt to erase a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyOutcome {
    Gone {
        objects: u64,
        how: String,
    },
    Held {
        until: UnixSeconds,
        why: String,
    },
    /// The next attempt is due at `due_at`; `stuck` says whether an operator should look at it.
    Failed {
        due_at: UnixSeconds,
        error: String,
        stuck: bool,
    },
}

/// An entry in the history of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionEvent {
    /// Position in the history of all deletions; rises with every event.
    pub seq: DeletionEventSeq,
    pub at: UnixSeconds,
    pub kind: DeletionEventKind,
    /// The copy that it concerns.
    pub place: Option<u32>,
    pub note: Option<String>,
}

/// Audience figures of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engagement {
    pub views: u64,
    pub likes: u64,
    pub comments: u64,
    pub shares: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_their_text_and_others_are_refused_with_the_choices() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(*stage));
        }
        let refusal = "mian".parse::<CopyKind>().unwrap_err().to_string();
        assert_eq!(refusal, "`mian` is not one of: main, backup, cache, callback");
        let long = "x".repeat(10_000).parse::<CopyKind>().unwrap_err().to_string();
        assert!(long.len() < 120, "{long}");
    }

    #[test]
    fn nothing_that_has_begun_to_go_can_be_called_off_or_shown() {
        for stage in Stage::ALL {
            let hidden = stage.visibility() != Visibility::Live;
            assert_eq!(hidden, *stage != Stage::Cancelled);
            assert!(!(stage.is_cancellable() && stage.is_final()));
        }
        assert!(!Stage::Purging.is_cancellable());
        assert_eq!(Stage::Purging.state(true), DeletionState::Stuck);
        assert_eq!(Stage::Complete.state(true), DeletionState::Complete);
    }
}
