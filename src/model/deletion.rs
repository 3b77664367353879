//! A deletion: why, how far, which copies, what happened, and what may still be shown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::words::words;
use crate::model::{
    DeletionEventSeq, DeletionId, DeletionSeq, NoSuchWord, OwnerKey, Sealed, TombstoneId,
    UnixSeconds, UriKey, VideoKey,
};

words! {
    /// Why a video is deleted.
    DeletionReason {
        /// Its owner wants it gone.
        OwnerRequest = "owner_request",
        /// A court or an authority does.
        Legal = "legal",
        /// The platform's moderators do.
        Moderation = "moderation",
    }

    /// How far a deletion has come; whether it is stuck there is another matter (`DeletionState`).
    Stage {
        /// Written down; from here on the video is hidden.
        Requested = "requested",
        /// Said to be hidden.
        Hidden = "hidden",
        /// The tombstone is on the disk.
        Fingerprinted = "fingerprinted",
        /// Copies are being erased: there is no way back.
        Purging = "purging",
        /// All copies are gone but for backups that are due later.
        Erased = "erased",
        /// All copies are gone, and there is a receipt.
        Complete = "complete",
        /// Called off before anything was erased.
        Cancelled = "cancelled",
    }

    /// What the outside is told: the stage, or that it is stuck in it.
    DeletionState {
        Requested = "requested",
        Hidden = "hidden",
        Fingerprinted = "fingerprinted",
        Purging = "purging",
        Erased = "erased",
        Complete = "complete",
        Cancelled = "cancelled",
        /// Something needs somebody's help; it is tried again all the same.
        Stuck = "stuck",
    }

    /// What a copy is.
    CopyKind {
        /// Where viewers' bytes come from.
        Main = "main",
        /// Kept for restoring; may be due later.
        Backup = "backup",
        /// A cache in front of the main copy.
        Cache = "cache",
        /// A part of the platform that must forget the video: rows, comments, search entries.
        Callback = "callback",
    }

    /// How far a copy's erasure has come.
    CopyState {
        Pending = "pending",
        /// Due at a date: asked for, or under a retention lock.
        Held = "held",
        /// Deleted, and a fresh look found nothing.
        Gone = "gone",
        /// Needs somebody's help; it is tried again all the same.
        Stuck = "stuck",
    }

    /// What may be shown of a video.
    Visibility {
        /// No deletion is known.
        Live = "live",
        /// Hidden everywhere; copies remain.
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
    /// Whether nothing will happen to it any more.
    pub fn is_final(self) -> bool {
        matches!(self, Stage::Complete | Stage::Cancelled)
    }

    /// Whether it can be called off.
    pub fn is_cancellable(self) -> bool {
        matches!(self, Stage::Requested | Stage::Hidden | Stage::Fingerprinted)
    }

    /// What is told of a deletion in this stage.
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

    /// What may be shown of a video whose latest deletion has come this far.
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
    /// Whether nothing will happen to it any more.
    pub fn is_final(self) -> bool {
        matches!(self, DeletionState::Complete | DeletionState::Cancelled)
    }
}

impl CopyKind {
    /// Whether it is bytes in a store that we delete ourselves.
    pub fn is_object(self) -> bool {
        matches!(self, CopyKind::Main | CopyKind::Backup)
    }
}

/// A deletion as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Its number, by which other tables know it.
    pub seq: DeletionSeq,
    pub id: DeletionId,
    pub video: VideoKey,
    /// Which deletion of this video it is, from 1.
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
    /// Times that the job was taken up.
    pub attempts: u32,
    /// Failures before copies are erased, since the last success.
    pub failures: u32,
    pub due_at: Option<UnixSeconds>,
    pub retention_until: Option<UnixSeconds>,
}

impl Deletion {
    pub fn state(&self) -> DeletionState {
        self.stage.state(self.stuck_why.is_some())
    }
}

/// A copy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCopy {
    /// In the request's order, from 0.
    pub place: u32,
    pub kind: CopyKind,
    pub prefix: bool,
    /// Its address, as long as it is needed.
    pub sealed: Option<Sealed>,
    pub uri: UriKey,
    pub delete_after: Option<UnixSeconds>,
    pub state: CopyState,
    /// Tries so far.
    pub attempts: u32,
    /// Failed ones since the last success or somebody's request to try again.
    pub failures: u32,
    pub due_at: Option<UnixSeconds>,
    pub last_error: Option<String>,
    pub gone_at: Option<UnixSeconds>,
    pub objects: Option<u64>,
    pub how: Option<String>,
}

impl StoredCopy {
    /// Why a deletion is stuck by this copy.
    pub fn stuck_words(&self) -> String {
        let error = self.last_error.as_deref().unwrap_or("it cannot be erased");
        format!("copy {} ({}): {error}", self.place, self.kind)
    }
}

/// How one try to erase a copy ended.
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
    /// To be tried again at `due_at`; `stuck` says whether somebody should look.
    Failed {
        due_at: UnixSeconds,
        error: String,
        stuck: bool,
    },
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionEvent {
    /// Rises by the order of events over all deletions.
    pub seq: DeletionEventSeq,
    pub at: UnixSeconds,
    pub kind: DeletionEventKind,
    /// Which copy it is about.
    pub place: Option<u32>,
    pub note: Option<String>,
}

/// How a video was received, in numbers.
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
